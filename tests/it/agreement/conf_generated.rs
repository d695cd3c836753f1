//! Configurations out of the table of keywords: each with a good value, a bad one, and in the wrong place; and mixtures.

use mqsec::conf::keyword::KEYWORDS;
use mqsec::conf::keyword::Keyword;
use mqsec::conf::keyword::Scope;
use mqsec::conf::keyword::ValueType;

use super::conf::Case;

/// A small generator of numbers (SplitMix64), so that a seed gives the same cases everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[usize::try_from(self.next() % list.len() as u64).unwrap()]
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.next().is_multiple_of(count)
    }
}

const LISTENER: &str = "listener 18830\n";
const BRIDGE: &str = "connection b\naddress localhost:1\ntopic # out 0\n";

fn good(keyword: &Keyword) -> String {
    let special = match keyword.name {
        "acl_file" => "acl-ok",
        "password_file" => "passwd-ok",
        "psk_file" => "psk-ok",
        "address" | "addresses" => "localhost:1",
        "bind_address" => "127.0.0.1",
        "bind_interface" => "lo",
        "cafile" => "ca.crt",
        "certfile" => "p256.crt",
        "keyfile" => "p256.key",
        "ciphers" => "HIGH",
        "ciphers_tls1.3" => "TLS_AES_128_GCM_SHA256",
        "crlfile" => "ca.crl",
        "dhparamfile" => "dh.pem",
        "http_dir" => "web",
        "include_dir" => "inc",
        "listener" => "18831",
        "connection" => "other",
        "accept_protocol_versions" => "4,5",
        "log_dest" => "stdout",
        "log_facility" => "3",
        "plugin" | "auth_plugin" | "global_plugin" => "/nowhere.so",
        "plugin_load" => "one /nowhere.so",
        "plugin_use" => "one",
        "persistence_location" => "inc",
        "pid_file" => "my.pid",
        "port" => "18832",
        // below some thousand bytes the broker ends wherever it happens to be
        "memory_limit" => "1000000000",
        "restart_timeout" => "5 30",
        "bridge_tcp_keepalive" => "10 10 3",
        "bridge_tls_version" | "tls_version" => "tlsv1.2",
        "bridge_psk" => "aabb",
        "tls_engine_kpass_sha1" => "0123456789abcdef0123456789abcdef01234567",
        "topic" => "a/# both 1",
        "user" => "root",
        _ => "",
    };
    if !special.is_empty() {
        return special.to_owned();
    }
    match keyword.value {
        ValueType::Bool => "true".to_owned(),
        ValueType::Int { min, max } => 7.clamp(min, max).to_string(),
        ValueType::Choice(list) => list[0].to_owned(),
        ValueType::Duration => "3d".to_owned(),
        ValueType::Text | ValueType::Path | ValueType::Folder => "abc".to_owned(),
        ValueType::Words(_) | ValueType::Nothing => "abc".to_owned(),
    }
}

fn bad(keyword: &Keyword, random: &mut Random) -> String {
    let list: &[&str] = match keyword.value {
        _ if keyword.name == "memory_limit" => &["-7", "", "x"],
        ValueType::Bool => &["yes", "", "TRUE", "2", "tru e", "\"true\""],
        ValueType::Int { .. } => &["x", "", "99999999999999999999", "-7", "65536", "1e3", "08", "2147483648"],
        ValueType::Choice(_) => &["nonsense", "", "MQTT", "all,none"],
        ValueType::Duration => &["3", "x", "", "0d", "-2h"],
        ValueType::Text | ValueType::Path | ValueType::Folder => &["", "a\u{1}b", "a\tb", "\u{fdd0}", "   "],
        ValueType::Words(_) | ValueType::Nothing => &["", "#", "-1", "0"],
    };
    (*random.of(list)).to_owned()
}

/// The lines that an option of this scope needs above it.
fn above(keyword: &Keyword) -> String {
    match keyword.scope {
        Scope::Bridge if matches!(keyword.name, "address" | "addresses") => {
            format!("{LISTENER}connection b\ntopic # out 0\n")
        }
        Scope::Bridge => format!("{LISTENER}{BRIDGE}"),
        Scope::Plugin => format!("{LISTENER}plugin /nowhere.so\n"),
        Scope::Listener if keyword.name == "plugin_use" => format!("plugin_load one /nowhere.so\n{LISTENER}"),
        Scope::Listener if keyword.name == "certfile" => format!("{LISTENER}keyfile p256.key\n"),
        Scope::Listener if matches!(keyword.name, "keyfile" | "cafile" | "capath") => {
            format!(
                "{LISTENER}certfile p256.crt\n{}",
                if keyword.name == "keyfile" { "" } else { "keyfile p256.key\n" }
            )
        }
        _ => LISTENER.to_owned(),
    }
}

/// Every keyword four times.
pub fn of_every_keyword() -> Vec<Case> {
    let mut random = Random(7);
    let mut cases = Vec::new();
    for keyword in KEYWORDS {
        let name = keyword.name.replace('*', "abc");
        let (good, bad) = (good(keyword), bad(keyword, &mut random));
        let above = above(keyword);
        // what a bridge lacks without it
        let below = if keyword.name == "connection" { "address localhost:1\ntopic #\n" } else { "" };
        for (how, conf) in [
            ("good", format!("{above}{name} {good}\n{below}")),
            ("bad", format!("{above}{name} {bad}\n{below}")),
            ("misplaced", format!("{name} {good}\n{below}{LISTENER}")),
            ("twice", format!("{above}{name} {good}\n{name} {good}\n{below}")),
        ] {
            cases.push(Case { name: format!("{name}-{how}"), conf: conf.into_bytes() });
        }
    }
    cases
}

/// Random lines one under the other, most of them good.
pub fn mixed(seed: u64, count: u64) -> Vec<Case> {
    (seed..seed + count)
        .map(|seed| {
            let mut random = Random(seed.wrapping_mul(0x1234_5678_9abc_def1));
            let end = if random.one_in(8) { "\r\n" } else { "\n" };
            let mut conf = String::new();
            for at in 0..2 + random.next() % 12 {
                let line = match random.next() % 9 {
                    0 => format!("listener {}", 18_830 + at),
                    1 => "# a comment".to_owned(),
                    2 => String::new(),
                    3 if random.one_in(3) => format!("connection b{at}{end}address localhost:1{end}topic # out"),
                    4 if random.one_in(3) => "per_listener_settings true".to_owned(),
                    _ => option(&mut random),
                };
                conf.push_str(&line);
                conf.push_str(end);
            }
            Case { name: format!("mixed-{seed}"), conf: conf.into_bytes() }
        })
        .collect()
}

fn option(random: &mut Random) -> String {
    let keyword = loop {
        let keyword = random.of(KEYWORDS);
        // a bridge's options need one, and plugins end every start here: they come less often
        let rare = matches!(keyword.scope, Scope::Bridge | Scope::Plugin) || keyword.name.contains("plugin");
        if !rare || random.one_in(6) {
            break keyword;
        }
    };
    let name = keyword.name.replace('*', "abc");
    let value = if random.one_in(9) { bad(keyword, random) } else { good(keyword) };
    let indent = if random.one_in(10) { "  " } else { "" };
    let comment = if random.one_in(12) { " # why" } else { "" };
    format!("{indent}{name} {value}{comment}")
}
