//! The client's certificate, and the lists by which the broker judges it.

use super::maker::World;
use super::maker::everywhere;
use crate::support::wait_for;

/// Under TLS 1.3 the broker refuses after the handshake, under 1.2 in it.
fn both(world: &World, title: &str, status: i32, code: &str, args: &[&str]) {
    world.says(title, status, code, args);
    world.check(&format!("{title} (TLS 1.2)"), status, code, &[args, &["--tls", "1.2"]].concat());
}

#[test]
fn the_broker_refuses_the_certificate() {
    everywhere(|world| {
        world.put("ca-revoked.crl", "certs/broker/ca.crl").start();
        let password = world.sandbox.password("client");
        let title = "the client shows no certificate";
        both(world, title, 1, "tls-client-certificate-missing", &["client", &password]);
        for (name, code, title) in [
            ("expired", "tls-client-expired", "is expired"),
            ("early", "tls-client-not-yet-valid", "is not yet valid"),
            ("other", "tls-client-unknown-authority", "is of another authority"),
            ("twin", "tls-client-other-authority", "is of another authority with the same name"),
            ("twin-no-id", "tls-client-other-authority", "is of another authority with the same name, without key ids"),
            ("server-role", "tls-client-wrong-role", "is for brokers only"),
            ("self-signed", "tls-client-self-signed", "is self-signed"),
            ("revoked", "tls-client-revoked", "is revoked"),
            ("rsa1024", "tls-client-weak", "has a key of 1024 bits"),
            ("sha1", "tls-client-weak", "is signed with SHA-1"),
        ] {
            world.has_client(name);
            both(world, &format!("the client's certificate {title}"), 1, code, &["--client", name]);
        }
        world.has_client("mismatch");
        let title = "the client's key does not belong to its certificate";
        world.says(title, 2, "key-mismatch", &["--client", "mismatch"]);
    });
}

/// A broker whose folder trusts an authority with an intermediate one below.
fn with_an_intermediate(world: &World, list: &str) {
    let read = |name: &str| {
        world.put(name, "config/part");
        world.sandbox.read("config/part")
    };
    let lists: String = list.split(' ').map(|name| read(&format!("{name}.crl"))).collect();
    world.sandbox.write("certs/broker/ca.crl", lists);
    world.put("upper.crt", "certs/upper.crt").has_client("alone").has_client("chain");
}

#[test]
fn an_intermediate_authority_issued_it() {
    everywhere(|world| {
        with_an_intermediate(world, "ca upper");
        world.start();
        world.check("a client with its chain", 0, "", &["--client", "chain"]);
        let title = "the client does not send the intermediate certificate";
        both(world, title, 1, "tls-client-intermediate-missing", &["--client", "alone"]);
    });
}

#[test]
fn the_list_of_its_issuer_is_missing() {
    everywhere(|world| {
        with_an_intermediate(world, "ca");
        world.start();
        world.check("a client of the authority itself", 0, "", &[]);
        let title = "the broker has no revocation list of the client's issuer";
        both(world, title, 1, "broker-crl-missing", &["--client", "chain"]);
    });
}

#[test]
fn the_root_above_its_issuer_is_missing() {
    everywhere(|world| {
        with_an_intermediate(world, "ca upper");
        world.put("upper.crt", "certs/broker/ca.crt").start();
        let title = "the broker's authorities are an intermediate one only";
        both(world, title, 1, "broker-trust-incomplete", &["--client", "chain"]);
    });
}

/// One list after the other: a broker reads it again when it is told to.
#[test]
fn the_brokers_revocation_list_is_at_fault() {
    everywhere(|world| {
        world.put("ca-expired.crl", "certs/broker/ca.crl").start();
        both(world, "the broker's revocation list is expired", 1, "broker-crl-expired", &[]);
        world.put("ca-early.crl", "certs/broker/ca.crl").reload();
        both(world, "the broker's revocation list is not yet valid", 1, "broker-crl-not-yet-valid", &[]);
        world.put("other.crl", "certs/broker/ca.crl").reload();
        both(world, "the broker's revocation list is of another issuer", 1, "broker-crl-other-issuer", &[]);
        world.put("ca.crl", "certs/broker/ca.crl").reload();
        world.check("a list without fault", 0, "", &[]);
    });
}

#[test]
fn the_broker_has_no_authorities() {
    everywhere(|world| {
        world.conf(&[("cafile certs/broker/ca.crt\n", ""), ("crlfile certs/broker/ca.crl\n", "")]).start();
        both(world, "the broker has no file of authorities", 1, "broker-trust-incomplete", &[]);
    });
}

#[test]
fn the_broker_has_not_read_its_authorities_again() {
    everywhere(|world| {
        world.start();
        let old = world.sandbox.read("certs/broker/ca.crt");
        world.put("other.crt", "certs/broker/ca.crt");
        let new = world.sandbox.read("certs/broker/ca.crt");
        world.sandbox.write("certs/broker/ca.crt", old + &new);
        world.put("other.crl", "config/part");
        let lists = world.sandbox.read("certs/broker/ca.crl") + &world.sandbox.read("config/part");
        world.sandbox.write("certs/broker/ca.crl", lists);
        world.has_client("other");
        let title = "the client's authority was added, but the broker has not read it";
        both(world, title, 1, "broker-not-reloaded", &["--client", "other"]);
        world.signal("HUP");
        let enters = || world.test_connect(&["--client", "other"]).output().unwrap().status.success();
        wait_for("the reload", enters);
    });
}

#[test]
fn the_broker_has_not_read_its_list_again() {
    everywhere(|world| {
        world.put("ca-expired.crl", "certs/broker/ca.crl").start();
        world.put("ca.crl", "certs/broker/ca.crl");
        let title = "the broker's revocation list was renewed, but the broker has not read it";
        both(world, title, 1, "broker-not-reloaded", &[]);
    });
}

#[test]
fn the_certificate_has_no_name() {
    everywhere(|world| {
        world.listener("use_identity_as_username true").has_client("no-name").start();
        world.check("an identity with a name", 0, "", &[]);
        let title = "the certificate that is the identity has no common name";
        both(world, title, 1, "identity-without-name", &["--client", "no-name"]);
        world.check(title, 1, "identity-without-name", &["--client", "no-name", "--mqtt", "3.1.1"]);
    });
}
