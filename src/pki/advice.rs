//! Which client families refuse a certificate that Mosquitto itself would serve, and why.
//!
//! Each rule stands on something that was run or that the family documents; the source is beside it.

use std::net::IpAddr;

use super::parsed::Certificate;
use super::parsed::KeyKind;
use super::signature;
use super::verify::As;
use super::verify::Case;
use super::verify::chain_of;

/// A family that refuses the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    pub family: &'static str,
    pub reason: String,
}

const RUSTLS: &str = "rustls";
const PYTHON: &str = "Python 3.13 (default context)";
const GO: &str = "Go";
const NODE: &str = "Node";
const MBEDTLS: &str = "mbedTLS (ESP32)";
const OLD_MBEDTLS: &str = "mbedTLS before 3.5 (ESP32)";
const BEARSSL: &str = "BearSSL (ESP8266)";
const RING: &str = "rustls with ring";

/// Every family that would refuse the certificate in its role; each reason once a family.
pub fn advise(case: &Case<'_>) -> Vec<Advice> {
    let chain = chain_of(case);
    let mut all = Vec::new();
    let mut say = |family, reason: String| {
        let advice = Advice { family, reason };
        if !all.contains(&advice) {
            all.push(advice);
        }
    };
    if case.role == As::Server {
        names(case, &mut say);
    }
    let leaf = case.certificate;
    if case.role != As::Authority {
        if leaf.version < 3 {
            // `UnsupportedCertVersion`, at both ends of rustls
            say(RUSTLS, format!("X.509 v{} is not taken", leaf.version));
        }
        if leaf.is_ca {
            // `CaUsedAsEndEntity`, and Node's INVALID_PURPOSE
            for family in [RUSTLS, NODE] {
                say(family, "an authority's certificate (CA:TRUE) is not taken as a leaf".to_owned());
            }
        }
    }
    for (at, link) in chain.iter().enumerate() {
        keys_and_signatures(link, at, &mut say);
    }
    strict(&chain, &mut say);
    all
}

fn names(case: &Case<'_>, say: &mut impl FnMut(&'static str, String)) {
    let leaf = case.certificate;
    if leaf.names().is_empty() {
        // rustls gives NotValidForName with nothing presented; Go since 1.15 (its release notes): "legacy
        // Common Name field, use SANs instead"
        for family in [RUSTLS, GO] {
            say(family, "the common name is not looked at, and there is no subject alternative name".to_owned());
        }
        return;
    }
    let asked: Vec<IpAddr> = case.hosts.iter().filter_map(|host| host.parse().ok()).collect();
    let dialled = if case.hosts.is_empty() {
        // no device dials its own loopback address to reach a broker
        leaf.addresses.iter().copied().filter(|address| !address.is_loopback()).collect()
    } else {
        asked
    };
    let text_of = |address: &IpAddr| address.to_string();
    let as_name = |address: &IpAddr| {
        leaf.dns_names.contains(&text_of(address)) || leaf.common_name.as_ref() == Some(&text_of(address))
    };
    let lost: Vec<String> =
        dialled.iter().filter(|at| leaf.addresses.contains(at) && !as_name(at)).map(text_of).collect();
    if !lost.is_empty() {
        // Mbed-TLS PR #7436 (3.5.0) compares addresses, older ones the host's text with DNS names and CN; so
        // does BearSSL (its X.509 documentation: dNSName and CN)
        let reason = format!("dialled by address ({}), they compare names alone; dial a name", lost.join(", "));
        for family in [OLD_MBEDTLS, BEARSSL] {
            say(family, reason.clone());
        }
    }
}

fn keys_and_signatures(link: &Certificate, at: usize, say: &mut impl FnMut(&'static str, String)) {
    let what = if at == 0 { "its key".to_owned() } else { format!("the key of its authority `{}`", link.title()) };
    match link.key_kind {
        KeyKind::Ed25519 => {
            // Mbed-TLS issues #3762 and #10653; BearSSL has no EdDSA
            for family in [MBEDTLS, BEARSSL] {
                say(family, format!("{what} is Ed25519, which they do not have"));
            }
        }
        // handshake_failure with the ring provider, which has no P-521 at all
        KeyKind::P521 => say(RING, format!("{what} is ECDSA P-521, which they do not have")),
        _ => {}
    }
    if signature::is_weak(&link.signature_oid) && !link.is_self_issued() {
        // webpki has no SHA-1; Go's notes of 1.18: SHA-1 signatures are rejected
        for family in [RUSTLS, GO] {
            say(family, format!("the signature is {}", link.signature_name()));
        }
    }
}

/// OpenSSL's X509_STRICT, which Python's `create_default_context` sets since 3.13 (its notes of that version), from
/// `check_extensions` in OpenSSL's x509_vfy.c. It is not asked of a certificate that stands alone.
fn strict(chain: &[&Certificate], say: &mut impl FnMut(&'static str, String)) {
    if chain.len() < 2 {
        return;
    }
    for (at, link) in chain.iter().enumerate() {
        let last = at + 1 == chain.len();
        let title = link.title();
        let lack = match link {
            _ if link.version < 3 => continue,
            _ if !last && link.authority_key_id.is_none() => "has no authority key identifier",
            _ if link.is_ca && !link.key_usage => "is an authority without keyUsage",
            _ if link.is_ca && !link.basic_constraints_critical => "has basicConstraints that are not critical",
            _ if link.is_ca && link.subject_key_id.is_none() => "is an authority without subject key identifier",
            _ if link.path_length.is_some() && !link.is_ca => "has a path length and is no authority",
            _ if !link.is_ca && link.key_usage && link.may_sign_certificates => {
                "may sign certificates and is no authority"
            }
            _ => continue,
        };
        say(PYTHON, format!("`{title}` {lack}"));
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use time::macros::datetime;

    use super::*;
    use crate::pki::authority::Authority;
    use crate::pki::authority::Request;
    use crate::pki::authority::Role;
    use crate::pki::keys::KeyType;

    const NOW: OffsetDateTime = datetime!(2026-06-01 12:00 UTC);

    fn server(key_type: KeyType, names: &[&str]) -> (Certificate, Certificate) {
        let ca = Authority::create(&"CA".parse().unwrap(), 100, key_type, NOW).unwrap().0;
        let names = names.iter().map(|name| name.parse().unwrap()).collect();
        let request =
            Request { common_name: "b.lan".parse().unwrap(), role: Role::Broker { names }, days: 50, key_type };
        (ca.issue(&request, NOW).unwrap().certificate, ca.certificate)
    }

    fn families(leaf: &Certificate, ca: &Certificate, hosts: &[&str]) -> Vec<&'static str> {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let trust = [ca.clone()];
        let case = Case { trust: &trust, hosts: &hosts, ..Case::new(leaf, As::Server, NOW) };
        advise(&case).iter().map(|advice| advice.family).collect()
    }

    #[test]
    fn what_mqsec_issues_suits_everybody_but_old_readers_of_addresses() {
        let (leaf, ca) = server(KeyType::P256, &["b.lan", "127.0.0.1"]);
        assert_eq!(families(&leaf, &ca, &[]), [""; 0]);
        let (leaf, ca) = server(KeyType::P256, &["b.lan", "10.0.0.1"]);
        assert_eq!(families(&leaf, &ca, &[]), [OLD_MBEDTLS, BEARSSL]);
        assert_eq!(families(&leaf, &ca, &["b.lan"]), [""; 0]);
        assert_eq!(families(&leaf, &ca, &["10.0.0.1"]), [OLD_MBEDTLS, BEARSSL]);
    }

    #[test]
    fn small_devices_do_not_have_every_kind_of_key() {
        let (leaf, ca) = server(KeyType::Ed25519, &["b.lan"]);
        assert_eq!(families(&leaf, &ca, &[]), [MBEDTLS, BEARSSL, MBEDTLS, BEARSSL]);
        let (leaf, ca) = server(KeyType::P384, &["b.lan"]);
        assert_eq!(families(&leaf, &ca, &[]), [""; 0]);
    }
}
