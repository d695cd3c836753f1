//! Password files of every odd kind, given to real brokers: whether they start, what they log, and who gets in with the
//! right password, is what `passwd::read` says.

use std::collections::BTreeSet;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use mqsec::passwd::Reading;
use mqsec::passwd::read;
use mqsec::secret::Secret;
use mqsec::series::Series;

use crate::support::Running;
use crate::support::Sandbox;
use crate::support::VERSIONS;
use crate::support::free_port;
use crate::support::peer;
use crate::support::wait_for;

/// All for the password `secret`: by 2.0.21, by 2.0.21 with `-H sha512`, by 2.1.2, and with a salt of zeros.
const OLD: &str =
    "$7$101$uqlEjUl/QvvS6PRi$mE1WdCbrVlhO7xxEE8N2hdawlP20N+z3E6LTSD5vhGvFXTaUJPtlZgd3km/ByXe0l6Bkk4z0RNAFh5g3imDPwg==";
const WEAK: &str =
    "$6$mZKNW6fGnkAlWp0X$JvGpRuu7fFoFSfQ6p3qZ4R2Pp5NlmUb2YY/qN2tXvKxNF1cLZ11Gq4DBGRbFRcFii2HzzeOk+vbf37rqMZCdLA==";
const NEW: &str = "$7$1000$JRzYOKw9G765aB0tRZLvB/cQlO4vmBJ7s40J2blnVHpm94qSOQFP5eoJoT77HB8Txr74dM/4+Fxs/yaBPI+Cqg==$/AzxlaouIar69rqVlcBSPjeVcEe4kSr0dOnZm71ZwIWWWNHP3YsOeuigGWyrBV7oPxgf03cjG52w9s2yK27Drw==";
const SALT: &str = "uqlEjUl/QvvS6PRi";
const HASH: &str = "mE1WdCbrVlhO7xxEE8N2hdawlP20N+z3E6LTSD5vhGvFXTaUJPtlZgd3km/ByXe0l6Bkk4z0RNAFh5g3imDPwg==";
const OTHER: &str =
    "$7$101$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";

/// Each file has a good user `z` at its end, unless the end is what it is about.
#[allow(clippy::too_many_lines, reason = "a table")]
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let with = |name: &'static str, text: String| (name, format!("{text}\nz:{OLD}\n").into_bytes());
    let hash = |name: &'static str, hash: String| with(name, format!("u:{hash}"));
    let raw = |name: &'static str, text: String| (name, text.into_bytes());
    let line_of = |length: usize| format!("{}:{OLD}", "x".repeat(length - OLD.len() - 1));
    vec![
        raw("nothing", String::new()),
        hash("PBKDF2", OLD.to_owned()),
        hash("one round", WEAK.to_owned()),
        hash("salt of 64 bytes", NEW.to_owned()),
        hash("salt of 16 bytes", format!("$7$101$AAAAAAAAAAAAAAAAAAAAAA==${HASH}")),
        hash("salt of 32 bytes", format!("$7$101${}A=${HASH}", "A".repeat(42))),
        hash("no padding", OLD.trim_end_matches('=').to_owned()),
        hash("short hash", format!("$7$101${SALT}$AAAA")),
        hash("plain text", "secret".to_owned()),
        hash("bcrypt", "$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe".to_owned()),
        hash("argon2", "$argon2id$v=19$m=47104,t=1,p=1$c2FsdHNhbHQ$aGFzaA".to_owned()),
        hash("go-auth", format!("PBKDF2$sha512$100000${SALT}${HASH}")),
        hash("crypt", format!("$6$saltsalt${}", "a.".repeat(43))),
        hash("crypt, long salt", format!("$6$saltsaltsaltsalt${}", "ab".repeat(43))),
        hash("crypt, rounds", format!("$6$rounds=5000$saltsalt${}", "ab".repeat(43))),
        hash("0 iterations", format!("$7$0${SALT}${HASH}")),
        hash("-1 iterations", format!("$7$-1${SALT}${HASH}")),
        hash("+101 iterations", format!("$7$+101${SALT}${HASH}")),
        hash("iterations after blanks", format!("$7$ \t101${SALT}${HASH}")),
        hash("101x iterations", format!("$7$101x${SALT}${HASH}")),
        hash("1e2 iterations", format!("$7$1e2${SALT}${HASH}")),
        hash("iterations that wrap", format!("$7$4294967397${SALT}${HASH}")),
        hash("iterations that overflow", format!("$7$99999999999999999999${SALT}${HASH}")),
        hash("negative when wrapped", format!("$7$2147483648${SALT}${HASH}")),
        hash("no first $", OLD[1..].to_owned()),
        hash("two first $", format!("${OLD}")),
        hash("two $ inside", format!("$7$$101$${SALT}$${HASH}")),
        hash("more fields", format!("{OLD}$more")),
        hash("the kind alone", "$7$".to_owned()),
        hash("no salt", "$7$101$".to_owned()),
        hash("no hash", format!("$7$101${SALT}")),
        hash("a number", "6".to_owned()),
        hash("salt and 3 letters more", format!("$7$101${SALT}!!!${HASH}")),
        hash("salt and 4 letters more", format!("$7$101${SALT}AAAA${HASH}")),
        hash("hash and a letter more", format!("{OLD}A")),
        hash("hash and a word", format!("{OLD} # mine")),
        hash("blank in the salt", format!("$7$101${} {}${HASH}", &SALT[..8], &SALT[8..])),
        hash("blank before the salt", format!("$7$101$ {SALT}${HASH}")),
        hash("4 blanks before the salt", format!("$7$101$    {SALT}${HASH}")),
        hash("blank after the salt", format!("$7$101${SALT} ${HASH}")),
        hash("dashes after the hash", format!("{OLD}----")),
        hash("bits that do not count", OLD.replace("wg==", "wj==")),
        hash("third field", format!("{OLD}:more")),
        hash("third field after a blank", format!("{OLD} : more")),
        hash("two colons", format!(":{OLD}")),
        with("colon first", format!(":u:{OLD}")),
        with("no name", format!(":{OLD}")),
        with("blank name", format!(" :{OLD}")),
        with("colons alone", ":::".to_owned()),
        with("no hash at all", "u:".to_owned()),
        with("blanks for a hash", "u:  \t".to_owned()),
        raw("no hash at the end", format!("z:{OLD}\nu:")),
        raw("blanks at the end", format!("z:{OLD}\nu: ")),
        raw("colons at the end", format!("z:{OLD}\n::")),
        with("no colon", "hello world".to_owned()),
        with("comment", "# u: x".to_owned()),
        with("indented comment", "  # u: x".to_owned()),
        with("blank lines", "\n \n\t\n".to_owned()),
        with("CRLF", format!("u:{OLD}\r\nv:{OLD}\r")),
        raw("CR alone", format!("u:{OLD}\rv:{OLD}\r")),
        with("white space around", format!("\x0b\x0cu\t: \r{OLD}\x0b ")),
        raw("no final newline", format!("u:{OLD}\nz:{OLD}")),
        raw("joined lines", format!("u:{OLD}z:{OLD}\n")),
        with("byte order mark", format!("\u{feff}u:{OLD}")),
        with("mark and comment", format!("\u{feff}# u\nu:{OLD}")),
        with("mark, comment and colon", format!("\u{feff}# u: x\nu:{OLD}")),
        with("twice, last counts", format!("u:{OTHER}\nu:{OLD}")),
        with("twice, first is right", format!("u:{OLD}\nu:{OTHER}")),
        with("twice, last is plain", format!("u:{OLD}\nu:plain")),
        with("twice, first is plain", format!("u:plain\nu:{OLD}")),
        with("twice, nothing after the second", format!("u:{OLD}\nu:")),
        with("twice with blanks", format!("u:{OLD}\n u :{OLD}")),
        with("case counts", format!("u:{OLD}\nU:{OTHER}")),
        with("names with signs", format!("a b:{OLD}\na/b:{OLD}\n+:{OLD}\nü:{OLD}\na#b:{OLD}\n$:{OLD}")),
        with("name of a comment", format!("#u:{OLD}")),
        with("no-break space", format!("\u{a0}u:{OLD}")),
        with("control characters", format!("u\x01:{OLD}\nv\x7f:{OLD}\nw\u{85}:{OLD}\nt\tt:{OLD}")),
        with("no character", format!("u\u{ffff}:{OLD}\nv\u{fdd0}:{OLD}")),
        ("not UTF-8", [b"u\xff:", OLD.as_bytes(), b"\nz:", OLD.as_bytes(), b"\n"].concat()),
        ("UTF-16", format!("\u{feff}u:{OLD}\n").encode_utf16().flat_map(u16::to_le_bytes).collect()),
        with("NUL in a name", format!("u:{OLD}\nb\0b:{OLD}\nv:{OLD}")),
        with("NUL after a hash", format!("u:{OLD}\0\nv:{OLD}")),
        with("NUL first", format!("u:{OLD}\n\0b:{OLD}\nv:{OLD}")),
        raw("NUL, no final newline", format!("u:{OLD}\nv:{OLD}\0\nz:{OLD}")),
        raw("NUL in the last line", format!("u:{OLD}\nz:{OLD}\0x")),
        with("NUL in a long line", format!("{}\0{}:{OLD}\nv:{OLD}", "x".repeat(400), "y".repeat(400))),
        with("a long line after a NUL", format!("x\0{}:{OLD}\nv:{OLD}", "y".repeat(400))),
        raw("255 bytes at the end", line_of(255)),
        raw("254 bytes at the end", line_of(254)),
        raw("256 bytes at the end", line_of(256)),
        raw("1255 bytes at the end", line_of(1255)),
        raw("255 bytes after a longer line", format!("{}\n{}", line_of(600), line_of(255))),
        raw("1255 bytes after a longer line", format!("{}\n{}", line_of(600), line_of(1255))),
        with("longest name", line_of(65535 + OLD.len() + 1)),
        with("name too long", line_of(65536 + OLD.len() + 1)),
        hash("hash too long", format!("{OLD}${}", "x".repeat(65536))),
        with("a line of 1 MB", format!("u:{OLD}:{}", "x".repeat(1 << 20))),
        raw("thousand users", (0..1000).map(|number| format!("user{number}:{OLD}\n")).collect()),
    ]
}

#[test]
fn brokers_read_password_files_as_we_say() {
    let files = files();
    assert!(files.len() >= 40);
    let sandbox = Sandbox::new();
    let mut wrong = Vec::new();
    for version in VERSIONS {
        let series = if version.starts_with("2.0") { Series::V20 } else { Series::V21 };
        for (name, bytes) in &files {
            // 2.0.11 looks at the byte before its buffer, and what lies there decides
            if version == "2.0.11" && *name == "NUL first" {
                continue;
            }
            let reading = read(bytes, series);
            if let Err(difference) = agree(&sandbox, version, bytes, &reading) {
                wrong.push(format!("{version}, {name}: {difference}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), files.len() * 3, wrong.join("\n"));
}

#[test]
fn lint_tells_the_line_of_everything_that_a_broker_stumbles_over() {
    let sandbox = Sandbox::new();
    for (name, bytes) in files() {
        let path = sandbox.write("list", &bytes);
        let said = sandbox.mqsec(&["passwd", "lint", path.to_str().unwrap(), "--json"]);
        let findings = said.json()["findings"].clone();
        let told: BTreeSet<u64> =
            findings.as_array().unwrap().iter().filter_map(|finding| finding["line"].as_u64()).collect();
        let problems = Series::RELEASED.iter().flat_map(|series| read(&bytes, *series).problems);
        let missing: Vec<_> = problems.filter(|problem| !told.contains(&(problem.line as u64))).collect();
        // a file of NULs alone is told once
        assert!(missing.is_empty() || name == "UTF-16", "{name}: {missing:?} in {findings:#}");
        let stops = read(&bytes, Series::V21).stop.is_some();
        assert!(!stops || said.status == 1, "{name}: a broker ends over it, and lint is content");
    }
}

/// Gives the file to a broker and compares.
fn agree(sandbox: &Sandbox, version: &str, bytes: &[u8], reading: &Reading) -> Result<(), String> {
    let (port, log) = (free_port(), sandbox.dir.join("broker.log"));
    let file = sandbox.write("passwd", bytes);
    let conf =
        format!("user root\nlistener {port} 127.0.0.1\nallow_anonymous false\npassword_file {}\n", file.display());
    let conf = sandbox.write("broker.conf", conf);
    let mut command = Command::new(peer(version, "mosquitto"));
    command.arg("-c").arg(&conf).stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap());
    let mut broker = Running(command.spawn().unwrap());
    let mut ended = None;
    wait_for("a broker that listens or ends", || {
        ended = broker.0.try_wait().unwrap();
        ended.is_some() || TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let said = String::from_utf8_lossy(&std::fs::read(&log).unwrap()).into_owned();
    let expected = reading.stop.as_ref().map(|_| 3);
    if ended.map(|status| status.code().unwrap_or(-1)) != expected {
        return Err(format!("ended with {ended:?}, we say {expected:?} ({:?}); log: {said}", reading.stop));
    }
    // a broker that ends says no more than the first
    let told: Vec<_> = match &reading.stop {
        Some(stop) => vec![stop],
        None => reading.problems.iter().collect(),
    };
    for problem in told {
        if let Some(line) = problem.what.logged(reading.series)
            // a long name is told shortened
            && !said.contains(line.split('…').next().unwrap_or_default())
        {
            return Err(format!("does not log {line:?} but {said}"));
        }
    }
    let silent = reading.problems.iter().all(|problem| problem.what.logged(reading.series).is_none());
    if silent && (said.contains("rror") || said.contains("nvalid")) {
        return Err(format!("we are silent about {said}"));
    }
    if ended.is_some() {
        return Ok(());
    }
    for name in names(bytes) {
        let ours = String::from_utf8(name.clone()).is_ok_and(|name| reading.lets_in(&name, &Secret::new("secret")));
        for (password, expected) in [("secret", ours), ("wrong", false), ("", false)] {
            let theirs = gets_in(port, &name, password.as_bytes());
            if theirs != expected {
                let name = String::from_utf8_lossy(&name[..name.len().min(40)]).into_owned();
                return Err(format!("`{name}` with `{password}` gets in: {theirs}, we say {expected}"));
            }
        }
    }
    Ok(())
}

/// Everything in the file that could be a user, and some that could come of it.
fn names(bytes: &[u8]) -> BTreeSet<Vec<u8>> {
    let mut names = BTreeSet::from([b"u".to_vec(), Vec::new(), b"# u".to_vec()]);
    for line in bytes.split(|byte| matches!(byte, b'\n' | 0)).take(20) {
        for field in line.split(|byte| *byte == b':') {
            names.insert(field.trim_ascii().to_vec());
            names.insert(field.strip_prefix("\u{feff}".as_bytes()).unwrap_or(field).to_vec());
        }
    }
    names.retain(|name| name.len() <= 65535);
    names
}

/// Whether a CONNECT of MQTT 3.1.1 is answered with 0.
fn gets_in(port: u16, user: &[u8], password: &[u8]) -> bool {
    let field = |text: &[u8]| [&u16::try_from(text.len()).unwrap().to_be_bytes(), text].concat();
    let body = [&field(b"MQTT"), &[4, 0xc2, 0, 60][..], &field(b"agreement"), &field(user), &field(password)].concat();
    let mut packet = vec![0x10];
    let mut length = body.len();
    loop {
        let more = u8::from(length > 127) << 7;
        packet.push(u8::try_from(length % 128).unwrap() | more);
        length /= 128;
        if length == 0 {
            break;
        }
    }
    packet.extend(body);
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(&packet).unwrap();
    let mut answer: Vec<u8> = Vec::new();
    let mut buffer = [0; 4];
    while answer.len() < 4 {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return false,
            Ok(count) => answer.extend(&buffer[..count]),
        }
    }
    answer == [0x20, 2, 0, 0]
}
