//! The broker's certificate, and its TLS.

use super::maker::everywhere;
use super::maker::in_every;
use crate::support::VERSIONS;
use crate::support::wait_for;

/// A world whose broker shows this certificate of the kit.
fn shown(certificate: &str, title: &str, code: &str, args: &[&str]) {
    everywhere(|world| {
        // the authorities lie in the folder, for those who look
        world.put("upper.crt", "certs/upper.crt").put("lower.crt", "certs/lower.crt");
        // what is weak is loaded by a broker that is told to
        world.listener("ciphers DEFAULT:@SECLEVEL=0").broker_shows(certificate).start();
        world.says(title, 1, code, args);
        world.check(&format!("{title} (TLS 1.2)"), 1, code, &[args, &["--tls", "1.2"]].concat());
    });
}

/// A test each: the certificate of the kit, the world's title, the code, the arguments.
macro_rules! shown {
    ($($test:ident: $certificate:literal, $title:literal, $code:literal, $args:expr;)*) => {$(
        #[test]
        fn $test() {
            shown($certificate, $title, $code, $args);
        }
    )*};
}

const ADDRESS: &[&str] = &["--host", "127.0.0.1"];

shown! {
    of_an_unknown_authority: "other", "the broker's certificate is of an unknown authority",
        "tls-broker-unknown-authority", &[];
    of_a_namesake: "twin", "the broker's certificate is of another authority with the same name",
        "tls-broker-other-authority", &[];
    self_signed: "self-signed", "the broker's certificate is self-signed", "tls-broker-self-signed", &[];
    expired: "expired", "the broker's certificate is expired", "tls-broker-expired", &[];
    not_yet_valid: "early", "the broker's certificate is not yet valid", "tls-broker-not-yet-valid", &[];
    of_another_name: "elsewhere", "the broker's certificate is for another name", "tls-name-mismatch", &[];
    without_the_address: "no-address", "the broker's certificate does not have the address",
        "tls-name-mismatch", ADDRESS;
    the_address_as_a_name: "address-as-name", "the broker's certificate has the address as a DNS name",
        "tls-name-mismatch", ADDRESS;
    a_common_name_only: "nameless", "the broker's certificate has a common name only", "tls-broker-without-names", &[];
    for_clients_only: "client-role", "the broker's certificate is for clients only", "tls-broker-wrong-role", &[];
    an_authority_by_its_extensions: "authority", "the broker's certificate is an authority's",
        "tls-broker-is-authority", &[];
    without_its_chain: "chain-alone", "the broker does not send the intermediate certificates",
        "tls-broker-intermediate-missing", &[];
    a_short_key: "rsa1024", "the broker's key has 1024 bits", "tls-broker-weak", &[];
    an_old_signature: "sha1", "the broker's certificate is signed with SHA-1", "tls-broker-weak", &[];
}

#[test]
fn another_name_may_be_asked_for() {
    everywhere(|world| {
        world.broker_shows("elsewhere").start();
        world.check("another name, with --sni", 0, "", &["--sni", "broker.lan"]);
    });
}

#[test]
fn the_authority_itself() {
    everywhere(|world| {
        world.put("ca.crt", "certs/broker/broker.crt").put("ca.key", "certs/broker/broker.key").start();
        world.says("the broker shows the authority's own certificate", 1, "tls-broker-is-authority", &[]);
    });
}

/// Wrong, but every client's library sorts it.
#[test]
fn a_chain_in_the_wrong_order() {
    everywhere(|world| {
        world.broker_shows("chain-alone-upper-lower").start();
        world.says("the intermediate certificates are in the wrong order", 0, "", &[]);
    });
}

#[test]
fn a_chain_that_is_right() {
    everywhere(|world| {
        world.broker_shows("chain-alone-lower-upper").start();
        world.check("a chain that is right", 0, "", &[]);
    });
}

#[test]
fn brokers_that_do_not_start() {
    everywhere(|world| {
        world.broker_shows("chain-lower-upper-alone");
        assert!(world.dies().contains("key values mismatch"));
        world.says("the broker's own certificate is last in its file: no broker runs", 2, "connect-refused", &[]);
        // with the usual ciphers
        world.broker_shows("rsa1024");
        assert!(world.dies().contains("ee key too small"));
    });
}

#[test]
fn tls_1_3_only() {
    everywhere(|world| {
        world.conf(&[("tls_version tlsv1.2", "tls_version tlsv1.3")]).start();
        world.says("the broker speaks TLS 1.3 only", 1, "tls-version-refused", &["--tls", "1.2"]);
        world.check("TLS 1.3", 0, "", &["--tls", "1.3"]);
    });
}

/// A PSK file anywhere ends TLS 1.3 everywhere, but in 2.0.11.
#[test]
fn tls_1_2_only() {
    in_every(&VERSIONS[1..], |world| {
        world.sandbox.write("config/psk", "device:00112233\n");
        world.conf(&[("password_file", "psk_file config/psk\npassword_file")]).start();
        world.says("the broker speaks TLS 1.2 only", 1, "tls-version-refused", &["--tls", "1.3"]);
        world.check("TLS 1.2", 0, "", &["--tls", "1.2"]);
    });
}

#[test]
fn renewed_but_not_read() {
    everywhere(|world| {
        world.broker_shows("expired").start();
        world.broker_shows("good");
        let title = "the broker's certificate is renewed, but the broker has not read it";
        world.says(title, 1, "broker-not-reloaded", &[]);
        world.signal("HUP");
        wait_for("the reload", || world.test_connect(&[]).output().unwrap().status.success());
    });
}

/// 2.1 ends when it reads such a pair again.
#[test]
fn a_pair_that_does_not_fit() {
    in_every(&["2.0.11", "2.0.21"], |world| {
        world.start();
        world.put("stranger.key", "certs/broker/broker.key");
        world.signal("HUP");
        world.logged("Error when reloading certificate");
        world.says("the broker read a key that does not belong to its certificate", 1, "broker-key-mismatch", &[]);
    });
}
