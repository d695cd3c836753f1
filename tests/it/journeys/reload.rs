//! `reload` and `watch`: what is wrong never reaches the broker, what a reload cannot take over is named, and what is
//! served afterwards is proven.

use std::io::Read;
use std::process::Command;
use std::process::Stdio;

use mqsec::pki::authority::Authority;
use mqsec::pki::authority::Request;
use mqsec::pki::authority::Role;
use mqsec::pki::keys::KeyType;

use super::live_client::Live;
use super::live_client::on_disk;
use super::live_client::shown;
use crate::support::Running;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::VERSIONS;
use crate::support::binary;
use crate::support::free_port;
use crate::support::may_use;
use crate::support::peer;
use crate::support::tell;
use crate::support::wait_for;

const CONF: &str = "config/mosquitto.conf";
const ACL: &str = "config/mosquitto.acl";
const PASSWD: &str = "config/mosquitto.passwd";
const CERT: &str = "certs/broker/broker.crt";
const KEY: &str = "certs/broker/broker.key";
const TRUST: &str = "certs/broker/ca.crt";
const CRL: &str = "certs/broker/ca.crl";

fn needs_restart(said: &Said) -> Vec<String> {
    let why = said.json()["needs_restart"].as_array().cloned().unwrap_or_default();
    why.iter().map(|why| why.as_str().unwrap().to_owned()).collect()
}

/// A broker's certificate by the folder's own authority that ended five days ago.
fn expired_pair(sandbox: &Sandbox) -> (String, String) {
    let now = time::OffsetDateTime::now_utc();
    let (cert, key) = (sandbox.read("certs/ca.crt"), sandbox.read("certs/ca.key"));
    let authority = Authority::load(cert.as_bytes(), "ca.crt", key.as_bytes(), "ca.key", now).unwrap();
    let names = vec!["localhost".parse().unwrap()];
    let request = Request {
        common_name: "localhost".parse().unwrap(),
        role: Role::Broker { names },
        days: 5,
        key_type: KeyType::P256,
    };
    let issued = authority.issue(&request, now - time::Duration::days(10)).unwrap();
    (issued.certificate_pem, String::from_utf8(issued.key_pem.to_vec()).unwrap())
}

#[test]
fn a_bad_file_never_reaches_the_broker() {
    let stranger = Sandbox::new();
    stranger.mqsec(&["ca", "init"]).ok();
    stranger.mqsec(&["broker-cert", "localhost"]).ok();
    let foreign_list = stranger.read("certs/ca.crl");
    let foreign_key = stranger.read(KEY);
    for version in VERSIONS {
        let sandbox = Sandbox::with_broker(version);
        sandbox.up_native(&[]).ok();
        let process = sandbox.read(".mqsec/broker.pid");
        let mut session = Live::admin(&sandbox, "stays");
        let (old_cert, old_key) = expired_pair(&sandbox);
        let broken: [(&str, &str, String); 11] = [
            (ACL, "acl-file-broken", "user admin\ntopic\tread #\n".to_owned()),
            (PASSWD, "passwd-line-unreadable", sandbox.read(PASSWD) + "bob:plain\n"),
            (PASSWD, "passwd-line-unreadable", sandbox.read(PASSWD).repeat(2)),
            (KEY, "key-mismatch", foreign_key.clone()),
            (KEY, "key-unreadable", "no key\n".to_owned()),
            (CERT, "certificate-damaged", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned()),
            (CRL, "crl-unreadable", String::new()),
            (CRL, "crl-unreadable", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n".to_owned()),
            (CRL, "crl-other-issuer", foreign_list.clone()),
            (CONF, "conf-would-not-start", sandbox.read(CONF) + "no_such_option true\n"),
            (CONF, "conf-would-not-start", sandbox.read(CONF) + "max_qos 7\n"),
        ];
        for (path, code, contents) in &broken {
            let before = sandbox.read(path);
            sandbox.write(path, contents);
            let said = sandbox.mqsec(&["reload"]);
            assert_eq!((said.status, said.code()), (1, Some(*code)), "{version} {path}: {said:?}");
            assert!(said.stderr.contains("was not told") && said.stderr.contains("mqsec "), "{said:?}");
            sandbox.write(path, before);
        }
        // the pair fits, and is over: a broker takes it, and no client takes the broker
        let (cert, key) = (sandbox.read(CERT), sandbox.read(KEY));
        sandbox.write(CERT, &old_cert);
        sandbox.write(KEY, &old_key);
        sandbox.mqsec(&["reload"]).fails(1, "certificate-expired");
        sandbox.mqsec(&["reload", "--dry-run"]).fails(1, "certificate-expired");
        sandbox.write(CERT, cert);
        sandbox.write(KEY, key);
        // not there, and not readable
        std::fs::rename(sandbox.dir.join(ACL), sandbox.dir.join("away")).unwrap();
        sandbox.mqsec(&["reload"]).fails(1, "broker-file-unreadable");
        std::fs::rename(sandbox.dir.join("away"), sandbox.dir.join(ACL)).unwrap();
        if rustix::process::geteuid().is_root() {
            sandbox.run("chown", &["0:0", PASSWD]).ok();
            sandbox.mqsec(&["reload"]).fails(1, "broker-file-unreadable");
            sandbox.run("chmod", &["600", CONF]).ok();
            sandbox.run("chown", &["1883:1883", PASSWD]).ok();
            sandbox.run("chmod", &["644", CONF]).ok();
        }
        // the broker saw nothing of it
        session.ping().unwrap();
        assert_eq!(sandbox.read(".mqsec/broker.pid"), process, "{version}");
        assert!(!sandbox.read("log/mosquitto.log").contains("Reloading config"), "{version}: it was told");
        let said = sandbox.mqsec(&["reload", "--json"]).ok().json();
        assert_eq!((&said["action"], &said["holds"]), (&"nothing".into(), &true.into()), "{said:#}");
        tell(&format!("{version}: {} broken files, none of which reached the broker", broken.len() + 3));
    }
}

#[test]
fn what_changed_is_taken_over_and_proven() {
    for version in VERSIONS {
        let sandbox = Sandbox::with_broker(version);
        sandbox.mqsec(&["reload"]).fails(2, "broker-not-running");
        sandbox.up_native(&[]).ok();
        let mut session = Live::admin(&sandbox, "stays");
        sandbox.mqsec(&["broker-cert", "--days", "200"]).ok();
        let planned = sandbox.mqsec(&["reload", "--dry-run", "--json"]).ok().json();
        assert_eq!((&planned["action"], &planned["dry_run"]), (&"reload".into(), &true.into()));
        assert_ne!(shown(&sandbox, sandbox.port), on_disk(&sandbox), "a dry run told the broker");
        let said = sandbox.mqsec(&["reload", "--json"]).ok().json();
        assert_eq!((&said["action"], &said["session_survived"]), (&"reload".into(), &true.into()), "{said:#}");
        assert_eq!(said["changed"].as_array().unwrap().len(), 2, "{said:#}");
        let listener = &said["listeners"][0];
        assert_eq!((&listener["fits"], &listener["served_serial"]), (&true.into(), &listener["expected_serial"]));
        assert_eq!(shown(&sandbox, sandbox.port), on_disk(&sandbox));
        // a user of another password is thrown out, and that is no loss
        sandbox.mqsec_with_input(&["passwd", "set", "client", "--stdin"], "another\n").ok();
        assert_eq!(sandbox.mqsec(&["reload", "--json"]).ok().json()["session_survived"], true);
        session.ping().unwrap();
        let text = sandbox.mqsec(&["reload"]).ok().stdout;
        assert!(text.contains("has read all of it already") && text.contains("on the disk"), "{text}");
        // up and restart have the same judge
        let conf = sandbox.read(CONF);
        sandbox.write(CONF, format!("{conf}no_such_option true\n"));
        sandbox.mqsec(&["up"]).fails(1, "conf-would-not-start");
        sandbox.mqsec(&["restart"]).fails(1, "conf-would-not-start");
        session.ping().unwrap();
        sandbox.write(CONF, conf);
        // a note that says more than the broker knows
        let loaded = {
            sandbox.mqsec(&["broker-cert", "--days", "201"]).ok();
            let before = sandbox.read(".mqsec/loaded.json");
            sandbox.mqsec(&["reload"]).ok();
            assert_ne!(sandbox.read(".mqsec/loaded.json"), before);
            sandbox.mqsec(&["broker-cert", "--days", "202"]).ok();
            sandbox.mqsec(&["reload"]).ok();
            sandbox.read(".mqsec/loaded.json")
        };
        let pair = (sandbox.read(CERT), sandbox.read(KEY));
        sandbox.mqsec(&["broker-cert", "--days", "203"]).ok();
        sandbox.mqsec(&["reload"]).ok();
        sandbox.write(CERT, pair.0);
        sandbox.write(KEY, pair.1);
        sandbox.write(".mqsec/loaded.json", loaded);
        assert_eq!(sandbox.mqsec(&["reload", "--json"]).ok().json()["action"], "reload");
        assert_eq!(shown(&sandbox, sandbox.port), on_disk(&sandbox));
        sandbox.mqsec(&["down"]).ok();
        sandbox.mqsec(&["reload"]).fails(2, "broker-not-running");
    }
}

#[test]
fn what_needs_a_restart_is_named() {
    for version in ["2.0.21", "2.1.2"] {
        let sandbox = Sandbox::with_broker(version);
        sandbox.up_native(&[]).ok();
        let conf = sandbox.read(CONF);
        let new_port = free_port();
        let old = version.starts_with("2.0");
        let plan = |text: &str| {
            sandbox.write(CONF, text);
            let said = sandbox.mqsec(&["reload", "--dry-run", "--json"]).ok();
            sandbox.write(CONF, &conf);
            said
        };
        let listener = format!("listener {new_port}\ncertfile {CERT}\nkeyfile {KEY}\n");
        for (text, words) in [
            (format!("{conf}{listener}"), format!("the listener {new_port} is new")),
            (
                conf.replace(&format!("listener {}", sandbox.port), &format!("listener {new_port}")),
                "was taken out".into(),
            ),
            (conf.replace("max_packet_size 1048576", "max_packet_size 5000"), "`max_packet_size` changed".into()),
            (conf.replace("tls_version tlsv1.2", "tls_version tlsv1.3"), "`tls_version` of listener".into()),
        ] {
            let why = needs_restart(&plan(&text));
            assert!(why.iter().any(|why| why.contains(&words)), "{version}: {words} in {why:?}");
        }
        // what only one of the series takes over
        let lax = plan(&conf.replace("require_certificate true", "require_certificate false"));
        assert_eq!(needs_restart(&lax).is_empty(), !old, "{lax:?}");
        std::fs::copy(sandbox.dir.join(CERT), sandbox.dir.join("certs/broker/second.crt")).unwrap();
        sandbox.run("chown", &["--reference", CERT, "certs/broker/second.crt"]).ok();
        let path = plan(&conf.replace(&format!("certfile {CERT}"), "certfile certs/broker/second.crt"));
        assert_eq!(needs_restart(&path).is_empty(), !old, "{path:?}");
        // what both do
        assert!(
            needs_restart(&plan(&conf.replace("persistent_client_expiration 30d", "persistent_client_expiration 9d")))
                .is_empty()
        );
        assert_eq!(plan(&format!("# a comment\n{conf}")).json()["action"], "nothing");
        // a port that another program has: the broker would not come back
        let taken = std::net::TcpListener::bind(("0.0.0.0", new_port)).unwrap();
        sandbox.write(CONF, format!("{conf}{listener}"));
        sandbox.mqsec(&["reload"]).fails(2, "port-in-use");
        drop(taken);
        // without a terminal the restart is not made, and with --yes it is
        let said = sandbox.mqsec(&["reload"]).exits(1);
        assert!(said.stdout.contains("needs a restart") && said.stdout.contains("mqsec restart"), "{said:?}");
        let said = sandbox.mqsec(&["reload", "--restart", "never", "--yes", "--json"]).exits(1).json();
        assert_eq!((&said["code"], &said["action"]), (&"reload-needs-restart".into(), &serde_json::Value::Null));
        let said = sandbox.mqsec(&["reload", "--yes", "--json"]).ok().json();
        assert_eq!((&said["action"], said["listeners"].as_array().unwrap().len()), (&"restart".into(), 2), "{said:#}");
        // a limit that 2.0 throws away
        sandbox.write(CONF, format!("{conf}max_connections 100\n"));
        sandbox.mqsec(&["restart"]).ok();
        sandbox.mqsec(&["broker-cert", "--days", "200"]).ok();
        let said = sandbox.mqsec(&["reload"]).ok().stdout;
        assert_eq!(said.contains("forgets `max_connections`"), old, "{said}");
    }
}

#[test]
fn authorities_without_a_list_need_a_restart_and_with_one_they_do_not() {
    for version in ["2.0.21", "2.1.2"] {
        let sandbox = Sandbox::with_broker(version);
        sandbox.up_native(&[]).ok();
        let other = Sandbox::new();
        other.mqsec(&["ca", "init", "--cn", "Another CA"]).ok();
        let (conf, trust) = (sandbox.read(CONF), sandbox.read(TRUST));
        let both = format!("{trust}{}", other.read("certs/ca.crt"));
        sandbox.write(TRUST, &both);
        assert_eq!(sandbox.mqsec(&["reload", "--json"]).ok().json()["action"], "reload");
        sandbox.write(TRUST, &trust);
        sandbox.write(CONF, conf.replace(&format!("crlfile {CRL}\n"), ""));
        sandbox.mqsec(&["restart"]).ok();
        sandbox.write(TRUST, &both);
        let why = needs_restart(&sandbox.mqsec(&["reload", "--json"]).exits(1));
        assert!(why[0].contains("without a `crlfile`"), "{version}: {why:?}");
    }
}

#[test]
fn secure_websockets_of_2_0_are_known_to_show_the_old_certificate() {
    for version in ["2.0.21", "2.1.2"] {
        let sandbox = Sandbox::with_broker(version);
        let port = free_port();
        sandbox.up_native(&[]).ok();
        let conf = sandbox.read(CONF);
        sandbox.write(CONF, format!("{conf}listener {port}\nprotocol websockets\ncertfile {CERT}\nkeyfile {KEY}\n"));
        assert_eq!(sandbox.mqsec(&["up", "--json"]).ok().json()["state"], "restarted");
        let mut session = Live::admin(&sandbox, "stays");
        sandbox.mqsec(&["broker-cert", "--days", "200"]).ok();
        let said = sandbox.mqsec(&["reload", "--json"]);
        let told = said.json();
        let fits = |at: usize| told["listeners"][at]["fits"] == true;
        // the other listener has it in any case
        assert!(fits(0) && shown(&sandbox, sandbox.port) == on_disk(&sandbox), "{told:#}");
        session.ping().unwrap();
        if version == "2.1.2" {
            assert!(said.status == 0 && fits(1) && shown(&sandbox, port) == on_disk(&sandbox), "{told:#}");
            continue;
        }
        assert!(said.status == 1 && !fits(1) && shown(&sandbox, port) != on_disk(&sandbox), "{told:#}");
        assert!(told["listeners"][1]["note"].as_str().unwrap().contains("needs a restart"), "{told:#}");
        // it is remembered, and the next change of something else does not hide it
        sandbox.mqsec_with_input(&["passwd", "add", "bob", "--stdin"], "x\n").ok();
        let why = needs_restart(&sandbox.mqsec(&["reload", "--json"]).exits(1));
        assert!(why[0].contains("secure websockets"), "{why:?}");
        sandbox.mqsec(&["reload", "--yes"]).ok();
        assert_eq!(shown(&sandbox, port), on_disk(&sandbox));
        sandbox.mqsec(&["reload"]).ok();
    }
}

#[test]
fn reloads_at_once_do_not_disturb_each_other() {
    let sandbox = Sandbox::new();
    sandbox.up_native(&[]).ok();
    let mut session = Live::admin(&sandbox, "stays");
    let started = |args: &[&str]| {
        let mut command = sandbox.command(binary());
        command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let mut children = Vec::new();
    for days in ["201", "202", "203", "204"] {
        children.push(started(&["broker-cert", "--days", days]));
        children.push(started(&["reload", "--force"]));
    }
    for child in children {
        Said::of(child.wait_with_output().unwrap()).ok();
    }
    sandbox.mqsec(&["reload"]).ok();
    assert_eq!(shown(&sandbox, sandbox.port), on_disk(&sandbox));
    session.ping().unwrap();
}

#[test]
fn a_broker_that_mqsec_did_not_start_is_found_or_named() {
    if !may_use("root") {
        return;
    }
    let sandbox = Sandbox::as_user(1883, "2.1.2");
    sandbox.up_native(&[]).ok();
    sandbox.mqsec(&["down"]).ok();
    let pid_file = format!("pid_file {}\n", sandbox.dir.join("data/broker.pid").display());
    sandbox.write(CONF, format!("{pid_file}{}", sandbox.read(CONF)));
    let mut command = sandbox.command(peer("2.1.2", "mosquitto"));
    let broker = Running(command.args(["-c", CONF]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    wait_for("its pid file", || sandbox.has("data/broker.pid") && !sandbox.read("data/broker.pid").is_empty());
    wait_for("its port", || std::net::TcpStream::connect(("127.0.0.1", sandbox.port)).is_ok());
    let pid = sandbox.read("data/broker.pid").trim().to_owned();
    for args in [&["--pid", &*pid][..], &["--pid-file", "data/broker.pid"], &[]] {
        sandbox.mqsec(&["broker-cert", "--days", &(200 + args.len() + args.concat().len()).to_string()]).ok();
        let said = sandbox.mqsec(&[&["reload", "--json"], args].concat()).ok().json();
        assert!(said["engine"].as_str().unwrap().contains(&format!("process {pid}")), "{said:#}");
        assert_eq!(said["session_survived"], true, "{said:#}");
        assert_eq!(shown(&sandbox, sandbox.port), on_disk(&sandbox));
    }
    // the unit, as systemd would know it
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> told\ncase $1 in show) echo {pid};; kill) kill -HUP {pid};; *) exit 1;; esac\n"
    );
    let systemctl = sandbox.write("bin/systemctl", script);
    sandbox.run("chmod", &["755", "bin/systemctl"]).ok();
    let by_unit = |args: &[&str]| {
        let path = format!("{}:/usr/bin:/bin", systemctl.parent().unwrap().display());
        Said::of(sandbox.command(binary()).args(args).env("PATH", path).output().unwrap())
    };
    sandbox.mqsec(&["broker-cert", "--days", "300"]).ok();
    let said = by_unit(&["reload", "--unit", "broker", "--json"]).ok().json();
    assert!(said["engine"].as_str().unwrap().contains("unit `broker`"), "{said:#}");
    assert!(sandbox.read("told").contains("kill -s HUP broker"), "{}", sandbox.read("told"));
    assert_eq!(shown(&sandbox, sandbox.port), on_disk(&sandbox));
    let said = by_unit(&["reload", "--json"]).ok().json();
    assert!(said["engine"].as_str().unwrap().contains("unit `mosquitto`"), "{said:#}");
    sandbox.mqsec(&["reload", "--pid", "999999999"]).fails(2, "broker-not-running");
    sandbox.mqsec(&["reload", "--pid-file", "none"]).fails(2, "broker-not-running");
    sandbox.mqsec(&["reload", "--pid-file", CONF]).fails(2, "pid-file-invalid");
    // another folder's broker is not told of this one's files
    let other = Sandbox::new();
    other.up_native(&[]).ok();
    other.mqsec(&["reload", "--pid", &pid]).fails(1, "broker-other-configuration");
    drop(broker);
}

#[test]
fn in_a_container() {
    if !may_use("docker") {
        return;
    }
    for (image, what) in [("eclipse-mosquitto:2.0.21", "20"), ("eclipse-mosquitto:2.1.2-alpine", "21")] {
        let sandbox = Sandbox::new();
        let (port, name) = (sandbox.port.to_string(), format!("mqsec-it-{}-reload{what}", std::process::id()));
        sandbox.mqsec(&["up", "--engine", "docker", "--image", image, "--container", &name, "--port", &port]).ok();
        let mut session = Live::admin(&sandbox, "stays");
        for more in [&[][..], &["--container", &*name]] {
            sandbox.mqsec(&["broker-cert", "--days", &(200 + more.len()).to_string()]).ok();
            let said = sandbox.mqsec(&[&["reload", "--json"], more].concat()).ok().json();
            assert_eq!((&said["action"], &said["session_survived"]), (&"reload".into(), &true.into()), "{said:#}");
            assert_eq!(shown(&sandbox, sandbox.port), on_disk(&sandbox), "{said:#}");
        }
        let acl = sandbox.read(ACL);
        sandbox.write(ACL, format!("{acl}topic\tread #\n"));
        sandbox.mqsec(&["reload"]).fails(1, "acl-file-broken");
        sandbox.write(ACL, acl);
        session.ping().unwrap();
        let compose = sandbox.read("docker-compose.yml");
        sandbox.write("docker-compose.yml", format!("{compose}# changed\n"));
        assert!(needs_restart(&sandbox.mqsec(&["reload", "--json"]).exits(1))[0].contains("docker-compose.yml"));
        sandbox.mqsec(&["reload", "--container", "mqsec-it-none"]).fails(2, "broker-not-running");
        let _ = Command::new("docker").args(["kill", &name]).output();
        sandbox.mqsec(&["reload"]).fails(2, "broker-not-running");
        sandbox.mqsec(&["down"]).ok();
    }
}

#[test]
fn watch_takes_over_what_is_good_and_tells_once_what_is_not() {
    for version in ["2.0.21", "2.1.2"] {
        let sandbox = Sandbox::with_broker(version);
        sandbox.mqsec(&["watch", "--once"]).fails(2, "broker-not-running");
        sandbox.up_native(&[]).ok();
        sandbox.mqsec(&["watch", "--once"]).ok();
        let mut session = Live::admin(&sandbox, "stays");
        let log = std::fs::File::create(sandbox.dir.join("watched")).unwrap();
        let mut command = sandbox.command(binary());
        command.args(["watch", "--interval", "1"]).stdout(log.try_clone().unwrap()).stderr(log);
        let mut watch = Running(command.spawn().unwrap());
        wait_for("the watch", || sandbox.read("watched").contains("watching"));
        sandbox.mqsec(&["broker-cert", "--days", "200"]).ok();
        wait_for("the new certificate", || shown(&sandbox, sandbox.port) == on_disk(&sandbox));
        wait_for("its report", || sandbox.read("watched").contains("was reloaded"));
        // a broken file is told once, and the broker hears of nothing
        let reloads = || sandbox.read("log/mosquitto.log").matches("Reloading config").count();
        let (acl, before) = (sandbox.read(ACL), reloads());
        sandbox.write(ACL, format!("{acl}topic\tread #\n"));
        wait_for("a word about it", || sandbox.read("watched").contains("acl-file-broken"));
        sandbox.mqsec_with_input(&["passwd", "add", "bob", "--stdin"], "x\n").ok();
        let bob = sandbox.read(ACL);
        let looks = std::time::Instant::now();
        wait_for("some more looks", || looks.elapsed().as_secs() >= 4);
        assert_eq!(sandbox.read("watched").matches("error[acl-file-broken]").count(), 1, "{}", sandbox.read("watched"));
        assert_eq!(reloads(), before, "the broker was told of a broken file");
        session.ping().unwrap();
        sandbox.write(ACL, bob.replace("topic\tread #\n", ""));
        wait_for("bob", || Live::connect(&sandbox, "admin", "bob", "x", "bob").is_ok());
        // the broker goes and comes again
        sandbox.mqsec(&["down"]).ok();
        sandbox.mqsec(&["broker-cert", "--days", "201"]).ok();
        wait_for("a word about it", || sandbox.read("watched").contains("waiting for it"));
        sandbox.mqsec(&["up"]).ok();
        sandbox.mqsec(&["broker-cert", "--days", "202"]).ok();
        wait_for("the newest certificate", || shown(&sandbox, sandbox.port) == on_disk(&sandbox));
        // what needs a restart is told, and not done
        let process = sandbox.read(".mqsec/broker.pid");
        let conf = sandbox.read(CONF);
        sandbox.write(CONF, conf.replace("max_packet_size 1048576", "max_packet_size 5000"));
        wait_for("a word about it", || sandbox.read("watched").contains("`max_packet_size` changed"));
        assert_eq!(sandbox.read(".mqsec/broker.pid"), process);
        sandbox.mqsec(&["watch", "--once"]).exits(1);
        sandbox.mqsec(&["watch", "--once", "--restart"]).ok();
        assert_ne!(sandbox.read(".mqsec/broker.pid"), process);
        let id = rustix::process::Pid::from_child(&watch.0);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        assert_eq!(watch.0.wait().unwrap().code(), Some(0));
        let mut text = String::new();
        std::fs::File::open(sandbox.dir.join("watched")).unwrap().read_to_string(&mut text).unwrap();
        assert!(!text.contains("panicked"), "{text}");
    }
}
