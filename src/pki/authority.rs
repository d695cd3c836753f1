//! The authority: made, loaded, and what it issues.
//!
//! rcgen does the encoding. Its traps are closed here: the serial is always set (its default is a hash of the key, so
//! a reissue would repeat it), dates are always set (its default ends in 4096), the AKI is always written, and what was
//! issued is compared with the authority's own name, because rcgen loses name parts that occur twice.

use std::net::IpAddr;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::CertificateRevocationListParams;
use rcgen::DistinguishedName;
use rcgen::DnType;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyIdMethod;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rcgen::PublicKeyData;
use rcgen::SanType;
use rcgen::SerialNumber;
use time::Duration;
use time::OffsetDateTime;

use super::BACKDATE;
use super::PkiError;
use super::keys;
use super::keys::KeyType;
use super::names::BrokerName;
use super::names::CommonName;
use super::parsed::Certificate;
use crate::secret::random_bytes;

pub struct Authority {
    pub certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// What a certificate is for.
#[derive(Clone, Debug)]
pub enum Role {
    Broker { names: Vec<BrokerName> },
    Client,
}

/// A certificate to be issued.
pub struct Request {
    pub common_name: CommonName,
    pub role: Role,
    pub days: u32,
    pub key_type: KeyType,
}

/// A certificate with its key and its signing request, in PEM.
pub struct Issued {
    pub certificate: Certificate,
    pub certificate_pem: String,
    pub csr_pem: String,
    pub key_pem: zeroize::Zeroizing<Vec<u8>>,
}

impl Authority {
    /// A new root. Gives it with its certificate and key in PEM.
    pub fn create(
        common_name: &CommonName,
        days: u32,
        key_type: KeyType,
        now: OffsetDateTime,
    ) -> Result<(Self, String, zeroize::Zeroizing<Vec<u8>>), PkiError> {
        let failed = |source| PkiError::Issue { what: "authority's certificate", source };
        let key = key_type.generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = name(common_name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.serial_number = Some(serial());
        (params.not_before, params.not_after) = period(days, now);
        let made = params.self_signed(&key).map_err(failed)?;
        let pem = unix_lines(made.pem());
        let key_pem = keys::to_pem(&key);
        let authority = Self::load(pem.as_bytes(), "certs/ca.crt", &key_pem, "certs/ca.key", now)?;
        Ok((authority, pem, key_pem))
    }

    /// An authority from its files, once they are fit to issue with.
    pub fn load(
        cert_pem: &[u8],
        cert_path: &str,
        key_pem: &[u8],
        key_path: &str,
        now: OffsetDateTime,
    ) -> Result<Self, PkiError> {
        let certificate = Certificate::from_pem(cert_pem, cert_path)?;
        let key = keys::parse(key_pem, key_path)?;
        let unfit = |reason: &str| PkiError::NotAnAuthority { path: cert_path.to_owned(), reason: reason.to_owned() };
        if key.subject_public_key_info() != certificate.spki {
            return Err(PkiError::KeyMismatch { key: key_path.to_owned(), cert: cert_path.to_owned() });
        }
        if !certificate.is_ca {
            return Err(unfit("it is not an authority's (basicConstraints has no CA:TRUE)"));
        }
        if !certificate.may_sign_certificates {
            return Err(unfit("its keyUsage has no keyCertSign"));
        }
        if certificate.not_after <= now {
            return Err(PkiError::AuthorityExpired { path: cert_path.to_owned(), on: certificate.not_after });
        }
        let issuer = Issuer::from_ca_cert_der(&certificate.der, key)
            .map_err(|source| PkiError::Issue { what: "authority", source })?;
        Ok(Self { certificate, issuer })
    }

    /// The end that a certificate of `days` gets: never later than the authority's own.
    pub fn end_of(&self, days: u32, now: OffsetDateTime) -> OffsetDateTime {
        period(days, now).1.min(self.certificate.not_after)
    }

    pub fn issue(&self, request: &Request, now: OffsetDateTime) -> Result<Issued, PkiError> {
        let failed = |source| PkiError::Issue { what: "certificate", source };
        let key = request.key_type.generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = name(&request.common_name);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if request.key_type.is_rsa() {
            // TLS 1.2 without forward secrecy, which old devices still ask for
            params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        }
        match &request.role {
            Role::Broker { names } => {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
                for name in names {
                    params.subject_alt_names.push(san(name).map_err(failed)?);
                }
            }
            Role::Client => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        }
        let csr_pem = params.serialize_request(&key).and_then(|csr| csr.pem()).map_err(failed)?;
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(serial());
        params.not_before = period(request.days, now).0.max(self.certificate.not_before);
        params.not_after = self.end_of(request.days, now);
        let made = params.signed_by(&key, &self.issuer).map_err(failed)?;
        let unfit =
            |reason: &str| PkiError::NotAnAuthority { path: "certs/ca.crt".to_owned(), reason: reason.to_owned() };
        let certificate =
            Certificate::from_der(made.der().clone()).ok_or_else(|| unfit("what it issues cannot be read back"))?;
        if certificate.raw_issuer != self.certificate.raw_subject {
            return Err(unfit("its name has parts that occur twice or in a form that mqsec cannot write"));
        }
        Ok(Issued {
            certificate,
            certificate_pem: unix_lines(made.pem()),
            csr_pem: unix_lines(csr_pem),
            key_pem: keys::to_pem(&key),
        })
    }

    /// An empty CRL that lasts as long as the authority: a broker that is given an expired one refuses every client.
    pub fn empty_crl(&self, now: OffsetDateTime) -> Result<String, PkiError> {
        let failed = |source| PkiError::Issue { what: "certificate revocation list", source };
        let subject_key = self.certificate_key_id();
        let params = CertificateRevocationListParams {
            this_update: now.replace_nanosecond(0).unwrap_or(now) - Duration::hours(1),
            next_update: self.certificate.not_after,
            crl_number: SerialNumber::from_slice(&[1]),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: subject_key,
        };
        params.signed_by(&self.issuer).and_then(|crl| crl.pem()).map(unix_lines).map_err(failed)
    }

    /// The authority's own subject key identifier, whatever method made it.
    fn certificate_key_id(&self) -> KeyIdMethod {
        use x509_parser::extensions::ParsedExtension;
        use x509_parser::prelude::FromDer;
        let found =
            x509_parser::prelude::X509Certificate::from_der(&self.certificate.der).ok().and_then(|(_, parsed)| {
                parsed.extensions().iter().find_map(|extension| match extension.parsed_extension() {
                    ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
                    _ => None,
                })
            });
        found.map_or(KeyIdMethod::Sha256, KeyIdMethod::PreSpecified)
    }
}

fn name(common_name: &CommonName) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name.as_str());
    name
}

fn san(name: &BrokerName) -> Result<SanType, rcgen::Error> {
    Ok(match name {
        BrokerName::Dns(name) => SanType::DnsName(name.as_str().try_into()?),
        BrokerName::Ip(IpAddr::V4(ip)) => SanType::IpAddress(IpAddr::V4(*ip)),
        BrokerName::Ip(IpAddr::V6(ip)) => SanType::IpAddress(IpAddr::V6(*ip)),
    })
}

/// From a day ago to `days` from now, in whole seconds.
fn period(days: u32, now: OffsetDateTime) -> (OffsetDateTime, OffsetDateTime) {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    (now - BACKDATE, now + Duration::days(i64::from(days)))
}

/// 16 random bytes, positive and of full length.
fn serial() -> SerialNumber {
    let mut bytes = random_bytes::<16>();
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    SerialNumber::from_slice(&bytes)
}

fn unix_lines(pem: String) -> String {
    pem.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
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
}
