//! `mqsec acl` with running brokers: what `up` grants, what `prove` proves, what an edit changes.

use serde_json::Value;

use crate::support::Sandbox;

const SERIES: [&str; 2] = ["2.0.21", "2.1.2"];

/// Names that a topic level, a filter or a line could stumble over.
const NAMES: [&str; 7] = ["boss", "a", "a/b", "c+d", "two words", "50%u", "e#f"];

fn env(names: &[&str]) -> String {
    let line = |(index, name): (usize, &&str)| format!("USER_{0}='{name}'\nPASS_{0}='secret of {0}'\n", index + 1);
    names.iter().enumerate().map(line).collect::<String>() + "BROKER_CN=localhost\n"
}

#[test]
fn each_user_has_its_own_subtree_whatever_its_name() {
    for version in SERIES {
        let sandbox = Sandbox::with_broker(version);
        sandbox.write(".env", env(&NAMES));
        let up = sandbox.up_native(&["--profile", "password", "--json"]).ok().json();
        assert!(
            up["proofs"].as_array().unwrap().iter().any(|proof| proof["who"] == "user `a` in `users/boss/mqsec-proof`")
        );
        sandbox.mqsec(&["acl", "lint"]).ok();
        let proven = sandbox.mqsec(&["acl", "prove", "--json"]).ok().json();
        // 7 users, 9 topics, two accesses
        assert_eq!(
            (&proven["proven"], &proven["otherwise"], &proven["not_provable"]),
            (&126.into(), &0.into(), &0.into())
        );
        let own = |user: &str, topic: &str| {
            let rows = proven["answers"].as_array().unwrap();
            let of = |row: &&Value| row["user"] == user && row["topic"] == topic;
            rows.iter().filter(of).map(|row| row["allowed"].as_bool().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(own("a/b", "users/a%2Fb/#"), [true, true]);
        assert_eq!(own("a", "users/a%2Fb/#"), [false, false]);
        assert_eq!(own("c+d", "users/c%2Bd/#"), [true, true]);
        assert_eq!(own("e#f", "test/connection"), [true, true]);
        assert_eq!(own("e#f", "#"), [false, false]);
    }
}

#[test]
fn prove_tells_a_broker_that_has_not_read_the_file() {
    for version in SERIES {
        let sandbox = Sandbox::with_broker(version);
        sandbox.up_native(&[]).ok();
        sandbox.mqsec(&["acl", "add", "client", "readwrite", "plant/#"]).ok();
        let stale = sandbox.mqsec(&["acl", "prove", "--json"]).exits(1).json();
        assert_eq!(stale["otherwise"], 2, "{stale:#}");
        assert_eq!(sandbox.mqsec(&["up", "--json"]).ok().json()["state"], "reloaded");
        sandbox.mqsec(&["acl", "prove"]).ok();
        sandbox.mqsec(&["acl", "test", "client", "c", "write", "plant/x"]).ok();

        sandbox.write(
            "expect",
            "client may readwrite plant/#; client may not write users/admin/#\n- may not read plant/#\n",
        );
        sandbox.mqsec(&["acl", "prove", "expect"]).ok();
        sandbox.write("expect", "client may read users/admin/#\n");
        let told = sandbox.mqsec(&["acl", "prove", "expect"]).exits(1).stdout;
        assert!(told.contains("the control message arrived at admin, and not here"), "{told}");
        sandbox.write("expect", "nobody may read plant/#\n");
        let told = sandbox.mqsec(&["acl", "prove", "expect"]).exits(2).stdout;
        assert!(told.contains("not provable, because not asked"), "{told}");
        sandbox.write("expect", "client reads plant\n");
        sandbox.mqsec(&["acl", "prove", "expect"]).fails(2, "acl-expectation");
    }
}

#[test]
fn a_denial_that_nobody_can_watch_is_not_taken_for_proven() {
    let sandbox = Sandbox::new();
    sandbox.write(".env", env(&["one", "two"]));
    sandbox.up_native(&["--profile", "password"]).ok();
    // nobody may write to `lonely`, so no message can show that `two` does not receive it
    let acl =
        "user one\ntopic readwrite test/connection\ntopic read lonely\nuser two\ntopic readwrite test/connection\n";
    let path = sandbox.dir.join("config/mosquitto.acl");
    std::fs::write(path, acl).unwrap();
    sandbox.mqsec(&["up"]);
    sandbox.write("expect", "two may not read lonely\n");
    let told = sandbox.mqsec(&["acl", "prove", "expect"]).exits(2).stdout;
    assert!(told.contains("nobody whose password is known may write there"), "{told}");
}

#[test]
fn users_who_come_and_go_and_edits_by_hand() {
    let sandbox = Sandbox::new();
    sandbox.up_native(&[]).ok();
    let first = sandbox.read("config/mosquitto.acl");
    sandbox.mqsec_with_input(&["passwd", "add", "sensor", "--stdin"], "secret\n").ok();
    let second = sandbox.read("config/mosquitto.acl");
    let section = "\nuser sensor\ntopic readwrite users/sensor/#\ntopic readwrite test/connection\n";
    assert_eq!(second, format!("{first}{section}"));
    assert_eq!(sandbox.mqsec(&["up", "--json"]).ok().json()["state"], "reloaded");
    sandbox.mqsec(&["test-connect", "sensor", "secret", "--client", "admin"]).ok();

    // what was taken out stays out, and what was written stays
    sandbox.mqsec(&["acl", "del", "sensor", "--all"]).ok();
    let by_hand = sandbox.read("config/mosquitto.acl").replace("users/client/#", "users/somebody/#");
    let path = sandbox.dir.join("config/mosquitto.acl");
    std::fs::write(&path, &by_hand).unwrap();
    sandbox.mqsec(&["up"]).ok();
    assert_eq!(sandbox.read("config/mosquitto.acl"), by_hand);
    let env = sandbox.read(".env") + "USER_3=late\nPASS_3=secret\n";
    sandbox.write(".env", env);
    sandbox.mqsec(&["passwd"]).ok();
    let late = section.replace("sensor", "late");
    assert_eq!(
        sandbox.read("config/mosquitto.acl"),
        format!("{}\n{late}", by_hand.trim_end()).replace("\n\n\n", "\n\n")
    );

    // a file that mqsec did not write is its owner's
    std::fs::write(&path, "user admin\ntopic readwrite #\n").unwrap();
    sandbox.mqsec_with_input(&["passwd", "add", "other", "--stdin"], "secret\n").ok();
    assert_eq!(sandbox.read("config/mosquitto.acl"), "user admin\ntopic readwrite #\n");
}

#[test]
fn a_workspace_without_an_acl_does_not_get_one_silently() {
    let sandbox = Sandbox::new();
    sandbox.up_native(&[]).ok();
    let conf = sandbox.read("config/mosquitto.conf");
    let old = conf.replace(
        "\n# What they may read and write; what no line there allows is refused.\nacl_file config/mosquitto.acl\n",
        "",
    );
    assert_ne!(old, conf);
    std::fs::write(sandbox.dir.join("config/mosquitto.conf"), &old).unwrap();
    std::fs::remove_file(sandbox.dir.join("config/mosquitto.acl")).unwrap();
    let up = sandbox.mqsec(&["up", "--json"]).ok().json();
    assert_eq!(up["proofs"].as_array().unwrap().len(), 7);
    assert!(!sandbox.has("config/mosquitto.acl") && sandbox.read("config/mosquitto.conf") == old);
    // the file that mqsec wrote before there was an ACL is still its own
    sandbox.mqsec(&["up", "--profile", "password"]).ok();
    let now = sandbox.read("config/mosquitto.conf");
    assert!(!now.contains("require_certificate") && !now.contains("acl_file"), "{now}");
    sandbox.mqsec(&["acl", "test", "admin", "a", "read", "x"]).fails(2, "acl-file-missing");
}

#[test]
fn questions_and_edits_without_a_broker() {
    let sandbox = Sandbox::new();
    let text = "# of all\r\ntopic read news\r\nuser bob\r\n# his\r\ntopic read b/%u\r\npattern readwrite x-%u/#";
    sandbox.write("config/mosquitto.acl", text);
    let test = |args: &[&str]| sandbox.mqsec(&[&["acl", "test"], args].concat());
    test(&["-", "c", "read", "news"]).ok();
    test(&["--anonymous", "c", "read", "news"]).ok();
    test(&["bob", "c", "read", "news"]).exits(1);
    test(&["bob", "c", "write", "x-bob/1", "--target", "2.0"]).ok();
    test(&["bob", "c", "write", "x-bob/1", "--target", "2.1"]).exits(1);
    let both = test(&["bob", "c", "write", "x-bob/1", "--json"]).exits(1).json();
    assert_eq!((&both["answers"][0]["line"], &both["answers"][1]["because"]), (&6.into(), &"no-line".into()));
    test(&["bob", "c", "write", "x/+"]).fails(2, "acl-topic-invalid");
    test(&["bob", "c", "own", "x"]).fails(2, "acl-question");
    test(&["bob", "c", "read"]).fails(2, "acl-question");
    let why = sandbox.mqsec(&["acl", "why", "bob", "c", "write", "x-bob/1", "--target", "2.1"]).exits(1).stdout;
    assert!(why.contains("2.1 replaces %c and %u only where they are a whole level"), "{why}");

    let acl = |args: &[&str]| sandbox.mqsec(&[&["acl"], args].concat());
    acl(&["add", "bob", "deny", "b/secret"]).ok();
    acl(&["add", "--anonymous", "read", "more"]).ok();
    acl(&["add", "al", "write", "two words"]).ok();
    acl(&["add", "al", "write", "a#"]).fails(2, "acl-topic-invalid");
    acl(&["add", "al\n", "write", "a"]).fails(2, "acl-name-invalid");
    let expected = "# of all\r\ntopic read news\r\ntopic read more\r\nuser bob\r\n# his\r\ntopic read b/%u\r\ntopic deny b/secret\r\npattern readwrite x-%u/#\r\n\r\nuser al\r\ntopic write two words\r\n";
    assert_eq!(sandbox.read("config/mosquitto.acl"), expected);
    assert_eq!(sandbox.mode("config/mosquitto.acl"), 0o600);
    acl(&["del", "bob", "deny", "b/secret"]).ok();
    acl(&["del", "bob", "deny", "b/secret"]).fails(1, "acl-line-missing");
    assert_eq!(sandbox.read("config/mosquitto.acl"), expected.replace("topic deny b/secret\r\n", ""));
    acl(&["fmt", "--check"]).exits(1);
    acl(&["fmt"]).ok();
    acl(&["fmt", "--check"]).ok();
    assert!(acl(&["matrix", "--topic", "news"]).ok().stdout.contains("(no name)  r"));
    assert_eq!(acl(&["list", "al", "--json"]).ok().json()["lines"][1]["topic"], "x-%u/#");
    acl(&["lint"]).exits(1);

    let elsewhere = sandbox.base.join("home/other.acl");
    std::fs::write(&elsewhere, "topic\tread a\n").unwrap();
    let elsewhere = elsewhere.display().to_string();
    let told = acl(&["lint", "--file", &elsewhere, "--json"]).exits(1).json();
    assert_eq!(told["findings"][0]["rule"], "acl-tab");
    acl(&["test", "--file", &elsewhere, "bob", "c", "read", "a"]).fails(2, "acl-file-broken");
    acl(&["add", "--file", &elsewhere, "bob", "read", "a"]).fails(2, "acl-file-broken");
    std::fs::write(&elsewhere, "topic read a\n").unwrap();
    acl(&["add", "--file", &elsewhere, "bob", "read", "a"]).fails(2, "acl-file-elsewhere");
    acl(&["fmt", "--file", &elsewhere, "--print"]).ok();
}

#[test]
fn the_lines_of_clients_without_a_name_go_together() {
    let sandbox = Sandbox::new();
    sandbox.write("acl", "topic read a\ntopic read b\nuser bob\ntopic read c\n");
    let acl = |args: &[&str]| sandbox.mqsec(&[&["acl", "--file", "acl"], args].concat());
    acl(&["add", "--pattern"]).fails(2, "acl-question");
    let said = acl(&["del", "--anonymous", "--all"]).ok();
    // no configuration names the file, so no broker takes anything over
    assert!(!said.stdout.contains("next:"), "{said:?}");
    assert_eq!(sandbox.read("acl"), "user bob\ntopic read c\n");
}

#[test]
fn a_user_who_is_taken_out_leaves_no_rights_unseen() {
    let sandbox = Sandbox::new();
    sandbox.write("config/mosquitto.conf", "acl_file config/mosquitto.acl\npassword_file config/mosquitto.passwd\n");
    sandbox.write("config/mosquitto.acl", "user bob\ntopic read c\n");
    sandbox.mqsec(&["passwd", "add", "bob", "--generate"]).ok();
    let said = sandbox.mqsec(&["passwd", "del", "bob"]).ok();
    assert!(said.stderr.contains("mqsec acl del 'bob' --all"), "{said:?}");
}
