//! Ten workspaces, broken in the ten ways from which people suffer most: `doctor` leads with the cause of each.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mqsec::provision::configuration::Wish;
use mqsec::provision::setup;
use mqsec::workspace::Transaction;
use mqsec::workspace::Workspace;
use time::OffsetDateTime;

use crate::support::Said;
use crate::support::Sandbox;

/// The files of `up`, of the user who runs the tests; nothing runs.
pub(super) fn fresh() -> Sandbox {
    let sandbox = Sandbox::new();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&sandbox.dir, Some(1000), Some(1000)).unwrap();
    }
    let workspace = Workspace::at(sandbox.dir.clone());
    let mut change = Transaction::begin(&workspace).unwrap();
    setup::complete(&mut change, &["broker.example".parse().unwrap()], &Wish::default(), OffsetDateTime::now_utc())
        .unwrap();
    change.commit().unwrap();
    workspace.make_dir("log").unwrap();
    workspace.make_dir("data").unwrap();
    workspace.give_to_broker().unwrap();
    sandbox
}

fn mode(sandbox: &Sandbox, path: &str, mode: u32) {
    fs::set_permissions(sandbox.dir.join(path), fs::Permissions::from_mode(mode)).unwrap();
}

fn replace(sandbox: &Sandbox, path: &str, from: &str, to: &str) {
    let text = sandbox.read(path);
    assert!(text.contains(from), "{path}");
    fs::write(sandbox.dir.join(path), text.replacen(from, to, 1)).unwrap();
}

fn append(sandbox: &Sandbox, path: &str, text: &str) {
    fs::write(sandbox.dir.join(path), sandbox.read(path) + text).unwrap();
}

fn sample(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/checks/samples").join(name)).unwrap()
}

/// Fails unless the first finding is of this rule, and the text says so.
#[track_caller]
fn leads(sandbox: &Sandbox, rule: &str, status: i32) {
    let json = sandbox.mqsec(&["doctor", "--json"]).exits(status).json();
    assert_eq!(json["schema"], "mqsec/doctor/1");
    let found = json["findings"].as_array().unwrap();
    let rules: Vec<&str> = found.iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    assert_eq!(rules.first(), Some(&rule), "{rules:?}: {json:#}");
    let text = sandbox.mqsec(&["doctor"]).exits(status).stdout;
    let more = text.lines().find_map(|line| line.trim().strip_prefix("more: mqsec explain "));
    assert_eq!(more, Some(rule), "{text}");
}

#[test]
fn a_fresh_workspace_has_nothing() {
    let sandbox = fresh();
    let said = sandbox.mqsec(&["doctor", "--fail-on", "note"]).ok();
    assert!(said.stdout.starts_with("nothing is wrong ("), "{}", said.stdout);
    let json = sandbox.mqsec(&["doctor", "--json", "--target", "2.0"]).ok().json();
    assert_eq!(json["findings"].as_array().unwrap().len(), 0);
    assert!(json["rules"].as_u64().unwrap() > 60);
}

#[test]
fn a_key_that_the_broker_cannot_read() {
    let sandbox = fresh();
    mode(&sandbox, "certs/broker/broker.key", 0o000);
    leads(&sandbox, "file-unreadable-by-broker", 1);
}

#[test]
fn a_key_that_everybody_can_read() {
    let sandbox = fresh();
    mode(&sandbox, "certs/broker/broker.key", 0o644);
    leads(&sandbox, "file-key-readable-by-others", 1);
}

#[test]
fn a_certificate_without_names() {
    let sandbox = fresh();
    fs::write(sandbox.dir.join("certs/ca.crt"), sample("other-ca.crt")).unwrap();
    fs::write(sandbox.dir.join("certs/broker/ca.crt"), sample("other-ca.crt")).unwrap();
    fs::write(sandbox.dir.join("certs/broker/ca.crl"), sample("other.crl")).unwrap();
    fs::write(sandbox.dir.join("certs/ca.crl"), sample("other.crl")).unwrap();
    fs::write(sandbox.dir.join("certs/broker/broker.crt"), sample("cn-only.crt")).unwrap();
    fs::remove_file(sandbox.dir.join("certs/broker/broker.key")).unwrap();
    fs::remove_dir_all(sandbox.dir.join("certs/client")).unwrap();
    leads(&sandbox, "certificate-without-names", 1);
}

#[test]
fn a_configuration_where_the_image_does_not_look() {
    let sandbox = fresh();
    replace(&sandbox, "docker-compose.yml", "./config:/mosquitto/config:ro", "./config:/mosquitto/conf:ro");
    leads(&sandbox, "compose-configuration-not-mounted", 1);
}

#[test]
fn an_authority_that_is_not_the_clients() {
    let sandbox = fresh();
    for path in ["certs/ca.crt", "certs/broker/ca.crt"] {
        fs::write(sandbox.dir.join(path), sample("other-ca.crt")).unwrap();
    }
    leads(&sandbox, "certificate-other-authority", 1);
}

#[test]
fn a_list_of_another_authority() {
    let sandbox = fresh();
    for path in ["certs/ca.crl", "certs/broker/ca.crl"] {
        fs::write(sandbox.dir.join(path), sample("other.crl")).unwrap();
    }
    leads(&sandbox, "crl-bad-issuer", 1);
}

#[test]
fn an_intermediate_that_is_not_sent() {
    let sandbox = fresh();
    fs::write(sandbox.dir.join("certs/ca.crt"), sample("other-ca.crt")).unwrap();
    fs::write(sandbox.dir.join("certs/broker/ca.crt"), sample("other-ca.crt")).unwrap();
    fs::write(sandbox.dir.join("certs/broker/ca.crl"), sample("other.crl")).unwrap();
    fs::write(sandbox.dir.join("certs/ca.crl"), sample("other.crl")).unwrap();
    fs::write(sandbox.dir.join("certs/intermediate.crt"), sample("intermediate.crt")).unwrap();
    fs::write(sandbox.dir.join("certs/broker/broker.crt"), sample("below.crt")).unwrap();
    fs::remove_file(sandbox.dir.join("certs/broker/broker.key")).unwrap();
    fs::remove_dir_all(sandbox.dir.join("certs/client")).unwrap();
    leads(&sandbox, "certificate-chain", 1);
}

#[test]
fn a_password_of_a_guide() {
    let sandbox = fresh();
    let old = sandbox.password("admin");
    replace(&sandbox, ".env", &old, "StrongPassword!123");
    leads(&sandbox, "env-example-password", 1);
}

#[test]
fn a_single_file_in_the_container() {
    let sandbox = fresh();
    replace(
        &sandbox,
        "docker-compose.yml",
        "./config:/mosquitto/config:ro",
        "./config/mosquitto.conf:/mosquitto/config/mosquitto.conf:ro\n      - ./config/mosquitto.passwd:/mosquitto/config/mosquitto.passwd:ro",
    );
    let json = sandbox.mqsec(&["doctor", "--json", "--only", "compose-single-file-mount"]).ok().json();
    assert_eq!(json["warnings"], 2, "{json:#}");
}

#[test]
fn a_broker_as_root() {
    let sandbox = fresh();
    let text = sandbox.read("docker-compose.yml");
    let line = text.lines().find(|line| line.trim().starts_with("user:")).unwrap().to_owned();
    replace(&sandbox, "docker-compose.yml", &line, "    user: \"0:0\"");
    let json = sandbox.mqsec(&["doctor", "--json", "--only", "compose"]).ok().json();
    assert_eq!(json["findings"][0]["rule"], "compose-runs-as-root", "{json:#}");
    assert!(json["findings"][0]["line"].as_u64().unwrap() > 3);
}

#[test]
fn fix_mends_modes_and_says_so() {
    let sandbox = fresh();
    mode(&sandbox, ".env", 0o644);
    mode(&sandbox, "certs/broker/broker.key", 0o644);
    mode(&sandbox, "config", 0o777);
    let said = sandbox.mqsec(&["doctor", "--fix"]).ok();
    assert_eq!(said.stdout.matches("mended: ").count(), 3, "{}", said.stdout);
    let modes = [".env", "certs/broker/broker.key", "config"].map(|path| sandbox.mode(path));
    assert_eq!(modes, [0o600, 0o600, 0o755]);
    let again = sandbox.mqsec(&["doctor", "--fix", "--json"]).ok().json();
    assert_eq!((&again["mended"], &again["findings"]), (&serde_json::json!([]), &serde_json::json!([])));
}

#[test]
fn fix_leaves_links_and_what_was_accepted() {
    let sandbox = fresh();
    fs::rename(sandbox.dir.join("certs/ca.key"), sandbox.base.join("ca.key")).unwrap();
    fs::set_permissions(sandbox.base.join("ca.key"), fs::Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink(sandbox.base.join("ca.key"), sandbox.dir.join("certs/ca.key")).unwrap();
    mode(&sandbox, ".env", 0o644);
    sandbox.write(".mqsec-accept", "file-secret-readable-by-others .env a test of mine\n");
    let said = sandbox.mqsec(&["doctor", "--fix"]).exits(1);
    assert!(said.stdout.contains("left: "), "{}", said.stdout);
    assert!(said.stdout.contains("1 accepted with a reason"), "{}", said.stdout);
    assert_eq!(fs::metadata(sandbox.base.join("ca.key")).unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(sandbox.mode(".env"), 0o644);
}

#[test]
fn findings_are_accepted_with_a_reason_alone() {
    let sandbox = fresh();
    let pass = format!("PASS_1={}", sandbox.password("admin"));
    replace(&sandbox, ".env", &pass, "# mqsec: accept env-example-password\nPASS_1=StrongPassword!123");
    let rules = |said: Said| -> Vec<String> {
        let json = said.json();
        json["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        rules(sandbox.mqsec(&["doctor", "--json", "--only", "env"]).exits(1)),
        ["env-example-password", "accept-without-reason"]
    );
    replace(&sandbox, ".env", "accept env-example-password", "accept env-example-password this broker is a toy");
    let json = sandbox.mqsec(&["doctor", "--json", "--only", "env"]).ok().json();
    assert_eq!(json["accepted"][0]["reason"], "this broker is a toy");
    replace(&sandbox, ".env", "StrongPassword!123", "vexB4qHsu2LkT");
    assert_eq!(
        rules(sandbox.mqsec(&["doctor", "--json", "--only", "env", "--fail-on", "note"]).exits(1)),
        ["accept-unused"]
    );
}

#[test]
fn sarif_has_the_form_of_the_standard() {
    let sandbox = fresh();
    append(&sandbox, ".env", "USER_9=x\nPASS_9=password1\n");
    mode(&sandbox, ".env", 0o644);
    sandbox.write(".mqsec-accept", "file-secret-readable-by-others .env a test\n");
    let log = sandbox.mqsec(&["doctor", "--sarif"]).exits(1).json();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        assert!(["error", "warning", "note"].contains(&rule["defaultConfiguration"]["level"].as_str().unwrap()));
        for part in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[part]["text"].as_str().unwrap().is_empty(), "{rule:#}");
        }
    }
    let results = run["results"].as_array().unwrap();
    assert!(results.len() >= 2, "{results:#?}");
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert!(!place["artifactLocation"]["uri"].as_str().unwrap().is_empty());
        assert!(place.get("region").is_none_or(|region| region["startLine"].as_u64().unwrap() > 0));
    }
    let suppressed = results.iter().find(|result| result.get("suppressions").is_some()).unwrap();
    assert_eq!(suppressed["suppressions"][0]["kind"], "external");
}

#[test]
fn annotations_stand_on_one_line_each() {
    let sandbox = fresh();
    append(&sandbox, ".env", "USER_9=100%,x\nPASS_9=password1\n");
    let said = sandbox.mqsec(&["doctor", "--github"]).exits(1);
    let line = said.stdout.lines().find(|line| line.contains("env-example-password")).unwrap();
    assert!(line.starts_with("::error file=.env,line="), "{line}");
    assert!(line.contains("title=env-example-password::"), "{line}");
    assert!(line.contains("`100%25,x`") && line.contains("%0A"), "{line}");
    assert!(said.stdout.lines().all(|line| line.starts_with("::")), "{}", said.stdout);
}

#[test]
fn rules_are_chosen_by_id_and_topic() {
    let sandbox = fresh();
    mode(&sandbox, ".env", 0o644);
    let count = |args: &[&str], status: i32| {
        let json = sandbox.mqsec(&[&["doctor", "--json"], args].concat()).exits(status).json();
        (json["rules"].as_u64().unwrap(), json["findings"].as_array().unwrap().len())
    };
    assert_eq!(count(&["--only", "file-secret-readable-by-others"], 1), (1, 1));
    assert_eq!(count(&["--only", "files", "--skip", "file-secret-readable-by-others"], 0).1, 0);
    assert_eq!(count(&["--only", "env,crl"], 0).1, 0);
    sandbox.mqsec(&["doctor", "--only", "env-exampel-password"]).fails(2, "rule-unknown");
    sandbox.mqsec(&["doctor", "--only", "live"]).fails(2, "usage");
    sandbox.mqsec(&["doctor", "--json", "--sarif"]).fails(2, "usage");
    sandbox.mqsec(&["doctor", "--sarif", "--github"]).fails(2, "usage");
    sandbox.mqsec(&["doctor", "--target", "1.6"]).fails(2, "usage");
    let list = sandbox.mqsec(&["doctor", "--list", "--json"]).ok().json();
    assert!(list["rules"].as_array().unwrap().len() > 70);
}

#[test]
fn a_folder_without_a_broker_is_told() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["doctor"]).fails(2, "workspace-missing");
    sandbox.mqsec(&["--dir", "not-there", "doctor"]).fails(2, "workspace-missing");
}

#[test]
fn the_running_broker_is_asked() {
    let sandbox = Sandbox::with_broker("2.1.2");
    sandbox.up_native(&["broker.example"]).ok();
    let said = sandbox.mqsec(&["doctor", "--live", "--skip", "live-plain-port-open"]).ok();
    assert!(said.stdout.starts_with("nothing is wrong"), "{}", said.stdout);
    // the certificate is replaced, and nobody tells the broker
    fs::write(sandbox.dir.join("certs/broker/broker.crt"), sample("long.crt")).unwrap();
    let json = sandbox.mqsec(&["doctor", "--live", "--only", "live", "--json", "--skip", "live-plain-port-open"]);
    let json = json.exits(1).json();
    let rules: Vec<&str> = json["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["live-certificate-not-on-disk", "live-not-loaded"], "{json:#}");
    sandbox.mqsec(&["down"]).ok();
    let json = sandbox.mqsec(&["doctor", "--live", "--only", "live-listener-unreachable", "--json"]).exits(1).json();
    assert_eq!(json["errors"], 1, "{json:#}");
}
