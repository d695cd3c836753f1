//! What the authority issues, asked of the judge.

use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

fn authority(days: u32) -> Authority {
    Authority::create(&"Test CA".parse().unwrap(), days, KeyType::P256, NOW).unwrap().0
}

fn request(days: u32, role: Role) -> Request {
    Request { common_name: "leaf".parse().unwrap(), role, days, key_type: KeyType::P256 }
}

#[test]
fn the_authority_is_one_that_strict_clients_take() {
    let ca = authority(3650).certificate;
    assert!(ca.is_ca && ca.may_sign_certificates && ca.may_sign_crls && ca.version == 3);
    assert_eq!(ca.serial.len(), 32);
    assert_eq!(ca.not_after, NOW + Duration::days(3650));
}

#[test]
fn a_leaf_never_outlives_its_authority() {
    let ca = authority(30);
    let leaf = ca.issue(&request(365, Role::Client), NOW).unwrap().certificate;
    assert_eq!(leaf.not_after, ca.certificate.not_after);
    assert!(leaf.not_before >= ca.certificate.not_before);
}

#[test]
fn a_signing_authority_issues_leaves_alone_and_ends_with_its_root() {
    let root = authority(100);
    let (signing, ..) = root.create_signing(&"Signing".parse().unwrap(), 365, KeyType::P384, NOW).unwrap();
    assert_eq!(signing.certificate.path_length, Some(0));
    assert_eq!(signing.certificate.not_after, root.certificate.not_after);
    assert!(signing.certificate.signed_by(&root.certificate) && signing.certificate.may_sign_crls);
    let leaf = signing.issue(&request(365, Role::Client), NOW).unwrap().certificate;
    assert!(leaf.signed_by(&signing.certificate) && leaf.not_after == root.certificate.not_after);
}

#[test]
fn a_cross_certificate_has_the_other_roots_name_and_key() {
    for kind in [KeyType::P256, KeyType::Ed25519, KeyType::Rsa2048] {
        let (old, new) = (authority(100), Authority::create(&"New".parse().unwrap(), 365, kind, NOW).unwrap().0);
        let pem = old.cross_sign(&new.certificate, NOW).unwrap();
        let cross = Certificate::from_pem(pem.as_bytes(), "x").unwrap();
        assert!(cross.signed_by(&old.certificate) && cross.spki == new.certificate.spki);
        assert!(cross.is_ca && cross.path_length.is_none() && cross.subject_key_id == new.certificate.subject_key_id);
        assert_eq!(cross.not_after, old.certificate.not_after);
        assert_ne!(cross.serial, new.certificate.serial);
    }
}

#[test]
fn roles_and_names_are_written() {
    let ca = authority(3650);
    let names = vec!["b.lan".parse().unwrap(), "10.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
    let broker = ca.issue(&request(365, Role::Broker { names }), NOW).unwrap().certificate;
    assert!(broker.server_auth && !broker.client_auth && !broker.is_ca);
    assert_eq!(broker.names(), ["b.lan", "10.0.0.1", "::1"]);
    let client = ca.issue(&request(365, Role::Client), NOW).unwrap().certificate;
    assert!(client.client_auth && !client.server_auth);
    assert_ne!(client.serial, broker.serial);
}

#[test]
fn files_that_cannot_issue_are_refused() {
    let (_, cert, key) = Authority::create(&"A".parse().unwrap(), 10, KeyType::P256, NOW).unwrap();
    let (ca, _, other) = Authority::create(&"A".parse().unwrap(), 10, KeyType::P256, NOW).unwrap();
    let load = |cert: &[u8], key: &[u8], now| {
        Authority::load(cert, "c", key, "k", now).err().map(|e| crate::error::Diagnose::code(&e))
    };
    assert_eq!(load(cert.as_bytes(), &key, NOW), None);
    assert_eq!(load(cert.as_bytes(), &other, NOW), Some("ca-key-mismatch"));
    assert_eq!(load(cert.as_bytes(), &key, NOW + Duration::days(11)), Some("ca-expired"));
    assert_eq!(load(&key, &key, NOW), Some("pem-wrong-content"));
    let leaf = ca.issue(&request(5, Role::Client), NOW).unwrap();
    assert_eq!(load(leaf.certificate_pem.as_bytes(), &leaf.key_pem, NOW), Some("ca-not-an-authority"));
}
