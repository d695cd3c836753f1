//! A root, a signing authority below it, and the root's key in a safe: with nothing but the root's certificate in hand
//! openssl, `mosquitto_pub` and `mosquitto_sub` of each version, rustls (our own client), Python's `ssl` with strict
//! flags and Node take the broker, and the broker takes them. Where one side does not send what stands between, all of
//! them refuse: so what lets them in is the chain.

use std::process::Stdio;

use serde_json::json;

use super::login::ACCEPTED;
use super::login::Client;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::VERSIONS;
use crate::support::peer;
use crate::support::tell;

const HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
const NAMES: [&str; 3] = ["broker.lan", "10.1.2.3", "fd00::5"];
const ROOT: &str = "device/root.crt";

/// How many connections and verifications of each program were accepted, and how many refused as they must be.
#[derive(Default)]
struct Counts {
    accepted: Vec<(String, usize)>,
    refused: usize,
}

impl Counts {
    fn accepted(&mut self, who: &str, times: usize) {
        match self.accepted.iter_mut().find(|(name, _)| name == who) {
            Some((_, count)) => *count += times,
            None => self.accepted.push((who.to_owned(), times)),
        }
    }

    fn of(&self, who: &str) -> usize {
        self.accepted.iter().find(|(name, _)| name == who).map_or(0, |(_, count)| *count)
    }
}

#[test]
fn every_program_takes_two_tiers_with_the_root_alone_on_2_0_21() {
    two_tiers("2.0.21");
}

#[test]
fn every_program_takes_two_tiers_with_the_root_alone_on_2_1_2() {
    two_tiers("2.1.2");
}

fn two_tiers(version: &str) {
    let sandbox = Sandbox::with_broker(version);
    let said = sandbox.mqsec(&["ca", "init", "--intermediate"]).ok();
    assert!(said.stdout.contains("move it to a stick"), "{}", said.stdout);
    // the root goes into the safe before anything is issued
    std::fs::rename(sandbox.dir.join("certs/ca.key"), sandbox.base.join("safe.key")).unwrap();
    let said = sandbox.up_native(&NAMES).ok();
    assert!(said.stdout.contains("8 of 8 proofs hold"), "{}", said.stdout);
    assert!(sandbox.up_native(&[]).ok().stdout.contains("8 of 8 proofs hold"));
    sandbox.mqsec(&["client-cert", "sensor-1"]).ok();
    the_folder_is_in_order(&sandbox);
    sandbox.mqsec(&["ca", "export", "--out", &sandbox.write(ROOT, "").display().to_string()]).ok();
    assert_eq!(sandbox.read(ROOT).matches("BEGIN CERTIFICATE").count(), 1, "a device has the root alone");
    assert_eq!(sandbox.read(ROOT), sandbox.read("certs/ca.crt"));

    let mut counts = Counts::default();
    openssl(&sandbox, &mut counts);
    mosquitto(&sandbox, &mut counts);
    rustls(&sandbox, &mut counts);
    for client in [Client::Python, Client::Node] {
        logins(&sandbox, client, &mut counts);
    }
    // the broker knows the root alone: what a client sends behind its own certificate decides
    sandbox.write("certs/broker/ca.crt", sandbox.read(ROOT));
    sandbox.mqsec(&["restart"]).ok();
    for client in VERSIONS {
        assert_eq!(publish(&sandbox, client, "localhost", "chain.crt").status, 0, "{client} with its chain");
        counts.accepted("mosquitto", 1);
        assert_ne!(publish(&sandbox, client, "localhost", "crt").status, 0, "{client} without its chain");
        counts.refused += 1;
    }
    rustls(&sandbox, &mut counts);
    for client in [Client::Python, Client::Node] {
        logins(&sandbox, client, &mut counts);
    }
    without_the_brokers_chain(&sandbox, &mut counts);
    tell(&format!(
        "two tiers on {version}, accepted: {:?}, refused as it must be: {}",
        counts.accepted, counts.refused
    ));
    for who in ["openssl", "mosquitto", "rustls", "Python", "Node"] {
        assert!(counts.of(who) > 0, "{who} was not asked");
    }
}

/// No command finds anything wrong, with the root's key away.
fn the_folder_is_in_order(sandbox: &Sandbox) {
    let said = sandbox.mqsec(&["verify"]).ok();
    assert!(!said.stdout.contains("key-not-here") && said.stdout.contains("certs/signing/ca.crt"), "{}", said.stdout);
    for target in ["ca", "broker", "admin", "sensor-1", "certs/ca.crl", "certs/client/admin/admin.chain.crt"] {
        sandbox.mqsec(&["verify", target]).ok();
    }
    let said = sandbox.mqsec(&["doctor"]).ok();
    assert!(said.stdout.contains("nothing is wrong"), "{}", said.stdout);
    sandbox.mqsec(&["status"]).ok();
    let shown = sandbox.mqsec(&["ca", "show", "--json"]).ok().json();
    let tiers: Vec<_> = shown["tiers"].as_array().unwrap().iter().map(|tier| tier["key_kept"].clone()).collect();
    assert_eq!(tiers, [json!("away"), json!("open")]);
    sandbox.mqsec(&["ca", "init"]).fails(1, "ca-exists");
}

fn openssl(sandbox: &Sandbox, counts: &mut Counts) {
    let client = "certs/client/admin/admin";
    let chain = format!("{client}.chain.crt");
    let verify = |purpose: &str, chain: &str, further: &[&str]| {
        let rules =
            ["verify", "-x509_strict", "-check_ss_sig", "-CAfile", ROOT, "-purpose", purpose, "-untrusted", chain];
        sandbox.run("openssl", &[&rules[..], further, &[chain]].concat())
    };
    for name in ["broker.lan", "localhost"] {
        verify("sslserver", "certs/broker/broker.crt", &["-verify_hostname", name]).ok();
    }
    verify("sslclient", &chain, &[]).ok();
    counts.accepted("openssl", 3);
    for tls in ["-tls1_2", "-tls1_3"] {
        for host in ["127.0.0.1", "[::1]"] {
            let address = format!("{host}:{}", sandbox.port);
            let mut args = vec!["s_client", "-connect", &address, tls, "-CAfile", ROOT, "-x509_strict", "-showcerts"];
            args.extend(["-verify_return_error", "-verify_hostname", "broker.lan", "-servername", "broker.lan"]);
            let key = format!("{client}.key");
            args.extend(["-cert", &chain, "-cert_chain", &chain, "-key", &key]);
            let said = sandbox.run("openssl", &args).ok();
            assert!(said.stdout.contains("Verify return code: 0 (ok)"), "{said:?}");
            assert_eq!(said.stdout.matches("BEGIN CERTIFICATE").count(), 2, "the broker sends its leaf and the issuer");
            counts.accepted("openssl", 1);
        }
    }
}

fn publish(sandbox: &Sandbox, version: &str, host: &str, certificate: &str) -> Said {
    let mut command = pub_or_sub(sandbox, version, "mosquitto_pub", host, certificate);
    command.args(["-t", "two/tiers", "-m", "x", "-q", "1"]);
    Said::of(command.output().unwrap())
}

fn pub_or_sub(sandbox: &Sandbox, version: &str, program: &str, host: &str, certificate: &str) -> std::process::Command {
    let mut command = sandbox.command(peer(version, program));
    command.args(["-h", host, "-p", &sandbox.port.to_string(), "--cafile", ROOT]);
    command.args(["-u", "admin", "-P", &sandbox.password("admin"), "--key", "certs/client/admin/admin.key"]);
    command.args(["--cert", &format!("certs/client/admin/admin.{certificate}")]);
    command
}

/// What one sends reaches another of the same version; with the leaf alone too, because the broker knows what is between.
fn mosquitto(sandbox: &Sandbox, counts: &mut Counts) {
    for version in VERSIONS {
        for host in HOSTS {
            let topic = format!("two/tiers/{version}/{host}");
            let mut subscriber = pub_or_sub(sandbox, version, "mosquitto_sub", host, "chain.crt");
            subscriber.args(["-t", &topic, "-q", "1", "-C", "1", "-W", "20"]);
            let subscriber = subscriber.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
            let mut publisher = pub_or_sub(sandbox, version, "mosquitto_pub", host, "chain.crt");
            publisher.args(["-t", &topic, "-m", "through", "-q", "1", "-r"]);
            let published = Said::of(publisher.output().unwrap());
            let received = Said::of(subscriber.unwrap().wait_with_output().unwrap());
            assert_eq!(
                (published.status, received.status, received.stdout.trim_end()),
                (0, 0, "through"),
                "{published:?}\n{received:?}\n{}",
                sandbox.read("log/mosquitto.log")
            );
            counts.accepted("mosquitto", 2);
        }
        assert_eq!(publish(sandbox, version, "localhost", "crt").status, 0, "{version}");
        counts.accepted("mosquitto", 1);
    }
}

fn rustls(sandbox: &Sandbox, counts: &mut Counts) {
    for host in HOSTS {
        let password = sandbox.password("admin");
        sandbox.mqsec(&["test-connect", "admin", &password, "admin", "--host", host, "--ca", ROOT]).ok();
        counts.accepted("rustls", 1);
    }
}

fn logins(sandbox: &Sandbox, client: Client, counts: &mut Counts) {
    let attempts: Vec<_> = ["1.2", "1.3"]
        .into_iter()
        .flat_map(|tls| HOSTS.into_iter().chain(NAMES).map(move |name| (tls, name)))
        .map(|(tls, name)| {
            let address = if HOSTS.contains(&name) { name } else { "127.0.0.1" };
            json!({ "name": name, "address": address, "tls": tls, "user": "admin", "password": sandbox.password("admin") })
        })
        .collect();
    let answers = client.login(sandbox, Some("admin"), attempts.clone());
    for (answer, attempt) in answers.iter().zip(&attempts) {
        assert_eq!(*answer, json!(ACCEPTED), "{client:?}: {attempt}");
    }
    counts.accepted(&format!("{client:?}"), answers.len());
}

/// A broker that sends its leaf alone is refused by all of them: they have the root, and nothing between.
fn without_the_brokers_chain(sandbox: &Sandbox, counts: &mut Counts) {
    let chain = sandbox.read("certs/broker/broker.crt");
    let (leaf, _) = chain.split_once("-----END CERTIFICATE-----\n").unwrap();
    sandbox.write("certs/broker/broker.crt", format!("{leaf}-----END CERTIFICATE-----\n"));
    sandbox.mqsec(&["restart"]).ok();
    let address = format!("127.0.0.1:{}", sandbox.port);
    let args = ["s_client", "-connect", &address, "-CAfile", ROOT, "-verify_return_error"];
    assert_ne!(sandbox.run("openssl", &args).status, 0);
    for version in VERSIONS {
        assert_ne!(publish(sandbox, version, "localhost", "chain.crt").status, 0, "{version}");
    }
    let password = sandbox.password("admin");
    let args = ["test-connect", "admin", &password, "admin", "--ca", ROOT];
    sandbox.mqsec(&args).fails(1, "tls-broker-intermediate-missing");
    sandbox.mqsec(&["verify", "broker"]).exits(1);
    for client in [Client::Python, Client::Node] {
        let attempt = json!({ "name": "localhost", "tls": "1.3", "user": "admin", "password": password });
        let answers = client.login(sandbox, Some("admin"), vec![attempt]);
        assert!(answers[0].is_string(), "{client:?} took a broker that sent no chain: {answers:?}");
    }
    counts.refused += 7;
    // `up` puts what is missing behind the leaf again
    assert!(sandbox.up_native(&[]).ok().stdout.contains("8 of 8 proofs hold"));
    assert_eq!(sandbox.read("certs/broker/broker.crt"), chain);
    sandbox.mqsec(&args).ok();
}
