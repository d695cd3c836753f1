//! Every kind of file has its code, whatever is cut off or changed.

use time::macros::datetime;

use super::*;
use crate::pki::advice::advise;
use crate::pki::authority::Authority;
use crate::pki::authority::Request;
use crate::pki::authority::Role;
use crate::pki::keys::KeyType;
use crate::pki::verify::As;
use crate::pki::verify::Case;
use crate::pki::verify::judge;

fn pair() -> (Authority, String, Vec<u8>) {
    let now = datetime!(2026-06-01 12:00 UTC);
    let (ca, pem, key) = Authority::create(&"CA".parse().unwrap(), 100, KeyType::P256, now).unwrap();
    (ca, pem, key.to_vec())
}

fn code(bytes: &[u8]) -> &'static str {
    match certificates(bytes, "f") {
        Ok(found) => found.odd.first().map_or("", |finding| finding.code),
        Err(finding) => finding.code,
    }
}

#[test]
fn other_contents_are_named() {
    let (ca, pem, key) = pair();
    let now = datetime!(2026-06-01 12:00 UTC);
    let request = Request { common_name: "x".parse().unwrap(), role: Role::Client, days: 5, key_type: KeyType::P256 };
    let csr = ca.issue(&request, now).unwrap().csr_pem;
    let der = |pem: &str| blocks(pem.as_bytes())[0].decode().unwrap().to_vec();
    let crl = ca.empty_crl(now).unwrap();
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(pem.bytes().flat_map(|byte| [byte, 0])).collect();
    let cut = &pem[..pem.len() / 2];
    for (bytes, expected) in [
        (pem.as_bytes(), ""),
        (format!("\u{feff}{}", pem.replace('\n', "\r\n")).as_bytes(), ""),
        (format!("subject=x\n{pem}{}", String::from_utf8_lossy(&key)).as_bytes(), ""),
        (&der(&pem), "file-is-der"),
        (b"", "file-empty"),
        (b" \n\n", "file-empty"),
        (cut.as_bytes(), "file-truncated"),
        (format!("{cut}\n{pem}").as_bytes(), "file-truncated"),
        (&der(&pem)[..100], "file-truncated"),
        (&key, "file-is-key"),
        (&der(&String::from_utf8_lossy(&key)), "file-is-key"),
        (csr.as_bytes(), "file-is-request"),
        (&der(&csr), "file-is-request"),
        (crl.as_bytes(), "file-is-crl"),
        (&der(&crl), "file-is-crl"),
        (&ca.certificate.spki, "file-is-public-key"),
        (pem.replacen("MII", "MIX", 1).as_bytes(), "certificate-damaged"),
        (pem.replacen("\nMII", "\nM?I", 1).as_bytes(), "certificate-damaged"),
        (&utf16, "file-not-pem"),
        (pem.replace('\n', " ").as_bytes(), "file-not-pem"),
        (b"<!DOCTYPE html><html>", "file-not-pem"),
        (b"hello", "file-not-pem"),
        (&[0xde, 0xad, 0xbe, 0xef], "file-not-pem"),
        (&[0x30, 0x82, 0xff, 0xff, 0xff], "file-truncated"),
        (&[0x30], "file-not-pem"),
        (b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "certificate-damaged"),
    ] {
        assert_eq!(code(bytes), expected, "{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(80)]));
    }
}

#[test]
fn there_are_limits() {
    let (_, pem, _) = pair();
    assert_eq!(code(pem.repeat(MOST).as_bytes()), "");
    assert_eq!(code(pem.repeat(MOST + 1).as_bytes()), "chain-too-long");
    assert_eq!(code(&vec![b'A'; (LARGEST_FILE + 1) as usize]), "file-too-large");
    let large = format!("-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n", "AAAA\n".repeat(40_000));
    assert_eq!(code(large.as_bytes()), "certificate-too-large");
    // millions of lines, none of which closes what another opened
    let hostile = "-----BEGIN CERTIFICATE-----\n".repeat(1_000_000);
    assert_eq!(code(hostile.as_bytes()), "chain-too-long");
}

#[test]
fn nothing_makes_it_panic() {
    let (ca, pem, key) = pair();
    let now = datetime!(2026-06-01 12:00 UTC);
    let crl = ca.empty_crl(now).unwrap();
    for seed in [
        pem.as_bytes(),
        &key,
        crl.as_bytes(),
        &ca.certificate.der,
        &Crl::all_from_pem(crl.as_bytes(), "c").unwrap()[0].der,
    ] {
        for at in 0..seed.len() {
            let _ = certificates(&seed[..at], "f");
            let mut bent = seed.to_vec();
            for change in [1, 0x80, 0xff] {
                bent[at] = seed[at] ^ change;
                let _ = (revocation_lists(&bent, "f"), public_key(&bent, "f"));
                if let Ok(found) = certificates(&bent, "f") {
                    judged(&found.list[0], &ca.certificate);
                }
            }
        }
    }
}

fn judged(bent: &Certificate, ca: &Certificate) {
    let now = datetime!(2026-06-01 12:00 UTC);
    let (bent, ca) = (std::slice::from_ref(bent), std::slice::from_ref(ca));
    for role in [As::Authority, As::Server, As::Client] {
        for (leaf, sent, trust) in [(&bent[0], ca, ca), (&ca[0], bent, bent), (&bent[0], bent, bent)] {
            let case = Case { intermediates: sent, trust, ..Case::new(leaf, role, now) };
            let _ = (judge(&case), advise(&case));
        }
    }
}
