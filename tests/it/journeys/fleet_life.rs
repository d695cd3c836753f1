//! A fleet after its issue: when its certificates end, devices that are revoked by a list, and certificates made anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Stdio;

use time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::support::Running;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::binary;
use crate::support::wait_for;

/// The roster's line of a device that logs in as the user of its name.
fn device(name: &str, days: u32, profile: &str, groups: &str) -> String {
    format!("device\t{name}\t{name}\tp256\t{days}\t\t{profile}\t{groups}\t{:016x}\n", 7)
}

/// Adds lines to a file of the workspace, as its owner.
fn add(sandbox: &Sandbox, path: &str, lines: &str) {
    let before = if sandbox.has(path) { sandbox.read(path) } else { String::new() };
    sandbox.write(path, before + lines);
}

fn connect(sandbox: &Sandbox, device: &str) -> Said {
    sandbox.mqsec(&["test-connect", device, &format!("{device} secret")])
}

#[test]
fn status_counts_and_draws_what_ends_when() {
    let sandbox = Sandbox::new();
    let said = sandbox.mqsec(&["fleet", "status"]).ok();
    assert!(said.stdout.contains("no device was issued from a list yet"), "{}", said.stdout);
    sandbox.mqsec(&["ca", "init"]).ok();
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap();
    let end = |days: i64| now + Duration::days(days) + Duration::minutes(5);
    let (mut roster, mut inventory) = (String::new(), String::new());
    let mut number = 0;
    let mut issue = |count: usize, days: Option<i64>, groups: &str, is_revoked: bool| {
        for _ in 0..count {
            number += 1;
            roster += &device(&format!("d{number:02}"), 30, if number % 2 == 0 { "esp-idf" } else { "" }, groups);
            let Some(days) = days else { continue };
            let date = |time: OffsetDateTime| time.format(&Rfc3339).unwrap();
            let (serial, digest) = (format!("{number:016X}"), format!("{number:064x}"));
            writeln!(
                inventory,
                "issued\t{serial}\tclient\td{number:02}\t{}\t{}\t01\t\t{digest}",
                date(end(days) - Duration::days(30)),
                date(end(days))
            )
            .unwrap();
            if is_revoked {
                writeln!(inventory, "revoked\t{serial}\t01\t{}\tkeyCompromise", date(now)).unwrap();
            }
        }
    };
    issue(10, Some(2), "cellar", false);
    issue(20, Some(4), "roof", false);
    issue(5, Some(-1), "roof cellar", false);
    issue(3, Some(4), "", true);
    issue(2, None, "", false);
    sandbox.write("certs/fleet.tsv", roster + "device\tcut short");
    add(&sandbox, "certs/inventory.tsv", &inventory);

    let day = |days: i64| end(days).date().to_string();
    let today = now.date().to_string();
    let said = sandbox.mqsec(&["fleet", "status"]).ok();
    let mut expected = format!(
        "40 devices\n  30  with a certificate that is good\n  30  of them near its end (30 days)\n  5   with one that has ended\n  3   revoked\n  2   without a certificate in the inventory\ncertificates that end, by day\n  {today}   0\n"
    );
    let mut next = now.date().next_day().unwrap();
    while next <= end(4).date() {
        let (count, bar) = match next.to_string() {
            label if label == day(2) => (10, 31),
            label if label == day(4) => (20, 61),
            _ => (0, 0),
        };
        expected += format!("  {next}  {count:>2}  {}", "#".repeat(bar)).trim_end();
        expected += "\n";
        next = next.next_day().unwrap();
    }
    expected += "the first to end\n";
    for number in 1..=5 {
        writeln!(expected, "  d{number:02}  {}  in 2 days", day(2)).unwrap();
    }
    expected += "groups\n  cellar  15  10 with a good certificate\n  roof    25  20 with a good certificate\n";
    expected += "profiles\n  (none)   20  15 with a good certificate\n  esp-idf  20  15 with a good certificate\n";
    expected += "damaged: 1 lines of `certs/fleet.tsv` cannot be read, and are left out\n";
    expected += "30 have less than a third of their life left; next: mqsec fleet renew\n";
    assert_eq!(said.stdout, expected);

    let told = sandbox.mqsec(&["fleet", "status", "--group", "cellar", "--json"]).ok().json();
    assert_eq!(told["schema"], "mqsec/fleet-status/1");
    for (key, value) in [("devices", 15), ("serving", 10), ("expired", 5), ("revoked", 0), ("missing", 0), ("due", 10)]
    {
        assert_eq!(told[key], value, "{key} in {told:#}");
    }
    assert_eq!(told["groups"]["roof"], serde_json::json!({ "devices": 25, "serving": 20 }));
    let said = sandbox.mqsec(&["fleet", "status", "--group", "attic"]).exits(1);
    assert!(said.stdout.contains("cellar, roof"), "{}", said.stdout);
    // what a killed run left is seen
    sandbox.write(
        ".mqsec/fleet/state.json",
        r#"{"kind":"tar","out":"/x/fleet.tar","length":0,"entries":0,"started":0,"issued":17,"ended":false}"#,
    );
    let said = sandbox.mqsec(&["fleet", "status"]).ok();
    assert!(said.stdout.contains("fleet issue was cut short after 17 devices, to `/x/fleet.tar`"), "{}", said.stdout);
    assert_eq!(sandbox.mqsec(&["fleet", "status", "--json"]).ok().json()["unfinished"]["issued"], 17);
}

#[test]
fn a_list_is_revoked_in_one_change_and_all_others_stay() {
    for version in ["2.0.21", "2.1.2"] {
        let sandbox = Sandbox::with_broker(version);
        sandbox.up_native(&[]).ok();
        let names = ["m1", "m2", "m3", "m4", "stays"];
        for name in names {
            sandbox.mqsec(&["client-cert", name]).ok();
            sandbox.mqsec_with_input(&["passwd", "add", name, "--stdin"], &format!("{name} secret\n")).ok();
            sandbox.mqsec(&["acl", "add", name, "readwrite", "test/connection"]).ok();
        }
        sandbox.mqsec(&["up"]).ok();
        // m4 is a client like any other, m3 logs in as the user of a device that stays
        let shared = device("m3", 365, "", "hall").replace("m3\tm3", "m3\tstays");
        let roster =
            [device("m1", 365, "", "hall"), device("m2", 365, "", "hall"), shared, device("stays", 365, "", "")];
        sandbox.write("certs/fleet.tsv", roster.concat());
        let stay = |name: &str| {
            let mut command = sandbox.command(binary());
            let secret = format!("{name} secret");
            command.args(["test-connect", name, &secret, "--client-id", &format!("{name}-id"), "--hold", "60"]);
            let child = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
            wait_for("a client that is connected", || {
                sandbox.read("log/mosquitto.log").contains(&format!(" as {name}-id (p"))
            });
            child
        };
        let (mut gone, mut staying) = (stay("m1"), stay("stays"));
        let inventory = sandbox.read("certs/inventory.tsv");
        let serial = inventory.lines().find(|line| line.contains("\tm2\t")).unwrap().split('\t').nth(1).unwrap();
        let list = format!("\u{feff}days;name\r\n9;m1\r\n9;m1\r\n;nobody\r\n;{serial}\r\n;m3\r\n;m4\r\n");
        sandbox.write("gone.csv", &list);

        let before = sandbox.snapshot();
        let said = sandbox.mqsec(&["fleet", "revoke", "--from", "gone.csv", "--dry-run"]).exits(1);
        assert!(said.stdout.starts_with("4 devices would be revoked, with 4 certificates"), "{}", said.stdout);
        assert!(said.stdout.contains("line 4: `nobody` is not known here"), "{}", said.stdout);
        assert!(sandbox.snapshot() == before, "{version}: a dry run wrote something");

        let said = sandbox.mqsec(&["fleet", "revoke", "--from", "gone.csv", "--reason", "keyCompromise", "--json"]);
        let told = said.exits(1).json();
        assert_eq!((&told["revoked"], &told["not_revoked"]), (&4.into(), &1.into()), "{told:#}");
        assert_eq!(told["devices"][1], serde_json::json!({ "line": 4, "device": "nobody", "outcome": "unknown" }));
        assert_eq!((told["lists"].as_array().unwrap().len(), &told["lists"][0]["entries"]), (1, &4.into()));
        // by its serial number a certificate is meant, and not its device
        assert_eq!(told["logins_removed"], serde_json::json!(["m1"]), "{told:#}");
        let kept = serde_json::json!([{ "user": "m4", "why": "not-of-a-list" }, { "user": "stays", "why": "shared" }]);
        assert_eq!(told["logins_kept"], kept);
        assert_eq!(told["proofs"][0]["verdict"], "refused", "{told:#}");
        assert_eq!(told["broker"]["holds"], true);
        let (passwd, acl) = (sandbox.read("config/mosquitto.passwd"), sandbox.read("config/mosquitto.acl"));
        assert!(!passwd.contains("\nm1:") && passwd.contains("m2:"), "{passwd}");
        assert!(!acl.contains("user m1\n") && acl.contains("user m2\n"), "{acl}");
        // its user is gone, and with it the session that was open
        wait_for("the session's end", || gone.0.try_wait().unwrap().is_some());
        assert!(staying.0.try_wait().unwrap().is_none(), "{version}: somebody else was thrown out");
        for name in ["m1", "m2", "m3", "m4"] {
            connect(&sandbox, name).fails(1, "tls-client-revoked");
        }
        connect(&sandbox, "stays").ok();

        // again: nothing is left to do but what is not known; by group, what is left of it
        let told = sandbox.mqsec(&["fleet", "revoke", "--from", "gone.csv", "--json"]).exits(1).json();
        assert_eq!((&told["revoked"], told["lists"].as_array().unwrap().len()), (&0.into(), 0), "{told:#}");
        let said = sandbox.mqsec(&["fleet", "revoke", "--group", "hall"]).ok();
        assert!(said.stdout.contains("`m2` was revoked already"), "{}", said.stdout);
        assert!(!sandbox.read("config/mosquitto.passwd").contains("m2:"), "the login of a device that was revoked");
        let status = sandbox.mqsec(&["fleet", "status", "--json"]).ok().json();
        assert_eq!((&status["revoked"], &status["serving"]), (&3.into(), &1.into()), "{status:#}");
        sandbox.mqsec(&["list", "--check"]).ok();
    }
}

#[test]
fn what_is_near_its_end_is_renewed_in_place_with_ends_that_differ() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    let names: Vec<String> = (0..24).map(|number| format!("r{number:02}")).collect();
    for name in &names {
        sandbox.mqsec(&["client-cert", name, "30"]).ok();
    }
    sandbox.mqsec(&["client-cert", "other", "30"]).ok();
    sandbox.mqsec(&["revoke", "r01"]).ok();
    let group = |number: usize| if number < 12 { "a" } else { "b" };
    let roster: String = names.iter().enumerate().map(|(at, name)| device(name, 100, "", group(at))).collect();
    sandbox.write("certs/fleet.tsv", roster);
    // one got its files in an archive
    sandbox.run("rm", &["-r", "certs/client/r02"]).ok();
    let key = sandbox.read("certs/client/r00/r00.key");
    let before = sandbox.snapshot();
    assert_eq!(sandbox.mqsec(&["fleet", "renew", "--json"]).ok().json()["due"], 0, "two thirds are left");
    let told =
        sandbox.mqsec(&["fleet", "renew", "--within", "31", "--group", "a", "--dry-run", "--json"]).exits(1).json();
    assert_eq!((&told["due"], &told["revoked"], &told["elsewhere"]), (&10.into(), &1.into(), &1.into()), "{told:#}");
    assert!(sandbox.snapshot() == before, "a dry run wrote something");

    let said = sandbox.mqsec(&["fleet", "renew", "--within", "31", "--group", "a"]).exits(1);
    assert!(said.stdout.starts_with("10 devices renewed; they end from "), "{}", said.stdout);
    assert!(
        said.stdout.contains("1 due device NOT renewed: the files are not in this folder (r02)"),
        "{}",
        said.stdout
    );
    let told =
        sandbox.mqsec_with_input(&["fleet", "renew", "--within", "31", "--from", "-", "--json"], "name\nr12\nr13\nx\n");
    let told = told.exits(1).json();
    assert_eq!((&told["renewed"], &told["unknown"][0]["line"]), (&2.into(), &4.into()), "{told:#}");
    assert_eq!(
        sandbox.mqsec(&["fleet", "renew", "--within", "31", "--rekey", "--json"]).exits(1).json()["renewed"],
        10
    );
    // what was renewed is not due: a second run, or one after a kill, does the rest
    assert_eq!(sandbox.mqsec(&["fleet", "renew", "--within", "31", "--json"]).exits(1).json()["renewed"], 0);

    assert_eq!(sandbox.read("certs/client/r00/r00.key"), key, "the key stays");
    let now = OffsetDateTime::now_utc();
    let list = sandbox.mqsec(&["list", "--json"]).ok().json();
    let mut ends = BTreeSet::new();
    for row in list["certificates"].as_array().unwrap() {
        let name = row["name"].as_str().unwrap();
        let end = OffsetDateTime::parse(row["not_after"].as_str().unwrap(), &Rfc3339).unwrap();
        let days = (end - now).whole_hours() / 24;
        match name {
            "r01" | "r02" | "other" => assert!(days <= 30, "{name} ends in {days} days"),
            _ if row["role"] == "client" => {
                assert!((89..=100).contains(&days), "{name} ends in {days} days");
                ends.insert(end);
                let file = format!("certs/client/{name}/{name}.crt");
                sandbox.run("openssl", &["verify", "-CAfile", "certs/ca.crt", "-purpose", "sslclient", &file]).ok();
                let of = |file: &str, kind: &str| {
                    sandbox.run("openssl", &[kind, "-pubkey", "-noout", "-in", file]).ok().stdout
                };
                let own =
                    sandbox.run("openssl", &["pkey", "-pubout", "-in", &file.replace(".crt", ".key")]).ok().stdout;
                assert_eq!(of(&file, "x509"), own, "{name}");
            }
            _ => {}
        }
    }
    assert!(ends.len() >= 20, "22 ends, of which {} differ", ends.len());
    assert!(*ends.last().unwrap() - *ends.first().unwrap() > Duration::days(3), "{ends:?}");
    sandbox.mqsec(&["list", "--check"]).ok();
}
