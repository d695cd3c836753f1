//! `conf set`, `get` and `show`: one line changes, and what is told is what holds.

use serde_json::Value;

use crate::support::Sandbox;

/// A file with everything that an edit could hurt: comments, blanks, odd spellings.
const CONF: &str = "# head\n\n  allow_anonymous   false\nlog_type error\nlog_type warning\nlog_type notice\n#log_type all\npersistence true\r\n\n\
                    # outside\nlistener 8883\ncertfile certs/a b.crt\nkeyfile k\nmax_connections 10 # many\n# caf\u{e9}\n\n\
                    listener 1883 127.0.0.1\nmax_qos 1\n\nconnection out\naddress h:1883\ntopic a/# out\ntopic b/# in 1\nremote_username u\nremote_password hush\n";

fn with_conf() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("config/mosquitto.conf", CONF);
    sandbox
}

/// The lines that two texts do not share, where the one has at most one more or one other.
fn difference(before: &str, after: &str) -> (Vec<String>, Vec<String>) {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.split('\n').collect(), after.split('\n').collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let end = old[start..].iter().rev().zip(new[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    let own = |lines: &[&str]| lines[start..lines.len() - end].iter().map(|line| (*line).to_owned()).collect();
    (own(&old), own(&new))
}

#[test]
fn a_change_is_one_line() {
    for (args, old, new) in [
        (&["allow_anonymous", "true"][..], "  allow_anonymous   false", "  allow_anonymous   true"),
        (&["persistence", "false"], "persistence true\r", "persistence false\r"),
        (&["max_connections", "-1", "--listener", "8883"], "max_connections 10 # many", "max_connections -1 # many"),
        (&["certfile", "c", "d", "--listener", "8883", "--force"], "certfile certs/a b.crt", "certfile c d"),
        // what is not in the folder may be in the container
        (&["certfile", "/c", "d", "--listener", "8883"], "certfile certs/a b.crt", "certfile /c d"),
        (&["max_qos", "2", "--listener", "1883"], "max_qos 1", "max_qos 2"),
        (&["maximum_qos", "2", "--listener", "1883"], "max_qos 1", "max_qos 2"),
        (&["remote_username", "v", "--bridge", "out"], "remote_username u", "remote_username v"),
        (&["remote_username", "v"], "remote_username u", "remote_username v"),
        (&["password_file", "/config/p"], "", "password_file /config/p"),
        (&["require_certificate", "false", "--listener", "8883"], "", "require_certificate false"),
        (&["log_type", "debug", "--add"], "", "log_type debug"),
        (&["topic", "c/#", "both", "2", "--add"], "", "topic c/# both 2"),
        (&["log_type", "warning", "--unset"], "log_type warning", ""),
        (&["keepalive_interval", "30", "--bridge", "out"], "", "keepalive_interval 30"),
        (&["remote_username", "--unset", "--bridge", "out"], "remote_username u", ""),
    ] {
        let sandbox = with_conf();
        let told = sandbox.mqsec(&[&["conf", "set", "--json"], args].concat()).ok().json();
        let after = sandbox.read("config/mosquitto.conf");
        let (gone, came) = difference(CONF, &after);
        let only = |line: &str| if line.is_empty() { Vec::new() } else { vec![line.to_owned()] };
        assert_eq!((gone, came), (only(old), only(new)), "{args:?}");
        // what is told is what was done
        let lines = told["lines"].as_array().unwrap();
        for line in lines.iter().filter(|line| line["added"] == true) {
            let number = usize::try_from(line["line"].as_u64().unwrap()).unwrap();
            assert_eq!(after.lines().nth(number - 1), line["text"].as_str(), "{args:?} {told:#}");
        }
        assert_eq!(lines.len(), usize::from(!old.is_empty()) + usize::from(!new.is_empty()), "{args:?} {told:#}");
        // once is enough
        let again = sandbox.mqsec(&[&["conf", "set", "--json"], args].concat()).ok().json();
        assert_eq!((&again["changed"], sandbox.read("config/mosquitto.conf")), (&false.into(), after), "{args:?}");
    }
}

/// Every keyword that can be set is set, in a file with all kinds of parts: all other lines keep their bytes.
#[test]
fn whatever_is_set_changes_one_line() {
    use mqsec::conf::document::Document;
    use mqsec::conf::document::Section;
    use mqsec::conf::keyword::KEYWORDS;
    use mqsec::conf::keyword::Scope;
    let mut set = 0;
    for known in KEYWORDS.iter().filter(|known| !known.name.ends_with('*')) {
        let section = match known.scope {
            Scope::Global | Scope::Security => Section::Global,
            Scope::Listener => Section::Listener(1883),
            Scope::Bridge => Section::Bridge("out".to_owned()),
            Scope::Plugin => continue,
        };
        for bytes in
            [CONF.as_bytes().to_vec(), CONF.replace('\n', "\r\n").into_bytes(), [CONF.as_bytes(), b"# \xff\n"].concat()]
        {
            let mut document = Document::parse(&bytes);
            if document.values(&section, known.name).len() > 1 || document.set(&section, known.name, "1").is_err() {
                continue;
            }
            set += 1;
            let after = document.to_bytes();
            let lines = |bytes: &[u8]| {
                bytes
                    .split(|byte| *byte == b'\n')
                    .map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec())
                    .collect::<Vec<_>>()
            };
            let (old, new) = (lines(&bytes), lines(&after));
            let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
            let end = old[start..].iter().rev().zip(new[start..].iter().rev()).take_while(|(a, b)| a == b).count();
            assert!(
                old.len() - start - end <= 1 && new.len() - start - end <= 1,
                "{}: {}",
                known.name,
                String::from_utf8_lossy(&after)
            );
            let value = document.values(&section, known.name).last().map(|line| line.value.to_owned());
            assert_eq!(value.as_deref(), Some("1"), "{}", known.name);
        }
    }
    assert!(set > 300, "{set}");
}

#[test]
fn what_should_not_be_written_is_refused_and_nothing_changes() {
    let sandbox = with_conf();
    for (args, status, code) in [
        (&["max_qos", "3", "--listener", "1883"][..], 1, "conf-value-invalid"),
        (&["allow_anonymous", "yes"], 1, "conf-value-invalid"),
        (&["max_packet_size", "19"], 1, "conf-value-invalid"),
        (&["log_type", "loud", "--add"], 1, "conf-value-invalid"),
        (&["persistent_client_expiration", "30s"], 1, "conf-value-invalid"),
        (&["alow_anonymous", "true"], 2, "conf-option-unknown"),
        (&["max_qos", "1"], 2, "conf-section-unnamed"),
        (&["max_qos", "1", "--listener", "9"], 2, "conf-section-missing"),
        (&["max_qos", "1", "--bridge", "out"], 2, "conf-section-wrong"),
        (&["password_file", "p", "--listener", "8883"], 2, "conf-section-wrong"),
        (&["listener_allow_anonymous", "true", "--listener", "1883"], 1, "conf-option-too-new"),
        (&["log_type", "debug"], 2, "conf-option-adds-up"),
        (&["persistence", "true", "--add"], 2, "conf-option-single"),
        (&["remote_password", "secret", "--bridge", "out"], 2, "conf-secret-on-command-line"),
        (&["certfile", "gone.crt", "--listener", "8883"], 1, "conf-would-not-start"),
        // a certificate without its key
        (&["keyfile", "--unset", "--listener", "8883"], 1, "conf-would-not-start"),
        (&["address", "--unset", "--bridge", "out"], 1, "conf-would-not-start"),
        (&["mount_point", "a/#", "--listener", "1883"], 1, "conf-would-not-start"),
        (&["keepalive_interval", "30\nuser root", "--bridge", "out"], 1, "conf-value-invalid"),
        (&["password_file", "p\nuser root"], 2, "conf-value-invalid"),
        (&["log_type"], 2, "usage"),
    ] {
        let said = sandbox.mqsec(&[&["conf", "set"], args].concat()).fails(status, code);
        assert!(code == "usage" || said.stderr.contains("\n  hint: "), "{args:?}: {}", said.stderr);
        assert!(!said.stderr.contains("hush"), "{}", said.stderr);
        assert_eq!(sandbox.read("config/mosquitto.conf"), CONF, "{args:?}");
    }
    sandbox.mqsec(&["conf", "set", "listener_allow_anonymous", "true", "--listener", "1883", "--target", "2.1"]).ok();
    // a file that does not start can be mended
    sandbox.write("config/mosquitto.conf", "listener 1883\nmax_qos 7\npersistence no\n");
    sandbox.mqsec(&["conf", "set", "max_qos", "1"]).ok();
    sandbox.mqsec(&["conf", "set", "persistence", "false"]).ok();
    sandbox.mqsec(&["conf", "show", "--effective"]).ok();
    Sandbox::new().mqsec(&["conf", "set", "persistence", "true"]).fails(2, "conf-missing");
}

#[test]
fn a_reload_is_told_as_it_is() {
    let sandbox = with_conf();
    let told = sandbox.mqsec(&["conf", "set", "max_connections", "20", "--listener", "8883"]).ok().stdout;
    assert!(told.contains("2.0 applies it at a start, and forgets it at the first reload"), "{told}");
    assert!(told.contains("2.1 applies it at a reload"), "{told}");
    let reload = |args: &[&str]| -> Value {
        sandbox.mqsec(&[&["conf", "set", "--json"], args].concat()).ok().json()["reload"].clone()
    };
    let warned = sandbox.mqsec(&["conf", "set", "keyfile", "/k", "--listener", "8883"]).ok().stderr;
    assert_eq!(warned, "", "the certificate is missed before the key is");
    let both = |old: &str, new: &str| serde_json::json!({ "2.0": old, "2.1": new });
    assert_eq!(reload(&["max_packet_size", "1000"]), both("not_applied", "not_applied"));
    assert_eq!(reload(&["allow_anonymous", "true"]), both("applied", "applied"));
    assert_eq!(reload(&["certfile", "x", "--listener", "8883", "--force"]), both("content_only", "applied"));
    assert_eq!(reload(&["require_certificate", "true", "--listener", "8883"]), both("restart", "applied"));
    assert_eq!(reload(&["keepalive_interval", "30"]), both("restart", "next_reconnect"));
}

#[test]
fn a_value_is_told_with_its_place_or_its_default() {
    let sandbox = with_conf();
    let said = |args: &[&str]| sandbox.mqsec(&[&["conf", "get"], args].concat()).ok().stdout;
    assert_eq!(said(&["allow_anonymous"]), "false  (`config/mosquitto.conf` line 3)\n");
    assert_eq!(said(&["max_packet_size"]), "2000000  (the default of 2.1)\n");
    assert_eq!(said(&["max_packet_size", "--target", "2.0"]), "0  (the default of 2.0)\n");
    assert_eq!(said(&["max_qos", "--listener", "1883"]), "1  (`config/mosquitto.conf` line 18)\n");
    assert_eq!(
        said(&["max_qos"]),
        "listener 8883: 2  (the default)\nlistener 1883: 1  (`config/mosquitto.conf` line 18)\n"
    );
    assert_eq!(said(&["log_type"]).lines().count(), 3);
    assert_eq!(
        said(&["topic"]),
        "a/# out  (`config/mosquitto.conf` line 22)\nb/# in 1  (`config/mosquitto.conf` line 23)\n"
    );
    assert_eq!(said(&["password_file"]), "not set; there is no default\n");
    assert_eq!(said(&["remote_password"]), "[redacted]  (`config/mosquitto.conf` line 25)\n");
    sandbox.mqsec(&["conf", "get", "tls_versoin"]).fails(2, "conf-option-unknown");
    sandbox.mqsec(&["conf", "get", "max_qos", "--listener", "5"]).fails(2, "conf-section-missing");
    let told = sandbox.mqsec(&["conf", "get", "log_type", "--json"]).ok().json();
    assert_eq!(
        told["parts"][0]["set"][1],
        serde_json::json!({ "value": "warning", "file": "config/mosquitto.conf", "line": 5 })
    );
    // included files are read as the broker reads them, and the last word is told
    sandbox.write("config/mosquitto.conf", "persistence true\ninclude_dir config/more\nlistener 1883\n");
    sandbox.write("config/more/a.conf", "\npersistence false\n");
    assert_eq!(said(&["persistence"]), "false  (`config/more/a.conf` line 2)\n");
    sandbox.write("config/mosquitto.conf", "persistence false\ninclude_dir config/more\nlistener 1883\n");
    let warned = sandbox.mqsec(&["conf", "set", "persistence", "true"]).ok().stderr;
    assert!(warned.contains("`config/more/a.conf` line 2 is read later and wins"), "{warned}");
    sandbox.write("config/mosquitto.conf", "include_dir config/more\npersistence false\nlistener 1883\n");
    assert_eq!(sandbox.mqsec(&["conf", "set", "persistence", "true"]).ok().stderr, "");
}

#[test]
fn secrets_come_from_standard_input_and_are_never_shown() {
    let sandbox = with_conf();
    let args = ["conf", "set", "remote_password", "--stdin", "--bridge", "out"];
    let said = sandbox.mqsec_with_input(&args, "silence\n").ok();
    assert!(sandbox.read("config/mosquitto.conf").ends_with("\nremote_password silence\n"));
    let shown = sandbox.mqsec(&["conf", "show"]).ok().stdout + &sandbox.mqsec(&["conf", "show", "--json"]).ok().stdout;
    let migrated = sandbox.mqsec(&["conf", "migrate", "--to", "2.1", "--json"]).ok().stdout;
    for text in [&said.stdout, &said.stderr, &shown, &migrated] {
        assert!(!text.contains("silence") && !text.contains("hush"), "{text}");
    }
    assert!(shown.contains("remote_password [redacted]"));
}

#[test]
fn what_a_listener_does_is_told_in_words() {
    let sandbox = Sandbox::new();
    let conf = |text: &str| sandbox.write("config/mosquitto.conf", text);
    let show = |args: &[&str]| sandbox.mqsec(&[&["conf", "show", "--effective"], args].concat());
    for (text, expected) in [
        (
            "",
            &["127.0.0.1 and ::1", "gets in everybody", "there is no `listener`", "whatever name the client gives"][..],
        ),
        ("listener 1883\n", &["port 1883, on every address", "nobody: there is no password file"]),
        ("allow_anonymous true\nlistener 1883\n", &["everybody", "open: whoever reaches the port is in"]),
        (
            "certfile c\nkeyfile k\nlistener 8883\npassword_file p\n",
            &["hidden: options above the first `listener` open it"],
        ),
        (
            "password_file p\nallow_anonymous true\nlistener 1\n",
            &["a user and password of `p` or gives no user name at all", "the user, or nobody"],
        ),
        ("listener 1\ncertfile c\nkeyfile k\nrequire_certificate true\n", &["no `cafile` says whose"]),
        (
            "listener 1\ncertfile c\nkeyfile k\nuse_identity_as_username true\n",
            &["without `require_certificate true` none is asked for"],
        ),
        (
            "listener 1\ncertfile c\nkeyfile k\ncafile a\nrequire_certificate true\nallow_anonymous true\n",
            &["a certificate of an authority in `a`\n", "whatever name"],
        ),
        (
            "listener 1\ncertfile c\nkeyfile k\ncafile a\nrequire_certificate true\nuse_subject_as_username true\n",
            &["the subject of the certificate"],
        ),
        ("listener 1\ncertfile c\nkeyfile k\ntls_version tlsv1.3\npassword_file p\n", &["TLS 1.3, "]),
        ("listener 1\npsk_hint h\npsk_file k\n", &["TLS 1.2 with shared keys", "an identity and key of `k`"]),
        (
            "plugin /usr/lib/mosquitto_dynamic_security.so\nplugin_opt_config_file d\nlistener 1\n",
            &["what the plugin `mosquitto_dynamic_security` takes"],
        ),
        (
            "acl_file a\nlistener 0 /run/s\nallow_anonymous true\nmount_point m/\n",
            &["the socket `/run/s`", "what `a` allows, below `m/`"],
        ),
    ] {
        conf(text);
        let told = show(&[]).ok().stdout.replace("  ", " ").replace("  ", " ").replace("  ", " ");
        for part in expected {
            assert!(told.contains(part), "no `{part}` for {text}\n{told}");
        }
    }
    conf("listener 1\nwhat 1\n");
    assert!(show(&[]).exits(1).stdout.contains("does not start"));
    conf("listener 9001 127.0.0.1\nprotocol websockets\npassword_file p\n");
    let told = show(&["--json"]).ok().json();
    let at = |number: usize| told["brokers"][number]["listeners"][0]["address"].as_str().unwrap().to_owned();
    assert_eq!((at(0), at(1)), ("*".to_owned(), "127.0.0.1".to_owned()));
    assert!(show(&[]).ok().stdout.contains("(Mosquitto 2.0)"));
}

/// Whatever the file is: an answer in time, no panic, and nothing else is rewritten.
#[test]
fn strange_files_are_survived() {
    let sandbox = Sandbox::new();
    let long = [b"password_file ".as_slice(), &[b'x'; 1_000_000], b"\nlistener 1883\n"].concat();
    let many: Vec<u8> = (1..=2_000).flat_map(|port| format!("listener {port}\nmax_qos 1\n").into_bytes()).collect();
    for bytes in [
        b"".as_slice(),
        b"\0",
        b"\xef\xbb\xbflistener 1883\n",
        b"listener\t1883\n\xff\xfe\n",
        b"listener 1883\nmax_qos 1\0\npersistence true",
        b"listener = 1883\r\n\r\n\r",
        b"include_dir config\nlistener 1883\n",
        b"include_dir /proc/self\nlistener 1883\n",
        b"listener 99999999999999999999\nmax_qos 99999999999999999999\n",
        b"per_listener_settings true\nplugin x\nlistener 1\nplugin y\nplugin_opt_a b\nauth_opt_b c",
        &long,
        &many,
    ] {
        let path = sandbox.write("config/mosquitto.conf", bytes);
        for args in [
            &["show"][..],
            &["show", "--effective"],
            &["show", "--effective", "--json"],
            &["get", "max_qos"],
            &["get", "listener"],
            &["migrate", "--to", "2.1", "--print", "--plugins", "image"],
        ] {
            let start = std::time::Instant::now();
            let said = sandbox.mqsec(&[&["conf"], args].concat());
            assert!((0..=2).contains(&said.status) && !said.stderr.contains("panicked"), "{args:?}: {}", said.stderr);
            assert!(start.elapsed().as_secs() < 20, "{args:?} took {:?}", start.elapsed());
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
        let said = sandbox.mqsec(&["conf", "set", "sys_interval", "7", "--force"]);
        assert!((0..=2).contains(&said.status) && !said.stderr.contains("panicked"), "{}", said.stderr);
        let after = std::fs::read(&path).unwrap();
        let added = String::from_utf8_lossy(&after).contains("sys_interval 7");
        assert_eq!(said.status == 0, added, "{}", said.stderr);
        // a line more, and perhaps the line end that the last one lacked
        assert!(after.len() <= bytes.len() + "sys_interval 7\r\n\r\n".len());
    }
    sandbox.write("config/mosquitto.conf", vec![b'#'; 33 << 20]);
    for args in [&["show"][..], &["get", "max_qos"], &["set", "sys_interval", "7"], &["migrate", "--to", "2.1"]] {
        sandbox.mqsec(&[&["conf"], args].concat()).fails(2, "conf-too-long");
    }
}

#[test]
fn options_and_rules_are_explained() {
    let sandbox = Sandbox::new();
    let told = sandbox.mqsec(&["explain", "require_certificate"]).ok().stdout;
    for part in ["below a `listener`", "true or false", "2.0 needs a restart", "mqsec conf set require_certificate"] {
        assert!(told.contains(part), "{told}");
    }
    let json = sandbox.mqsec(&["explain", "max_packet_size", "--json"]).ok().json();
    assert_eq!((&json["option"], &json["default"]["2.1"]), (&"max_packet_size".into(), &"2000000".into()));
    for rule in mqsec::checks::rules::all() {
        let told = sandbox.mqsec(&["explain", rule.id, "--json"]).ok().json();
        // a code of the same name has a page, which comes first
        if told["code"] != rule.id {
            assert_eq!((&told["rule"], &told["why"]), (&rule.id.into(), &rule.why.into()));
        }
    }
    let wrong = sandbox.mqsec(&["explain", "requir_certificate"]).fails(2, "code-unknown");
    assert!(wrong.stderr.contains("mqsec explain require_certificate"), "{}", wrong.stderr);
}

#[test]
fn what_is_wrong_with_a_secret_is_told_without_it() {
    for (line, rule) in [("hush #hush", "conf-comment-in-value"), ("\"hush\"", "conf-quoted-value")] {
        let sandbox = Sandbox::new();
        let conf = CONF.replace("remote_password hush", &format!("remote_password {line}"));
        assert_ne!(conf, CONF);
        sandbox.write("config/mosquitto.conf", conf);
        for command in [&["conf", "check"][..], &["conf", "check", "--json"], &["doctor"]] {
            let said = sandbox.mqsec(command);
            assert!(said.stdout.contains(rule), "{command:?}: {said:?}");
            assert!(!said.stdout.contains("hush") && !said.stderr.contains("hush"), "{command:?}: {said:?}");
        }
    }
}
