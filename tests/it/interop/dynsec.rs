//! The dynamic security plugin of real brokers: what mqsec writes is loaded, what it asks for is done, and what it imports
//! decides as before.

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::login::ACCEPTED;
use super::login::Client;
use super::login::NOT_AUTHORISED;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::VERSIONS;
use crate::support::may_use;
use crate::support::peers;
use crate::support::wait_for;

fn plugin(version: &str) -> String {
    let path = peers().join("brokers").join(version).join("usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so");
    assert!(path.exists(), "no plugin: {}", path.display());
    path.display().to_string()
}

/// A workspace whose broker runs with the plugin.
fn with_plugin(version: &str, args: &[&str]) -> Sandbox {
    let sandbox = Sandbox::with_broker(version);
    sandbox.up_native(&["--profile", "password"]).ok();
    sandbox.mqsec(&[&["dynsec", "init", "--plugin-path", &plugin(version)], args].concat()).ok();
    sandbox.mqsec(&["up"]).ok();
    sandbox
}

fn dynsec(sandbox: &Sandbox, args: &[&str]) -> Said {
    sandbox.mqsec(&[&["dynsec"], args].concat())
}

/// `dynsec …` with a password on standard input.
fn with_password(sandbox: &Sandbox, args: &[&str], password: &str) -> Said {
    sandbox.mqsec_with_input(&[&["dynsec"], args, &["--stdin"]].concat(), &format!("{password}\n"))
}

/// What becomes of one message to a topic of which the user is a subscriber: the error's code, or `ok`.
fn trip(sandbox: &Sandbox, user: &str, password: &str, topic: &str) -> String {
    let said = sandbox.mqsec(&["test-connect", user, password, "--topic", topic]);
    match said.status {
        0 => "ok".to_owned(),
        _ => said.code().unwrap_or_else(|| panic!("{said:?}")).to_owned(),
    }
}

fn names(list: &Value, of: &str) -> Vec<String> {
    list[of].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

fn roles_of(list: &Value, client: &str) -> Vec<String> {
    let found = list["clients"].as_array().unwrap().iter().find(|one| one["name"] == client).unwrap();
    found["roles"].as_array().unwrap().iter().map(|role| role.as_str().unwrap().to_owned()).collect()
}

/// Lines of the broker that mean something is wrong with the plugin or its file.
fn complaints(sandbox: &Sandbox) -> Vec<String> {
    let start = if sandbox.has("log/start.log") { sandbox.read("log/start.log") } else { String::new() };
    let log = sandbox.read("log/mosquitto.log") + &start;
    let bad = |line: &&str| line.contains("Warning") || line.contains("Error:") || line.contains("Dynamic security");
    log.lines().filter(bad).map(str::to_owned).collect()
}

#[test]
fn what_init_writes_is_loaded_by_both_series_and_the_admin_gets_in() {
    for version in VERSIONS {
        for target in ["2.0", "2.1"].iter().filter(|target| version.starts_with("2.1") || **target == "2.0") {
            let sandbox = with_plugin(version, &["--target", target]);
            assert_eq!(complaints(&sandbox), Vec::<String>::new(), "{version}");
            assert_eq!(sandbox.mode("data/dynamic-security.json"), 0o600);
            let conf = sandbox.read("config/mosquitto.conf");
            assert!(!conf.lines().any(|line| line.starts_with("password_file")), "{conf}");
            let list = dynsec(&sandbox, &["list", "--json"]).ok().json();
            assert_eq!(names(&list, "clients"), ["admin", "client"], "{version}");
            let secrets = [sandbox.password("admin"), sandbox.password("client")];
            let file = sandbox.read("data/dynamic-security.json");
            assert!(secrets.iter().all(|secret| !file.contains(secret) && !list.to_string().contains(secret)));
            assert!(!list.to_string().contains("salt") && !list.to_string().contains("encoded_password"));
            // everybody has a place, and nobody else's
            let of_client = |topic| trip(&sandbox, "client", &secrets[1], topic);
            assert_eq!(of_client("test/connection"), "ok", "{version}");
            assert_eq!(of_client("users/client/x"), "ok", "{version} {target}");
            assert_eq!(of_client("users/admin/x"), "subscribe-denied", "{version}");
            assert_eq!(trip(&sandbox, "admin", &secrets[0], "any/thing"), "ok", "{version}");
            dynsec(&sandbox, &["lint", "--target", target]).ok();
        }
    }
}

#[test]
fn a_client_that_is_added_may_what_its_roles_say_until_they_are_revoked() {
    for version in VERSIONS {
        let sandbox = with_plugin(version, &[]);
        with_password(&sandbox, &["add", "client", "bob", "--publish", "b/#", "--subscribe", "b/+"], "bob's").ok();
        dynsec(&sandbox, &["add", "role", "reads", "--subscribe", "more/#", "--publish", "more/#"]).ok();
        let bob = |topic| trip(&sandbox, "bob", "bob's", topic);
        assert_eq!((bob("b/x").as_str(), bob("more/x").as_str()), ("ok", "subscribe-denied"), "{version}");
        assert_eq!(bob("b/x/y"), "subscribe-denied", "{version}");
        dynsec(&sandbox, &["grant", "bob", "reads"]).ok();
        assert_eq!(bob("more/x"), "ok", "{version}");

        // a generated password is the only line, and is never put into JSON
        let made = dynsec(&sandbox, &["add", "client", "gen", "--generate"]).ok();
        assert_eq!(trip(&sandbox, "gen", made.stdout.trim_end(), "test/connection"), "ok", "{version}");
        dynsec(&sandbox, &["add", "client", "other", "--generate", "--json"]).fails(2, "password-in-json");
        dynsec(&sandbox, &["del", "client", "gen"]).ok();

        // a client that is connected is thrown out when a role is taken from it
        let held = std::thread::scope(|scope| {
            let held = scope.spawn(|| {
                let topic = ["--topic", "more/held", "--hold", "60", "--client-id", "held-bob"];
                sandbox.mqsec(&[&["test-connect", "bob", "bob's"], &topic[..]].concat())
            });
            wait_for("bob to be connected", || {
                let log = sandbox.read("log/mosquitto.log");
                log.lines().any(|line| line.contains("New client connected") && line.contains("held-bob"))
            });
            dynsec(&sandbox, &["revoke", "bob", "reads"]).ok();
            held.join().unwrap()
        });
        assert_eq!(held.code(), Some("session-ended"), "{version} {held:?}");
        assert_eq!(bob("more/x"), "subscribe-denied", "{version}");

        // what was done survives a restart
        let before = dynsec(&sandbox, &["list", "--json"]).ok().json();
        assert_eq!(roles_of(&before, "bob"), ["own-bob"]);
        sandbox.mqsec(&["restart"]).ok();
        assert_eq!(dynsec(&sandbox, &["list", "--json"]).ok().json(), before, "{version}");
        assert_eq!(bob("b/x"), "ok", "{version}");
        let offline = dynsec(&sandbox, &["list", "--offline", "--json"]).ok().json();
        assert_eq!(names(&offline, "roles"), names(&before, "roles"), "{version}");

        dynsec(&sandbox, &["disable", "bob"]).ok();
        assert_eq!(bob("b/x"), "login-refused", "{version}");
        dynsec(&sandbox, &["enable", "bob"]).ok();
        with_password(&sandbox, &["passwd", "bob"], "another").ok();
        assert_eq!(bob("b/x"), "login-refused", "{version}");
        assert_eq!(trip(&sandbox, "bob", "another", "b/x"), "ok", "{version}");
        dynsec(&sandbox, &["del", "client", "bob"]).ok();
        let list = dynsec(&sandbox, &["list", "--json"]).ok().json();
        assert_eq!(names(&list, "clients"), ["admin", "client"], "{version}");
        assert!(!names(&list, "roles").contains(&"own-bob".to_owned()), "{version}");
    }
}

#[test]
fn what_the_plugin_refuses_is_told_and_leaves_nothing_behind() {
    for version in VERSIONS {
        let sandbox = with_plugin(version, &[]);
        let before = dynsec(&sandbox, &["list", "--json"]).ok().json();
        with_password(&sandbox, &["add", "client", "client"], "x").fails(1, "dynsec-exists");
        // the client would be added before its role is found missing
        with_password(&sandbox, &["add", "client", "new", "--publish", "n/#", "--role", "ghost"], "x")
            .fails(1, "dynsec-not-found");
        dynsec(&sandbox, &["grant", "client", "ghost"]).fails(1, "dynsec-not-found");
        dynsec(&sandbox, &["del", "group", "ghosts"]).fails(1, "dynsec-not-found");
        dynsec(&sandbox, &["revoke", "ghost", "reads"]).fails(1, "dynsec-not-found");
        assert_eq!(dynsec(&sandbox, &["list", "--json"]).ok().json(), before, "{version}");

        // who is no admin may not ask at all
        dynsec(&sandbox, &["list", "--as", "client"]).fails(1, "subscribe-denied");
        // while the broker runs, its file is its own
        dynsec(&sandbox, &["del", "client", "client", "--offline"]).fails(2, "dynsec-broker-running");
        dynsec(&sandbox, &["reset-admin"]).fails(2, "dynsec-broker-running");
        dynsec(&sandbox, &["init", "--force"]).fails(2, "dynsec-broker-running");
        dynsec(&sandbox, &["init"]).ok();
        sandbox.mqsec(&["down"]).ok();
        dynsec(&sandbox, &["list"]).fails(2, "connect-refused");
        dynsec(&sandbox, &["del", "client", "ghost", "--offline"]).fails(1, "dynsec-not-found");
        dynsec(&sandbox, &["del", "client", "client", "--offline"]).ok();
        sandbox.mqsec(&["up"]).ok();
        assert_eq!(names(&dynsec(&sandbox, &["list", "--json"]).ok().json(), "clients"), ["admin"], "{version}");
    }
}

#[test]
fn an_admin_who_lost_the_password_is_let_back_in() {
    for version in VERSIONS {
        let sandbox = with_plugin(version, &[]);
        // the admin's own: 2.0 ends the session before the answer comes
        with_password(&sandbox, &["passwd", "admin"], "forgotten").ok();
        dynsec(&sandbox, &["list"]).fails(1, "login-refused");
        let up = sandbox.mqsec(&["up"]).fails(1, "dynsec-env-differs");
        assert!(up.stderr.contains("reset-admin"), "{}", up.stderr);
        sandbox.mqsec(&["down"]).ok();
        dynsec(&sandbox, &["reset-admin"]).ok();
        sandbox.mqsec(&["up"]).ok();
        dynsec(&sandbox, &["list"]).ok();
    }
}

#[test]
fn a_broker_that_cannot_save_is_found_out() {
    // 2.0.11 writes into the file itself, so the folder does not matter to it
    for version in &VERSIONS[1..] {
        // root would save everywhere; the broker is another user here
        let sandbox = with_plugin(version, &[]);
        let data = sandbox.dir.join("data");
        std::os::unix::fs::chown(&data, Some(0), Some(0)).unwrap();
        std::os::unix::fs::chown(sandbox.dir.join("data/dynamic-security.json"), Some(1883), Some(1883)).unwrap();
        set_mode(&data, 0o755);
        let said = with_password(&sandbox, &["add", "client", "bob"], "x").fails(1, "dynsec-not-saved");
        assert!(said.stderr.contains("until the broker ends"), "{}", said.stderr);
        let lint = dynsec(&sandbox, &["lint", "--json"]).exits(1).json();
        assert_eq!(lint["findings"][0]["rule"], "dynsec-folder-not-writable", "{version}");
    }
}

fn set_mode(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// What each user may write and read, as the broker itself shows it: each topic has a subscriber with every right where
/// the configuration has one.
const ACL: &str = "\
topic read open/#
user admin
topic readwrite #
user bob
topic readwrite b/#
topic deny b/secret
topic read shared/+
user p/q
topic write shared/x
pattern readwrite users/%u/#
pattern deny users/+/locked
pattern read all/#
";
const TOPICS: [&str; 9] = [
    "b/x",
    "b/secret",
    "shared/x",
    "users/bob/x",
    "users/bob/locked",
    "users/client/x",
    "all/x",
    "open/x",
    "users/p/q/x",
];

/// Every user's writing and reading of every topic: `admin` reads all, and publishes what others are to read.
fn decisions(sandbox: &Sandbox, version: &str) -> Vec<(String, String, bool, bool)> {
    let script = sandbox.write("ask.py", include_str!("dynsec.py"));
    let users: Vec<Value> = [("bob", "b"), ("p/q", "pq"), ("client", "c")]
        .iter()
        .map(|(name, password)| json!({ "name": name, "password": password }))
        .collect();
    let job = json!({
        "port": sandbox.port, "ca": "certs/ca.crt", "topics": TOPICS, "users": users,
        "admin": { "name": "admin", "password": sandbox.password("admin") },
    });
    let said = sandbox.run("/usr/bin/python3", &[&script.display().to_string(), &job.to_string()]).ok();
    let rows = said.json();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 3 * TOPICS.len(), "{version}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    rows.iter().map(|row| (text(&row[0]), text(&row[1]), row[2] == true, row[3] == true)).collect()
}

#[test]
fn what_is_imported_decides_as_before() {
    for version in VERSIONS {
        let sandbox = Sandbox::with_broker(version);
        sandbox.up_native(&["--profile", "password"]).ok();
        for (name, password) in [("bob", "b"), ("p/q", "pq")] {
            sandbox.mqsec_with_input(&["passwd", "add", name, "--stdin"], &format!("{password}\n")).ok();
        }
        sandbox.mqsec_with_input(&["passwd", "set", "client", "--stdin"], "c\n").ok();
        sandbox.write("config/mosquitto.acl", ACL);
        sandbox.write("config/mosquitto.conf", sandbox.read("config/mosquitto.conf") + "# changed by hand\n");
        for name in ["config/mosquitto.acl", "config/mosquitto.conf"] {
            std::os::unix::fs::chown(sandbox.dir.join(name), Some(1883), Some(1883)).unwrap();
        }
        set_mode(&sandbox.dir.join("config/mosquitto.acl"), 0o600);
        sandbox.mqsec(&["restart"]).ok();
        let before = decisions(&sandbox, version);
        // both answers occur, or agreement would say nothing
        for index in [2, 3] {
            let is = |row: &&(String, String, bool, bool)| if index == 2 { row.2 } else { row.3 };
            let count = before.iter().filter(is).count();
            assert!((3..20).contains(&count), "{version} {index} {before:?}");
        }

        let (target, old) = (&version[..3], complaints(&sandbox));
        let args = ["import", "--plugin-path", &plugin(version), "--target", target];
        // a configuration that somebody changed is not changed unasked
        let said = dynsec(&sandbox, &args).fails(2, "conf-changed-by-hand");
        assert!(said.stderr.contains("acl_file config/mosquitto.acl"), "{}", said.stderr);
        let dry = dynsec(&sandbox, &[&args[..], &["--dry-run", "--json"]].concat()).exits(1).json();
        let lines: Vec<_> = dry["notes"].as_array().unwrap().iter().map(|note| note["line"].clone()).collect();
        // the anonymous line, whom nobody is, and the first pattern
        assert!(lines.contains(&json!(1)) && lines.contains(&json!(10)), "{dry}");
        let said = dynsec(&sandbox, &[&args[..], &["--yes"]].concat()).ok();
        assert!(said.stdout.contains("line 10"), "{}", said.stdout);
        dynsec(&sandbox, &[&args[..], &["--yes"]].concat()).fails(2, "dynsec-file-exists");
        sandbox.mqsec(&["up"]).ok();
        // 2.0 has something to say of each pattern without `%u`, and nothing of what became of them
        assert_eq!(complaints(&sandbox), old, "{version}");
        assert_eq!(decisions(&sandbox, version), before, "{version}");
        dynsec(&sandbox, &["lint", "--target", target]).ok();
    }
}

#[test]
fn files_that_are_there_are_kept() {
    let sandbox = Sandbox::with_broker("2.1.2");
    sandbox.up_native(&[]).ok();
    sandbox.mqsec(&["down"]).ok();
    dynsec(&sandbox, &["init", "--plugin-path", "/nowhere.so"]).fails(2, "dynsec-plugin-missing");
    sandbox.write("data/dynamic-security.json", "{\"mine\": true}");
    let (plugin, conf) = (plugin("2.1.2"), sandbox.read("config/mosquitto.conf"));
    dynsec(&sandbox, &["init", "--plugin-path", &plugin]).fails(2, "dynsec-file-exists");
    assert_eq!(
        (sandbox.read("data/dynamic-security.json").as_str(), sandbox.read("config/mosquitto.conf")),
        ("{\"mine\": true}", conf)
    );
    let said = dynsec(&sandbox, &["init", "--plugin-path", &plugin, "--force", "--json"]).ok().json();
    let backup = PathBuf::from(said["backup"].as_str().unwrap());
    assert_eq!(sandbox.read(&backup.display().to_string()), "{\"mine\": true}");
    assert_eq!(sandbox.mode(&backup.display().to_string()), 0o600);

    // again: nothing to do, and nothing is changed
    let before = sandbox.snapshot();
    dynsec(&sandbox, &["init", "--plugin-path", &plugin]).ok();
    assert_eq!(sandbox.snapshot(), before);

    // an admin who is not in `.env` gets a password there, and nowhere else
    let said = dynsec(&sandbox, &["init", "--force", "--admin", "boss"]).ok();
    let secret = sandbox.password("'boss'");
    assert_eq!(secret.len(), 22);
    assert!(!said.stdout.contains(&secret) && !said.stderr.contains(&secret));
    // the ACL that there was is not guessed: without one, everybody may do everything
    dynsec(&sandbox, &["import", "--force"]).fails(2, "dynsec-acl-unknown");
    sandbox.write("was.acl", "user client\ntopic read a\n");
    let acl = sandbox.dir.join("was.acl").display().to_string();
    dynsec(&sandbox, &["import", "--force", "--acl", &acl]).ok();
    let list = dynsec(&sandbox, &["list", "--offline", "--json"]).ok().json();
    assert_eq!(roles_of(&list, "client"), ["own-client"]);
    sandbox.write("was.acl", "user client\ntopic rw a\n");
    let said = dynsec(&sandbox, &["import", "--force", "--acl", &acl]).fails(2, "dynsec-import-unusable");
    assert!(said.stderr.contains("line 2"), "{}", said.stderr);
    dynsec(&sandbox, &["init", "--force", "--target", "3.0"]).fails(2, "series-unreleased");
    dynsec(&sandbox, &["add", "client", "a:b"]).exits(2);
    dynsec(&sandbox, &["add", "role", "r", "--publish", "a/#/b"]).exits(2);
}

#[test]
fn findings_of_the_file_have_their_place() {
    let sandbox = Sandbox::new();
    sandbox.write("d.json", "{\"clients\": [\n  {\"username\": \"a\",},\n]}");
    let found = |args: &[&str]| {
        let list = dynsec(&sandbox, &[&["lint", "d.json", "--json"], args].concat()).json();
        let one = |finding: &Value| (finding["rule"].as_str().unwrap().to_owned(), finding["line"].clone());
        list["findings"].as_array().unwrap().iter().map(one).collect::<Vec<_>>()
    };
    assert_eq!(found(&[]), [("dynsec-file-corrupt".to_owned(), json!(2))]);
    sandbox.write(
        "d.json",
        "{\"clients\": [\n  {\"username\": \"a\", \"roles\": [\n    {\"rolename\": \"ghost\"}]}],\n\"defaultACLAccess\": {\"publishClientSend\": true}}",
    );
    let rules: Vec<_> = found(&[]).into_iter().map(|(rule, line)| format!("{rule} {line}")).collect();
    assert_eq!(rules, ["dynsec-no-admin null", "dynsec-name-unknown 3", "dynsec-default-open 4"]);
    dynsec(&sandbox, &["lint", "nothing.json"]).exits(2);
}

#[test]
fn the_stock_image_loads_it_from_the_folder_that_it_may_write_to() {
    if !(may_use("root") && may_use("docker")) {
        return;
    }
    for image in ["eclipse-mosquitto:2.0.21", "eclipse-mosquitto:2.1.2-alpine"] {
        let sandbox = Sandbox::as_user(1000, "2.1.2");
        let (port, container) = (sandbox.port.to_string(), format!("mqsec-it-{}-dynsec", std::process::id()));
        let args = ["up", "--engine", "docker", "--image", image, "--container", &container, "--port", &port];
        sandbox.mqsec(&args).ok();
        // the plugin's path in the image is known
        dynsec(&sandbox, &["init"]).ok();
        assert_eq!(sandbox.mqsec(&["up", "--json"]).ok().json()["state"], "restarted", "{image}");
        with_password(&sandbox, &["add", "client", "bob", "--publish", "b/#", "--subscribe", "b/#"], "x").ok();
        sandbox.mqsec(&["restart"]).ok();
        sandbox.mqsec(&["test-connect", "bob", "x", "admin", "--topic", "b/c"]).ok();
        let list = dynsec(&sandbox, &["list", "--json"]).ok().json();
        assert_eq!(names(&list, "clients"), ["admin", "bob", "client"], "{image}");
        assert_eq!(complaints(&sandbox), Vec::<String>::new(), "{image}");
        dynsec(&sandbox, &["lint"]).ok();
        sandbox.mqsec(&["down"]).ok();
    }
}

/// A client library that shares no code with mqsec agrees about who gets in.
#[test]
fn other_clients_log_in_with_what_was_written() {
    for version in VERSIONS {
        let sandbox = with_plugin(version, &[]);
        let attempt = |user: &str, password: &str| json!({ "name": "localhost", "user": user, "password": password });
        let right = sandbox.password("client");
        let attempts = vec![attempt("client", &right), attempt("client", "wrong"), attempt("nobody", &right)];
        let answers = Client::Python.login(&sandbox, None, attempts);
        assert_eq!(answers, [json!(ACCEPTED), json!(NOT_AUTHORISED), json!(NOT_AUTHORISED)], "{version}");
    }
}

#[test]
fn what_no_broker_reads_beside_the_plugin_is_told() {
    let sandbox = with_plugin("2.1.2", &[]);
    let idle = |args: &[&str]| {
        let said = sandbox.mqsec(args).ok();
        assert!(said.stderr.contains("no broker reads"), "{said:?}");
        said
    };
    idle(&["passwd"]);
    idle(&["acl", "list"]);
    let added = idle(&["passwd", "add", "bob", "--generate"]);
    assert!(added.stderr.contains("dynsec add client 'bob'"), "{added:?}");
    sandbox.mqsec(&["passwd", "lint"]).fails(2, "passwd-missing");
    let up = sandbox.mqsec(&["up"]).ok();
    assert!(up.stdout.contains("dynsec add client sensor-1") && !up.stdout.contains("passwd add"), "{up:?}");
    // who is asked for by name is an admin, whose password stands elsewhere
    let said = dynsec(&sandbox, &["list", "--as", "bob"]).fails(2, "password-needed");
    assert!(said.stderr.contains("MQSEC_ADMIN_PASSWORD"), "{said:?}");
    let last = dynsec(&sandbox, &["del", "role", "admin"]).ok();
    assert!(last.stderr.contains("nobody is admin any more"), "{last:?}");
}
