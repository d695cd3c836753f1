//! What a person can type or write wrong.

use crate::support::Sandbox;

#[test]
fn a_client_name_that_is_no_files_name_is_refused_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    let before = sandbox.snapshot();
    let long = "a".repeat(300);
    for name in ["../../evil", "/etc/evil", "a/b", "a\\b", "..", ".x", "x.", "*", "a\nb", "NUL", "", &long] {
        let told = sandbox.mqsec(&["client-cert", "--", name]).fails(2, "usage");
        assert!(told.stderr.contains("client's name") || told.stderr.contains("device"), "{}", told.stderr);
    }
    assert_eq!(before, sandbox.snapshot());
    assert!(!sandbox.base.join("evil").exists());
}

#[test]
fn names_and_days_out_of_range_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    let long = "x".repeat(65);
    let label = format!("{}.lan", "x".repeat(63));
    for args in [
        &["broker-cert", ""][..],
        &["broker-cert", "mqtt://broker"],
        &["broker-cert", "a b"],
        &["broker-cert", "256.1.1.1"],
        &["broker-cert", "x.lan", "--days", "0"],
        &["broker-cert", "x.lan", "--days", "-5"],
        &["client-cert", "a", "0"],
        &["client-cert", "a", "-1"],
        &["client-cert", "a", "1000000"],
        &["client-cert", "a", "soon"],
        &["client-cert", "a", "5", "--days", "6"],
        &["ca", "init", "--cn", ""],
        &["ca", "init", "--cn", &long],
        &["ca", "init", "--days", "0"],
        &["passwd", "add", "a:b", "--stdin"],
        &["passwd", "--iterations", "0"],
        &["up", "--port", "0"],
        &["up", "--port", "70000"],
        &["up", "--image", "x\n  privileged: true"],
        &["no-such-command"],
    ] {
        sandbox.mqsec(args).fails(2, "usage");
    }
    let told = sandbox.mqsec(&[]).exits(2);
    assert!(told.stderr.contains("Usage: mqsec"), "{}", told.stderr);
    // a DNS name of more than 64 characters is no common name
    sandbox.mqsec(&["broker-cert", &label]).fails(2, "name-invalid");
    sandbox.mqsec(&["broker-cert"]).fails(2, "broker-name-missing");
}

#[test]
fn a_dot_env_that_would_be_misread_is_refused_with_its_line_and_never_with_its_password() {
    let sandbox = Sandbox::new();
    for (text, code, line) in [
        ("USER_1=a\nPASS_1=pa$$word\n", "env-value-ambiguous", "line 2"),
        ("USER_1=a\nPASS_1=Strong #Pass\n", "env-value-ambiguous", "line 2"),
        ("USER_1=a\nPASS_1=two words\n", "env-value-ambiguous", "line 2"),
        ("USER_1=a\nPASS_1=\"open\n", "env-value-ambiguous", "line 2"),
        ("USER_1=a\nPASS_1=hind\\sight\n", "env-value-ambiguous", "line 2"),
        ("\u{feff}USER_1=a\r\nPASS_1=x\r\nUSER_1=b\r\n", "env-duplicate", "line 3"),
        ("USER_1=a\nPASS_1=x\nUSER_2=a\nPASS_2=y\n", "env-duplicate", "line 3"),
        ("USER_1=a\n", "env-password-missing", "line 1"),
        ("USER_1=a\nPASS_1=\n", "env-password-missing", "line 1"),
        ("PASS_3=x\n", "env-user-missing", "line 1"),
        ("USER_1=a:b\nPASS_1=x\n", "user-name-invalid", "line 1"),
    ] {
        sandbox.write(".env", text);
        for command in [&["passwd"][..], &["test-passwords"], &["up"]] {
            let told = sandbox.mqsec(command).fails(2, code);
            assert!(told.stderr.contains(line), "{}", told.stderr);
            for secret in ["$$word", "Strong", "two words", "sight"] {
                assert!(!told.stderr.contains(secret), "{}", told.stderr);
            }
        }
        assert!(!sandbox.has("config/mosquitto.passwd") && !sandbox.has("certs"));
    }
    sandbox.write(".env", "# nobody\n");
    sandbox.mqsec(&["passwd"]).fails(2, "env-without-users");
    sandbox.write(".env", b"USER_1=\xff\nPASS_1=x\n");
    sandbox.mqsec(&["passwd"]).fails(2, "file-not-text");
    std::fs::remove_file(sandbox.dir.join(".env")).unwrap();
    sandbox.mqsec(&["passwd"]).fails(2, "env-missing");
    // what is unusual but plain is read
    sandbox.write(".env", "\u{feff}USER_9=a\r\nPASS_9='pa$$word'\r\nUSER_2=b\r\nPASS_2=\"it's \\$5\"\r\n");
    sandbox.mqsec(&["passwd"]).ok();
    assert_eq!(sandbox.read("config/mosquitto.passwd").lines().map(|l| &l[..2]).collect::<Vec<_>>(), ["b:", "a:"]);
}

#[test]
fn password_commands_tell_what_they_need() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["passwd", "add", "a"]).fails(2, "password-needed");
    sandbox.mqsec_with_input(&["passwd", "add", "a", "--stdin"], "\n").fails(2, "password-empty");
    sandbox.mqsec_with_input(&["passwd", "add", "a", "--stdin"], "x\n").ok();
    sandbox.mqsec_with_input(&["passwd", "add", "a", "--stdin"], "x\n").fails(2, "user-exists");
    sandbox.mqsec_with_input(&["passwd", "set", "b", "--stdin"], "x\n").fails(2, "user-not-found");
    sandbox.mqsec(&["passwd", "del", "b"]).fails(2, "user-not-found");
    sandbox.mqsec(&["passwd", "add", "c", "--generate", "--json"]).fails(2, "password-in-json");
    let generated = sandbox.mqsec(&["passwd", "add", "c", "--generate"]).ok().stdout;
    assert_eq!(generated.trim_end().len(), 22, "{generated}");
    sandbox.write(".env", format!("USER_1=c\nPASS_1={generated}"));
    sandbox.mqsec(&["passwd", "test"]).ok();
    sandbox.write(".env", "USER_1=c\nPASS_1=other\nUSER_2=d\nPASS_2=x\n");
    sandbox.mqsec(&["passwd", "test"]).exits(1);
}

#[test]
fn a_line_that_would_stop_a_broker_is_never_written_again() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", "USER_1=a\nPASS_1=x\n");
    for line in ["old:plain", "old:$argon2id$v=19$m=1", "old:"] {
        sandbox.write("config/mosquitto.passwd", format!("{line}\n"));
        sandbox.mqsec(&["passwd"]).fails(2, "passwd-line-unreadable");
        sandbox.mqsec(&["passwd", "list"]).exits(1);
        assert_eq!(sandbox.read("config/mosquitto.passwd"), format!("{line}\n"));
    }
    sandbox.mqsec(&["passwd", "--replace"]).ok();
    sandbox.mqsec(&["passwd", "list"]).ok();
}

#[test]
fn an_error_is_json_too_where_json_was_asked_for() {
    let sandbox = Sandbox::new();
    let told = sandbox.mqsec(&["ca", "show", "--json"]).fails(2, "ca-missing").json();
    assert_eq!((&told["schema"], &told["code"]), (&"mqsec/error/1".into(), &"ca-missing".into()));
    assert!(told["hints"][0].as_str().unwrap().contains("mqsec ca init"));
}
