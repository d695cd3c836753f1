//! Lists of cipher suites as OpenSSL reads them, as far as it matters: whether any suite is left, and which keys fit.

use crate::pki::parsed::KeyKind;
use crate::series::Series;

/// The suites of TLS 1.3.
const SUITES_13: &[&str] = &[
    "TLS_AES_128_CCM_8_SHA256",
    "TLS_AES_128_CCM_SHA256",
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
];

/// Words that stand for groups of suites (openssl-ciphers(1)).
const GROUPS: &[&str] = &[
    "3DES",
    "ADH",
    "AES",
    "AES128",
    "AES256",
    "AESCCM",
    "AESCCM8",
    "AESGCM",
    "ALL",
    "ARIA",
    "ARIA128",
    "ARIA256",
    "ARIAGCM",
    "CAMELLIA",
    "CAMELLIA128",
    "CAMELLIA256",
    "CBC",
    "CHACHA20",
    "COMPLEMENTOFALL",
    "COMPLEMENTOFDEFAULT",
    "DEFAULT",
    "DH",
    "DHE",
    "DHEPSK",
    "DSS",
    "ECDH",
    "ECDHE",
    "ECDHEPSK",
    "ECDSA",
    "EDH",
    "EECDH",
    "HIGH",
    "MEDIUM",
    "PSK",
    "RSA",
    "RSAPSK",
    "SHA",
    "SHA1",
    "SHA256",
    "SHA384",
    "SRP",
    "SUITEB128",
    "SUITEB128C2",
    "SUITEB128ONLY",
    "SUITEB192",
    "TLSv1",
    "TLSv1.0",
    "TLSv1.2",
    "aDSS",
    "aECDSA",
    "aNULL",
    "aPSK",
    "aRSA",
    "eNULL",
    "NULL",
    "kDHE",
    "kDHEPSK",
    "kECDHE",
    "kECDHEPSK",
    "kEDH",
    "kEECDH",
    "kPSK",
    "kRSA",
    "kRSAPSK",
    "kSRP",
];

/// What a suite's name is made of: key exchange and signature, then cipher, then hash.
fn is_suite(name: &str) -> bool {
    let kinds = [
        "ECDHE-ECDSA-",
        "ECDHE-RSA-",
        "ECDHE-PSK-",
        "DHE-RSA-",
        "DHE-DSS-",
        "DHE-PSK-",
        "RSA-PSK-",
        "PSK-",
        "SRP-",
        "ADH-",
        "AECDH-",
        "",
    ];
    let ciphers = [
        "AES128",
        "AES256",
        "AES-128",
        "AES-256",
        "CHACHA20-POLY1305",
        "CAMELLIA128",
        "CAMELLIA256",
        "ARIA128",
        "ARIA256",
        "ARIA-128",
        "ARIA-256",
        "NULL",
        "DES-CBC3",
    ];
    let rest = kinds.iter().find_map(|kind| name.strip_prefix(kind));
    rest.is_some_and(|rest| {
        ciphers.iter().filter_map(|cipher| rest.strip_prefix(cipher)).any(|tail| {
            ["", "-SHA", "-SHA256", "-SHA384", "-GCM-SHA256", "-GCM-SHA384", "-CCM", "-CCM8", "-CBC-SHA"]
                .contains(&tail)
        })
    })
}

/// Suites and groups that the OpenSSL of every Debian leaves out: lists of them alone are empty.
const ABSENT: &[&str] = &["3DES", "DES-CBC3-SHA", "DES-CBC3", "RC4", "SEED", "IDEA", "LOW", "EXPORT"];

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split([':', ',', ' ', ';']).filter(|word| !word.is_empty())
}

/// The words that add suites, without those that take some away or only move them.
fn adding(list: &str) -> impl Iterator<Item = &str> {
    words(list).filter(|word| !word.starts_with(['!', '-', '+', '@']))
}

/// Whether `SSL_CTX_set_cipher_list` finds a suite in the list; it reads over words that it does not know.
pub(super) fn names_any(list: &str, series: Series) -> bool {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || ":, ;-+!@=._".contains(letter);
    let level = words(list).find_map(|word| word.strip_prefix("@SECLEVEL="));
    if !list.chars().all(allowed) || level.is_some_and(|level| !matches!(level, "0" | "1" | "2" | "3" | "4" | "5")) {
        return false;
    }
    let known = |part: &str| {
        let here = !ABSENT.contains(&part) && (part != "MEDIUM" || series != Series::V20);
        here && (GROUPS.contains(&part) || is_suite(part))
    };
    let taken: Vec<&str> = words(list).filter_map(|word| word.strip_prefix(['!', '-'])).collect();
    adding(list).any(|word| !taken.contains(&word) && word.split('+').all(known))
}

/// Whether `SSL_CTX_set_ciphersuites` takes the list.
pub(super) fn names_any_13(list: &str) -> bool {
    list.split(':').filter(|word| !word.is_empty()).any(|word| SUITES_13.contains(&word.trim()))
}

/// Whether a list of suites for TLS 1.2 has one for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suits {
    Yes,
    /// Every suite wants another kind of key.
    OtherKey,
    /// These are suites of TLS 1.3, which `ciphers` does not name.
    Only13,
    /// A group is named: OpenSSL decides.
    Unknown,
}

/// How a value of `ciphers` goes with the broker's key, where every word of it is a single suite.
pub fn suits(list: &str, key: KeyKind) -> Suits {
    let words: Vec<&str> = adding(list).collect();
    if !words.is_empty() && words.iter().all(|word| SUITES_13.contains(word)) {
        return Suits::Only13;
    }
    let wants = |word: &&str| match *word {
        word if word.contains("ECDSA") => Some(false),
        word if word.starts_with("ECDHE-RSA-") || word.starts_with("DHE-RSA-") || word.starts_with("AES") => Some(true),
        "RSA" | "aRSA" | "kRSA" => Some(true),
        _ => None,
    };
    let kinds: Vec<Option<bool>> = words.iter().map(wants).collect();
    let rsa = match key {
        KeyKind::Rsa(_) => true,
        KeyKind::P256 | KeyKind::P384 | KeyKind::P521 | KeyKind::Ed25519 => false,
        KeyKind::Other => return Suits::Unknown,
    };
    match kinds.as_slice() {
        [] => Suits::Unknown,
        kinds if kinds.contains(&Some(rsa)) => Suits::Yes,
        kinds if kinds.iter().all(Option::is_some) => Suits::OtherKey,
        _ => Suits::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_suites_or_it_does_not() {
        for list in ["HIGH", "DEFAULT:!aNULL", "ECDHE+AESGCM", "ECDHE-ECDSA-AES128-GCM-SHA256", "nonsense:AES128-SHA"] {
            assert!(names_any(list, Series::V21), "{list}");
        }
        for list in [
            "nonsense",
            "HIGH # x",
            "HIGH:!HIGH",
            "MEDIUM",
            "TLS_AES_128_GCM_SHA256",
            "!HIGH",
            "@STRENGTH",
            "ECDHE-nonsense",
        ] {
            assert!(!names_any(list, Series::V20), "{list}");
        }
        assert!(names_any_13("TLS_AES_128_GCM_SHA256") && !names_any_13("AES128-SHA"));
    }

    #[test]
    fn suites_go_with_kinds_of_keys() {
        assert_eq!(suits("ECDHE-ECDSA-AES128-GCM-SHA256", KeyKind::Rsa(2048)), Suits::OtherKey);
        assert_eq!(suits("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256", KeyKind::Rsa(2048)), Suits::Yes);
        assert_eq!(suits("ECDHE-RSA-AES128-GCM-SHA256", KeyKind::P256), Suits::OtherKey);
        assert_eq!(suits("HIGH:!aNULL", KeyKind::P256), Suits::Unknown);
        assert_eq!(suits("TLS_AES_128_GCM_SHA256", KeyKind::P256), Suits::Only13);
    }
}
