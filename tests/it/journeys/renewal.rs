//! What is near its end is issued anew, and the broker serves it.

use std::process::Stdio;

use crate::support::Running;
use crate::support::Sandbox;
use crate::support::VERSIONS;
use crate::support::binary;
use crate::support::wait_for;

fn serial(sandbox: &Sandbox, cert: &str) -> String {
    let said = sandbox.run("openssl", &["x509", "-in", cert, "-noout", "-serial"]).ok().stdout;
    said.trim().trim_start_matches("serial=").to_owned()
}

/// The serial number that the broker shows.
fn served(sandbox: &Sandbox) -> String {
    let ask = "openssl s_client -connect localhost:$1 -CAfile certs/ca.crt < /dev/null 2> /dev/null | openssl x509 -noout -serial";
    let said = sandbox.run("bash", &["-c", ask, "-", &sandbox.port.to_string()]).ok().stdout;
    said.trim().trim_start_matches("serial=").to_owned()
}

#[test]
fn the_broker_serves_what_was_renewed_and_open_sessions_stay() {
    for version in VERSIONS {
        let sandbox = Sandbox::with_broker(version);
        sandbox.up_native(&[]).ok();
        let process = sandbox.read(".mqsec/broker.pid");
        let mut command = sandbox.command(binary());
        command.args(["test-connect", "--client-id", "stays", "--hold", "60"]);
        let mut open = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        wait_for("a client that is connected", || sandbox.read("log/mosquitto.log").contains(" as stays (p"));

        // nothing is near its end
        let before = sandbox.snapshot();
        assert!(sandbox.mqsec(&["renew"]).ok().stdout.contains("nothing is to be renewed"));
        assert_eq!(
            sandbox.mqsec(&["renew", "--within", "400", "--dry-run", "--json"]).ok().json()["due"]
                .as_array()
                .unwrap()
                .len(),
            2
        );
        assert_eq!(sandbox.snapshot(), before);

        let (key, old) = (sandbox.read("certs/broker/broker.key"), serial(&sandbox, "certs/broker/broker.crt"));
        assert_eq!(served(&sandbox), old);
        let told = sandbox.mqsec(&["renew", "--within", "400", "--json"]).ok().json();
        assert_eq!(told["renewed"].as_array().unwrap().len(), 2, "{told:#}");
        let new = serial(&sandbox, "certs/broker/broker.crt");
        assert!(new != old && told["renewed"][0]["serial"] == *new && told["renewed"][0]["old_serial"] == *old);
        assert_eq!((served(&sandbox), sandbox.read("certs/broker/broker.key")), (new, key));
        let backup = told["renewed"][0]["backup"].as_str().unwrap().to_owned();
        assert_eq!(serial(&sandbox, &format!("{backup}/broker/broker.crt")), old);

        // a new key, of the same kind
        sandbox.mqsec(&["renew", "broker", "--rekey"]).ok();
        assert_eq!(served(&sandbox), serial(&sandbox, "certs/broker/broker.crt"));
        sandbox.mqsec(&["verify"]).ok();
        sandbox.mqsec(&["test-connect"]).ok();
        assert!(open.0.try_wait().unwrap().is_none(), "{version}: an open session ended");
        assert_eq!(sandbox.read(".mqsec/broker.pid"), process, "the broker was restarted");
        let known = sandbox.read("certs/inventory.tsv").matches("\tbroker\t").count();
        assert_eq!(known, 3, "each is in the inventory");
    }
}

#[test]
fn names_kind_of_key_and_length_of_life_stay() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    sandbox.mqsec(&["broker-cert", "b.lan", "10.0.0.1", "--key-type", "p384", "--days", "90"]).ok();
    sandbox.mqsec(&["client-cert", "a", "--key-type", "rsa2048", "--days", "30"]).ok();
    // the names in any order: DNS names come first in a renewed one
    let text = |cert: &str| {
        let show = ["x509", "-in", cert, "-noout", "-subject", "-ext", "subjectAltName,extendedKeyUsage,keyUsage"];
        let said = sandbox.run("openssl", &show).ok().stdout;
        let mut words: Vec<String> = said.split([',', '\n']).map(|word| word.trim().to_owned()).collect();
        words.sort();
        words
    };
    let certs = ["certs/broker/broker.crt", "certs/client/a/a.crt"];
    let before = certs.map(text);
    for args in [&["renew", "broker", "a"][..], &["renew", "broker", "a", "--rekey"]] {
        let told = sandbox.mqsec(&[args, &["--json"]].concat()).ok().json();
        assert_eq!(told["renewed"].as_array().unwrap().len(), 2, "{told:#}");
        assert_eq!(certs.map(text), before);
        let days = |cert: &str, days: u32| {
            let end = |days: u32| (u64::from(days) * 86_400).to_string();
            sandbox.run("openssl", &["x509", "-in", cert, "-noout", "-checkend", &end(days - 1)]).ok();
            sandbox.run("openssl", &["x509", "-in", cert, "-noout", "-checkend", &end(days + 1)]).exits(1);
        };
        days(certs[0], 90);
        days(certs[1], 30);
        let kind = |cert: &str| sandbox.run("openssl", &["x509", "-in", cert, "-noout", "-text"]).ok().stdout;
        assert!(kind(certs[0]).contains("secp384r1") && kind(certs[1]).contains("2048 bit"));
        sandbox.mqsec(&["verify"]).ok();
    }
    // other lengths are asked for; half of the life is over only then
    sandbox.mqsec(&["renew", "a", "--days", "7"]).ok();
    assert_eq!(sandbox.mqsec(&["renew", "--within", "8", "--json"]).ok().json()["renewed"][0]["name"], "a");
    // 1 of 8 days, that by which it is dated back, is over
    assert_eq!(
        sandbox.mqsec(&["renew", "a", "--at-percent", "13", "--dry-run", "--json"]).ok().json()["due"],
        serde_json::json!([])
    );
    assert_eq!(
        sandbox.mqsec(&["renew", "a", "--at-percent", "12", "--dry-run", "--json"]).ok().json()["due"][0]["name"],
        "a"
    );
}

#[test]
fn a_key_that_is_elsewhere_stays_there_and_others_are_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init"]).ok();
    for client in ["device", "half", "fine"] {
        sandbox.mqsec(&["client-cert", client]).ok();
    }
    sandbox.mqsec(&["broker-cert", "b.lan"]).ok();
    sandbox.write("certs/broker/external.json", "{}");
    sandbox.run("rm", &["certs/client/device/device.key"]).ok();
    sandbox.write("certs/client/half/half.crt", "garbage");
    let key = |cert: &str| sandbox.run("openssl", &["x509", "-in", cert, "-noout", "-pubkey"]).ok().stdout;
    let before = key("certs/client/device/device.crt");
    let said = sandbox.mqsec(&["renew", "--within", "400", "--json"]).exits(1);
    let told = said.json();
    let names = |list: &str| {
        told[list].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("renewed"), ["device", "fine"], "{told:#}");
    assert_eq!(names("failed"), ["half"]);
    assert_eq!(told["failed"][0]["code"], "pem-wrong-content");
    assert_eq!(names("left"), ["broker"]);
    assert!(told["left"][0]["why"].as_str().unwrap().contains("mqsec acme renew"));
    assert_eq!(key("certs/client/device/device.crt"), before);
    assert!(!sandbox.has("certs/client/device/device.key"));
    let told = sandbox.mqsec(&["renew", "device", "fine", "--rekey", "--json"]).exits(1).json();
    assert_eq!(
        (&told["failed"][0]["code"], &told["renewed"][0]["name"]),
        (&"renew-key-elsewhere".into(), &"fine".into())
    );
    sandbox.mqsec(&["renew", "nobody"]).exits(1);
    sandbox.mqsec(&["renew", "../x"]).fails(2, "name-invalid");
}

#[test]
fn the_old_pair_comes_back_when_the_new_one_is_not_served() {
    let sandbox = Sandbox::new();
    sandbox.up_native(&[]).ok();
    let files = ["certs/broker/broker.crt", "certs/broker/broker.key"];
    let before = files.map(|file| sandbox.read(file));
    // a line that a 2.1 broker ends over when it is told to reload
    let passwd = sandbox.read("config/mosquitto.passwd");
    sandbox.write("config/mosquitto.passwd", format!("{passwd}broken:line\n"));
    let said = sandbox.mqsec(&["renew", "broker", "--rekey"]).exits(1);
    assert!(said.stderr.contains("the broker's certificate of before is back"), "{}", said.stderr);
    assert_eq!(files.map(|file| sandbox.read(file)), before);
    sandbox.write("config/mosquitto.passwd", passwd);
    sandbox.mqsec(&["up"]).ok();
    sandbox.mqsec(&["renew", "broker", "--rekey"]).ok();
}

#[test]
fn what_ends_with_its_authority_is_told_with_the_next_command() {
    let sandbox = Sandbox::new();
    sandbox.mqsec(&["ca", "init", "--days", "40"]).ok();
    sandbox.mqsec(&["client-cert", "a"]).ok();
    // a new one would last no longer
    let said = sandbox.mqsec(&["renew", "--within", "60"]).ok().stdout;
    assert!(said.contains("it ends with its authority") && said.contains("mqsec ca rollover prepare"), "{said}");
    let told = sandbox.mqsec(&["renew", "a", "--json"]).ok().json();
    assert_eq!(told["renewed"][0]["shortened_to_authority"], true);
}

#[test]
fn the_timer_runs_what_it_says_in_any_folder() {
    let sandbox = Sandbox::new();
    let dir = sandbox.base.join("my %n $HOME folder");
    let other = sandbox.base.join("other");
    for dir in [&dir, &other] {
        std::fs::create_dir(dir).unwrap();
        sandbox.mqsec(&["--dir", dir.to_str().unwrap(), "ca", "init"]).ok();
    }
    let print = |dir: &std::path::Path| {
        let args = ["--dir", dir.to_str().unwrap(), "renew", "--install-timer", "--print", "--at", "04:05", "--json"];
        sandbox.mqsec(&args).ok().json()
    };
    let told = print(&dir);
    let text = |key: &str| told[key].as_str().unwrap().to_owned();
    assert_ne!(told["name"], print(&other)["name"]);
    assert!(text("timer").contains("OnCalendar=*-*-* 04:05:00") && text("timer").contains("Persistent=true"));
    assert!(text("windows").starts_with("schtasks /Create") && text("windows").contains("/ST 04:05"));
    // cron gives a shell what stands behind the time, with the percent signs as they were
    let cron = text("cron");
    let command = cron.trim_end().strip_prefix("5 4 * * * ").unwrap().replace("\\%", "%");
    sandbox.run("sh", &["-c", &command]).ok();
    // systemd's own reading of the units
    let units = sandbox.base.join("units");
    std::fs::create_dir(&units).unwrap();
    for kind in ["service", "timer"] {
        std::fs::write(units.join(format!("{}.{kind}", text("name"))), text(kind)).unwrap();
    }
    let unit = |kind: &str| units.join(format!("{}.{kind}", text("name"))).to_str().unwrap().to_owned();
    if std::path::Path::new("/usr/bin/systemd-analyze").exists() {
        let said = sandbox
            .run("systemd-analyze", &["verify", "--man=no", "--recursive-errors=no", &unit("timer"), &unit("service")]);
        let own = |line: &&str| line.contains(&text("name"));
        let wrong: Vec<&str> = said.stderr.lines().filter(own).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
