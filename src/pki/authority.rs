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
use rcgen::DnValue;
use rcgen::ExtendedKeyUsagePurpose;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyIdMethod;
use rcgen::KeyPair;
use rcgen::KeyUsagePurpose;
use rcgen::NameConstraints;
use rcgen::PublicKeyData;
use rcgen::RevokedCertParams;
use rcgen::SanType;
use rcgen::SerialNumber;
use rcgen::SubjectPublicKeyInfo;
use rustls::pki_types::CertificateDer;
use time::Duration;
use time::OffsetDateTime;

use super::BACKDATE;
use super::PkiError;
use super::constraints::Constraints;
use super::constraints::Subtree;
use super::keys;
use super::keys::KeyType;
use super::mint::Leaf;
use super::names::BrokerName;
use super::names::CommonName;
use super::parsed::Certificate;
use crate::secret::random_bytes;

pub struct Authority {
    pub certificate: Certificate,
    /// Its own name constraints, and those of the root above it.
    constraints: Vec<Constraints>,
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
        Self::create_constrained(common_name, days, key_type, &[], now)
    }

    /// A new root that may issue for names in these parts of the name space alone; for all where none is given.
    pub fn create_constrained(
        common_name: &CommonName,
        days: u32,
        key_type: KeyType,
        permitted: &[Subtree],
        now: OffsetDateTime,
    ) -> Result<(Self, String, zeroize::Zeroizing<Vec<u8>>), PkiError> {
        let key = key_type.generate()?;
        let mut params = authority_params(common_name, BasicConstraints::Unconstrained);
        params.name_constraints = written(permitted);
        (params.not_before, params.not_after) = period(days, now);
        let made = params.self_signed(&key).map_err(not_made)?;
        let pem = unix_lines(made.pem());
        let key_pem = keys::to_pem(&key);
        let authority = Self::load(pem.as_bytes(), "certs/ca.crt", &key_pem, "certs/ca.key", now)?;
        Ok((authority, pem, key_pem))
    }

    /// A signing authority below this one: it issues leaves alone, and never outlives this one.
    pub fn create_signing(
        &self,
        common_name: &CommonName,
        days: u32,
        key_type: KeyType,
        now: OffsetDateTime,
    ) -> Result<(Self, String, zeroize::Zeroizing<Vec<u8>>), PkiError> {
        let key = key_type.generate()?;
        let mut params = authority_params(common_name, BasicConstraints::Constrained(0));
        // openssl looks at every tier; who reads one certificate alone is told too
        params.name_constraints = self.constraints.first().and_then(|own| written(&own.permitted));
        params.use_authority_key_identifier_extension = true;
        self.limit(&mut params, days, now);
        let made = params.signed_by(&key, &self.issuer).map_err(not_made)?;
        self.read_back(made.der())?;
        let pem = unix_lines(made.pem());
        let key_pem = keys::to_pem(&key);
        let authority = Self::load(pem.as_bytes(), "certs/signing/ca.crt", &key_pem, "certs/signing/ca.key", now)?;
        Ok((authority, pem, key_pem))
    }

    /// The certificate of a root anew, for the same name, key and period, so that it may sign revocation lists too. Who
    /// trusts the one that there was takes what this one issues.
    pub fn with_crl_sign(&self, key: &KeyPair) -> Result<String, PkiError> {
        let old = &self.certificate;
        let foreign = || unfit("its name is in a form that mqsec cannot write");
        let constraints = match old.path_length {
            Some(most) => BasicConstraints::Constrained(u8::try_from(most).unwrap_or(u8::MAX)),
            None => BasicConstraints::Unconstrained,
        };
        let mut params = authority_params(&"unnamed".parse().map_err(|_| foreign())?, constraints);
        params.distinguished_name = name_of(old).ok_or_else(foreign)?;
        params.name_constraints = self.constraints.first().and_then(|own| written(&own.permitted));
        params.key_identifier_method = self.certificate_key_id();
        (params.not_before, params.not_after) = (old.not_before, old.not_after);
        let made = params.self_signed(key).map_err(not_made)?;
        let read = self.read_back(made.der())?;
        if read.raw_subject != old.raw_subject || read.spki != old.spki {
            return Err(foreign());
        }
        Ok(unix_lines(made.pem()))
    }

    /// The same, held to the name constraints of the root above it.
    pub fn below(mut self, root: &Certificate) -> Self {
        self.constraints.extend(Constraints::of(root));
        self
    }

    /// Another root's name and key, certified by this one: who trusts this one alone can then follow that one.
    pub fn cross_sign(&self, other: &Certificate, now: OffsetDateTime) -> Result<String, PkiError> {
        let foreign = || unfit("the other authority's name is in a form that mqsec cannot write");
        let mut params = authority_params(&"unnamed".parse().map_err(|_| foreign())?, BasicConstraints::Unconstrained);
        params.distinguished_name = name_of(other).ok_or_else(foreign)?;
        params.use_authority_key_identifier_extension = true;
        if let Some(id) = &other.subject_key_id {
            params.key_identifier_method = KeyIdMethod::PreSpecified(id.clone());
        }
        let start = now.replace_nanosecond(0).unwrap_or(now) - BACKDATE;
        params.not_before = start.max(self.certificate.not_before).max(other.not_before);
        params.not_after = self.certificate.not_after.min(other.not_after);
        let key = SubjectPublicKeyInfo::from_der(&other.spki).map_err(not_made)?;
        let made = params.signed_by(&key, &self.issuer).map_err(not_made)?;
        let read = self.read_back(made.der())?;
        if read.raw_subject != other.raw_subject || read.spki != other.spki {
            return Err(foreign());
        }
        Ok(unix_lines(made.pem()))
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
        let constraints = Constraints::of(&certificate).into_iter().collect();
        Ok(Self { certificate, constraints, issuer })
    }

    /// The end that a certificate of `days` gets: never later than the authority's own.
    pub fn end_of(&self, days: u32, now: OffsetDateTime) -> OffsetDateTime {
        period(days, now).1.min(self.certificate.not_after)
    }

    /// A certificate for a new key.
    pub fn issue(&self, request: &Request, now: OffsetDateTime) -> Result<Issued, PkiError> {
        self.issue_for(request, &request.key_type.generate()?, now)
    }

    /// A certificate for a key that is there already.
    pub fn issue_for(&self, request: &Request, key: &KeyPair, now: OffsetDateTime) -> Result<Issued, PkiError> {
        self.issue_for_sooner(request, key, now, Duration::ZERO)
    }

    /// The same, with an end that is so much sooner: what is issued in one night need not end in one.
    pub fn issue_for_sooner(
        &self,
        request: &Request,
        key: &KeyPair,
        now: OffsetDateTime,
        sooner: Duration,
    ) -> Result<Issued, PkiError> {
        self.check_names(request)?;
        let params = leaf_params(&request.common_name, &request.role, is_rsa(key))?;
        let csr_pem = params.serialize_request(key).and_then(|csr| csr.pem()).map_err(not_made)?;
        let (certificate, certificate_pem) = self.certify(params, (request.days, sooner), key, now)?;
        Ok(Issued { certificate, certificate_pem, csr_pem: unix_lines(csr_pem), key_pem: keys::to_pem(key) })
    }

    /// A certificate for a public key whose private one is elsewhere, with its PEM.
    pub fn issue_for_public(
        &self,
        request: &Request,
        spki: &[u8],
        is_rsa: bool,
        now: OffsetDateTime,
    ) -> Result<(Certificate, String), PkiError> {
        self.issue_for_public_sooner(request, spki, is_rsa, now, Duration::ZERO)
    }

    /// The same, with an end that is so much sooner.
    pub fn issue_for_public_sooner(
        &self,
        request: &Request,
        spki: &[u8],
        is_rsa: bool,
        now: OffsetDateTime,
        sooner: Duration,
    ) -> Result<(Certificate, String), PkiError> {
        self.check_names(request)?;
        let key = SubjectPublicKeyInfo::from_der(spki).map_err(not_made)?;
        self.certify(leaf_params(&request.common_name, &request.role, is_rsa)?, (request.days, sooner), &key, now)
    }

    /// That the name constraints permit the names: a certificate for others is made easily, and refused everywhere.
    fn check_names(&self, request: &Request) -> Result<(), PkiError> {
        let mut names = match &request.role {
            Role::Broker { names } => names.clone(),
            Role::Client => Vec::new(),
        };
        let common_name = request.common_name.as_str();
        // OpenSSL takes a common name with a dot for a DNS name where no other stands beside it
        if common_name.contains('.') && !names.iter().any(|name| matches!(name, BrokerName::Dns(_))) {
            names.push(BrokerName::Dns(common_name.to_ascii_lowercase()));
        }
        for constraints in &self.constraints {
            let outside: Vec<String> =
                names.iter().filter(|name| !constraints.permits(name)).map(|name| format!("`{name}`")).collect();
            if !outside.is_empty() {
                return Err(PkiError::OutsideConstraints { outside, permitted: constraints.list() });
            }
        }
        Ok(())
    }

    fn certify(
        &self,
        mut params: CertificateParams,
        (days, sooner): (u32, Duration),
        key: &impl PublicKeyData,
        now: OffsetDateTime,
    ) -> Result<(Certificate, String), PkiError> {
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(serial());
        self.limit(&mut params, days, now);
        params.not_after = (period(days, now).1 - sooner).min(params.not_after);
        let made = params.signed_by(key, &self.issuer).map_err(not_made)?;
        Ok((self.read_back(made.der())?, unix_lines(made.pem())))
    }

    /// That the name constraints permit a device's names.
    pub(super) fn check_device(&self, common_name: &CommonName, names: &[BrokerName]) -> Result<(), PkiError> {
        if self.constraints.is_empty() {
            return Ok(());
        }
        let role = Role::Broker { names: names.to_vec() };
        self.check_names(&Request { common_name: common_name.clone(), role, days: 1, key_type: KeyType::default() })
    }

    /// What a device's certificate says.
    pub(super) fn device_params(
        &self,
        leaf: &Leaf<'_>,
        is_rsa: bool,
        serial: SerialNumber,
        now: OffsetDateTime,
    ) -> Result<CertificateParams, PkiError> {
        let mut params = leaf_params(leaf.common_name, &Role::Client, is_rsa)?;
        for name in leaf.names {
            params.subject_alt_names.push(san(name).map_err(not_made)?);
        }
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(serial);
        params.not_before = period(1, now).0.max(self.certificate.not_before);
        params.not_after = leaf.not_after.min(self.certificate.not_after);
        Ok(params)
    }

    pub(super) fn sign(
        &self,
        params: CertificateParams,
        key: &impl PublicKeyData,
    ) -> Result<CertificateDer<'static>, PkiError> {
        Ok(params.signed_by(key, &self.issuer).map_err(not_made)?.der().clone())
    }

    /// The period, inside of this authority's own.
    fn limit(&self, params: &mut CertificateParams, days: u32, now: OffsetDateTime) {
        params.not_before = period(days, now).0.max(self.certificate.not_before);
        params.not_after = self.end_of(days, now);
    }

    pub(super) fn read_back(&self, der: &CertificateDer<'static>) -> Result<Certificate, PkiError> {
        let certificate =
            Certificate::from_der(der.clone()).ok_or_else(|| unfit("what it issues cannot be read back"))?;
        if certificate.raw_issuer != self.certificate.raw_subject {
            return Err(unfit("its name has parts that occur twice or in a form that mqsec cannot write"));
        }
        Ok(certificate)
    }

    /// An empty CRL that lasts as long as the authority: a broker that is given an expired one refuses every client.
    pub fn empty_crl(&self, now: OffsetDateTime) -> Result<String, PkiError> {
        self.crl(1, Vec::new(), self.certificate.not_after, now)
    }

    /// A revocation list.
    pub fn crl(
        &self,
        number: u64,
        revoked_certs: Vec<RevokedCertParams>,
        next_update: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<String, PkiError> {
        let failed = |source| PkiError::Issue { what: "certificate revocation list", source };
        let params = CertificateRevocationListParams {
            this_update: now.replace_nanosecond(0).unwrap_or(now) - Duration::hours(1),
            next_update,
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: self.certificate_key_id(),
        };
        params.signed_by(&self.issuer).and_then(|crl| crl.pem()).map(unix_lines).map_err(failed)
    }

    /// The authority's own subject key identifier, whatever method made it.
    fn certificate_key_id(&self) -> KeyIdMethod {
        self.certificate.subject_key_id.clone().map_or(KeyIdMethod::Sha256, KeyIdMethod::PreSpecified)
    }
}

fn written(permitted: &[Subtree]) -> Option<NameConstraints> {
    let permitted_subtrees: Vec<_> = permitted.iter().map(Subtree::written).collect();
    (!permitted_subtrees.is_empty()).then_some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() })
}

fn is_rsa(key: &KeyPair) -> bool {
    [&rcgen::PKCS_RSA_SHA256, &rcgen::PKCS_RSA_SHA384, &rcgen::PKCS_RSA_SHA512].contains(&key.algorithm())
}

fn not_made(source: rcgen::Error) -> PkiError {
    PkiError::Issue { what: "certificate", source }
}

fn unfit(reason: &str) -> PkiError {
    PkiError::NotAnAuthority { path: "certs/ca.crt".to_owned(), reason: reason.to_owned() }
}

fn authority_params(common_name: &CommonName, constraints: BasicConstraints) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(common_name);
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(serial());
    params
}

fn leaf_params(common_name: &CommonName, role: &Role, is_rsa: bool) -> Result<CertificateParams, PkiError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(common_name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    if is_rsa {
        // TLS 1.2 without forward secrecy, which old devices still ask for
        params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
    }
    match role {
        Role::Broker { names } => {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            for name in names {
                params.subject_alt_names.push(san(name).map_err(not_made)?);
            }
        }
        Role::Client => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
    }
    Ok(params)
}

fn name(common_name: &CommonName) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name.as_str());
    name
}

/// A certificate's subject, attribute by attribute; nothing where one is of a kind that cannot be written again.
fn name_of(certificate: &Certificate) -> Option<DistinguishedName> {
    use x509_parser::asn1_rs::Tag;
    use x509_parser::prelude::FromDer;
    let (_, parsed) = x509_parser::prelude::X509Certificate::from_der(&certificate.der).ok()?;
    let mut name = DistinguishedName::new();
    for attribute in parsed.subject().iter_attributes() {
        let oid: Vec<u64> = attribute.attr_type().iter()?.collect();
        let text = std::str::from_utf8(attribute.attr_value().data).ok()?;
        let value = match attribute.attr_value().header.tag() {
            Tag::Utf8String => DnValue::Utf8String(text.to_owned()),
            Tag::PrintableString => DnValue::PrintableString(text.try_into().ok()?),
            Tag::Ia5String => DnValue::Ia5String(text.try_into().ok()?),
            _ => return None,
        };
        name.push(DnType::from_oid(&oid), value);
    }
    Some(name)
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
mod tests;
