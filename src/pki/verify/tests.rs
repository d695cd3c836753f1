//! Each fault has its code, with certificates that mqsec makes itself. What only other tools make is judged in
//! `tests/it/diagnosis/certificates.rs`.

use time::macros::datetime;

use super::*;
use crate::pki::authority::Authority;
use crate::pki::authority::Request;
use crate::pki::authority::Role;
use crate::pki::keys::KeyType;

const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

fn authority(name: &str, key_type: KeyType) -> Authority {
    Authority::create(&name.parse().unwrap(), 3650, key_type, NOW).unwrap().0
}

fn issue(ca: &Authority, role: Role) -> Certificate {
    ca.issue(&Request { common_name: "x".parse().unwrap(), role, days: 100, key_type: KeyType::P256 }, NOW)
        .unwrap()
        .certificate
}

fn broker() -> Role {
    Role::Broker { names: vec!["b.lan".parse().unwrap(), "10.0.0.1".parse().unwrap()] }
}

fn codes(
    certificate: &Certificate,
    trust: &Certificate,
    role: As,
    hosts: &[&str],
    now: OffsetDateTime,
) -> Vec<&'static str> {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let trust = [trust.clone()];
    let case = Case { trust: &trust, hosts: &hosts, warn: Duration::days(30), ..Case::new(certificate, role, now) };
    judge(&case).into_iter().map(|finding| finding.code).collect()
}

#[test]
fn what_mqsec_issues_is_valid_with_every_key_type() {
    for kind in [KeyType::P256, KeyType::P384, KeyType::Ed25519, KeyType::Rsa2048] {
        let ca = authority("CA", kind);
        let none: &[&str] = &[];
        assert_eq!(codes(&issue(&ca, broker()), &ca.certificate, As::Server, &["b.lan", "10.0.0.1"], NOW), none);
        assert_eq!(codes(&issue(&ca, Role::Client), &ca.certificate, As::Client, &[], NOW), none);
        assert_eq!(codes(&ca.certificate, &ca.certificate, As::Authority, &[], NOW), none);
    }
}

#[test]
fn a_period_that_ends_before_it_begins_is_a_finding() {
    let ca = authority("CA", KeyType::P256);
    let mut backwards = issue(&ca, broker());
    backwards.not_after = backwards.not_before - Duration::days(1);
    for at in [backwards.not_after, NOW, NOW + Duration::days(1000)] {
        assert_eq!(codes(&backwards, &ca.certificate, As::Server, &[], at)[0], "certificate-expired");
    }
}

#[test]
fn each_fault_has_its_code() {
    let (ca, twin, other) =
        (authority("CA", KeyType::P256), authority("CA", KeyType::P256), authority("B", KeyType::P256));
    let (server, client) = (issue(&ca, broker()), issue(&ca, Role::Client));
    let ca = &ca.certificate;
    let day = Duration::days(1);
    assert_eq!(codes(&server, ca, As::Server, &[], NOW + 101 * day), ["certificate-expired"]);
    assert_eq!(codes(&server, ca, As::Server, &[], NOW + 90 * day), ["certificate-expiring"]);
    assert_eq!(codes(&server, ca, As::Server, &[], NOW - 2 * day), ["certificate-not-yet-valid"]);
    assert_eq!(codes(&server, ca, As::Server, &["c.lan", "10.0.0.2"], NOW), ["tls-name-mismatch"; 2]);
    assert_eq!(codes(&server, ca, As::Client, &[], NOW), ["certificate-wrong-role"]);
    assert_eq!(codes(&client, ca, As::Server, &[], NOW), ["certificate-wrong-role", "certificate-common-name-only"]);
    assert_eq!(codes(&client, &twin.certificate, As::Client, &[], NOW), ["certificate-other-authority"]);
    assert_eq!(codes(&client, &other.certificate, As::Client, &[], NOW), ["certificate-unknown-issuer"]);
    assert_eq!(codes(&client, ca, As::Authority, &[], NOW), ["ca-not-an-authority"]);
    assert!(codes(ca, ca, As::Server, &[], NOW).contains(&"certificate-is-authority"));
    assert!(codes(&server, ca, As::Server, &[], NOW + 4000 * day).contains(&"ca-expired"));
}

#[test]
fn the_state_of_the_list_is_told() {
    let (ca, twin, other) =
        (authority("CA", KeyType::P256), authority("CA", KeyType::P256), authority("B", KeyType::P256));
    let client = issue(&ca, Role::Client);
    let crl = |of: &Authority, now| Crl::all_from_pem(of.empty_crl(now).unwrap().as_bytes(), "crl").unwrap().remove(0);
    let trust = [ca.certificate.clone()];
    let codes = |crls: &[Crl], role, now| -> Vec<&'static str> {
        let case = Case { trust: &trust, crls, ..Case::new(&client, role, now) };
        judge(&case).into_iter().map(|finding| finding.code).collect()
    };
    let good = crl(&ca, NOW);
    assert_eq!(codes(std::slice::from_ref(&good), As::Client, NOW), [""; 0]);
    assert_eq!(codes(&[crl(&twin, NOW)], As::Client, NOW), ["crl-other-issuer"]);
    assert_eq!(codes(&[crl(&other, NOW)], As::Client, NOW), ["crl-other-issuer"]);
    // beside a good one, others are no matter
    assert_eq!(codes(&[crl(&other, NOW), good.clone(), crl(&twin, NOW)], As::Client, NOW), [""; 0]);
    assert_eq!(codes(&[crl(&ca, NOW + Duration::days(9))], As::Client, NOW), ["crl-not-yet-valid"]);
    let mut ended = good.clone();
    ended.next_update = Some(NOW - Duration::days(1));
    assert_eq!(codes(std::slice::from_ref(&ended), As::Client, NOW), ["crl-expired"]);
    assert_eq!(codes(&[ended.clone(), good.clone()], As::Client, NOW), [""; 0]);
    let mut unsigned = good.clone();
    *unsigned.der.last_mut().unwrap() ^= 1;
    assert_eq!(codes(&[unsigned], As::Client, NOW), ["crl-bad-signature"]);
    let alone = |crl: &Crl| judge_crl(crl, &trust, NOW, Duration::ZERO).first().map(|finding| finding.code);
    assert_eq!((alone(&good), alone(&ended)), (None, Some("crl-expired")));
    assert_eq!(alone(&crl(&other, NOW)), Some("crl-other-issuer"));
}

#[test]
fn another_key_and_another_order_are_told() {
    let ca = authority("CA", KeyType::P256);
    let (server, client) = (issue(&ca, broker()), issue(&ca, Role::Client));
    let trust = [ca.certificate.clone()];
    let case = Case { trust: &trust, key: Some(&client.spki), ..Case::new(&server, As::Server, NOW) };
    assert_eq!(judge(&case)[0].code, "key-mismatch");
    let turned = [server.clone()];
    let case = Case { intermediates: &turned, key: Some(&server.spki), ..case };
    let case = Case { certificate: &ca.certificate, ..case };
    assert_eq!(judge(&case).iter().map(|finding| finding.code).collect::<Vec<_>>(), ["chain-wrong-order"]);
    let case = Case { intermediates: &[], certificate: &server, trust: &turned, ..case };
    assert_eq!(judge(&case)[0].code, "ca-file-holds-leaf");
}

#[test]
fn ranks_have_no_code_twice() {
    let mut codes: Vec<usize> = rank::USEFUL_FIRST.iter().map(|code| rank::of(code)).collect();
    codes.dedup();
    assert_eq!(codes.len(), rank::USEFUL_FIRST.len());
}

#[test]
fn a_thousand_authorities_of_one_name_cost_little() {
    let (twin, other) = (authority("CA", KeyType::P256), authority("CA", KeyType::P256));
    let client = issue(&other, Role::Client);
    let mut hostile = Vec::new();
    for at in 0..1000_u16 {
        let mut der = twin.certificate.der.to_vec();
        let end = der.len() - 2;
        der[end..].copy_from_slice(&at.to_be_bytes());
        let der = der.into();
        hostile.push(Certificate { der, ..twin.certificate.clone() });
    }
    let trust = [twin.certificate.clone()];
    let case = Case { intermediates: &hostile, trust: &trust, others: &hostile, ..Case::new(&client, As::Client, NOW) };
    let begin = std::time::Instant::now();
    assert_eq!(judge(&case)[0].code, "chain-too-long");
    assert!(begin.elapsed() < std::time::Duration::from_secs(5), "{:?}", begin.elapsed());
}
