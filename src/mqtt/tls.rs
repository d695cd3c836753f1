//! The TLS side of a try: what we trust and show, and what the broker shows, kept even when it is refused.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use rustls::CertificateError;
use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::DigitallySignedStruct;
use rustls::Error;
use rustls::RootCertStore;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::danger::ServerCertVerified;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use rustls::sign::CertifiedKey;

use super::Tls;
use super::TlsVersion;
use super::socket::without_brackets;
use super::trouble::Trouble;

/// What the handshake told, for everyone who asks later.
#[derive(Debug, Default)]
pub(super) struct Told {
    chain: Mutex<Vec<CertificateDer<'static>>>,
    certificate_asked: AtomicBool,
}

impl Told {
    pub(super) fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn certificate_asked(&self) -> bool {
        self.certificate_asked.load(Ordering::Relaxed)
    }
}

pub(super) fn connection(tls: &Tls<'_>, host: &str, told: &Arc<Told>) -> Result<ClientConnection, Trouble> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let own = |error: Error| Trouble::OwnFiles(error.to_string());
    let judge = tls.trust.map(|trust| roots(trust, &provider)).transpose()?;
    let key = match tls.identity {
        Some(identity) => {
            let key = provider.key_provider.load_private_key(identity.key.clone_key()).map_err(own)?;
            // that they belong together was checked where they were read, and so for certificates that rustls cannot
            Some(Arc::new(CertifiedKey::new(identity.chain.clone(), key)))
        }
        None => None,
    };
    let versions: &[&rustls::SupportedProtocolVersion] = match tls.version {
        None => rustls::ALL_VERSIONS,
        Some(TlsVersion::V12) => &[&rustls::version::TLS12],
        Some(TlsVersion::V13) => &[&rustls::version::TLS13],
    };
    let watcher = Watcher { judge, provider: Arc::clone(&provider), told: Arc::clone(told) };
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(own)?
        .dangerous() // the watcher asks webpki, unless the caller only wants to look
        .with_custom_certificate_verifier(Arc::new(watcher))
        .with_client_cert_resolver(Arc::new(Answer { key, told: Arc::clone(told) }));
    let name = without_brackets(tls.name.unwrap_or(host));
    let name = ServerName::try_from(name.to_owned()).map_err(|_| Trouble::HostName(name.to_owned()))?;
    ClientConnection::new(Arc::new(config), name).map_err(own)
}

fn roots(
    trust: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, Trouble> {
    let mut roots = RootCertStore::empty();
    for ca in trust {
        roots.add(ca.clone()).map_err(|error| Trouble::OwnFiles(format!("the authority: {error}")))?;
    }
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| Trouble::OwnFiles(format!("the authority: {error}")))
}

/// Keeps the chain before it is judged.
#[derive(Debug)]
struct Watcher {
    judge: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    told: Arc<Told>,
}

impl ServerCertVerifier for Watcher {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.told.chain.lock().unwrap_or_else(PoisonError::into_inner) =
            std::iter::once(end_entity).chain(intermediates).map(|der| der.clone().into_owned()).collect();
        match &self.judge {
            None => Ok(ServerCertVerified::assertion()),
            Some(judge) => judge.verify_server_cert(end_entity, intermediates, name, ocsp, now),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.lenient(rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.lenient(rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl Watcher {
    /// Who only looks also looks at certificates that rustls cannot read.
    fn lenient(&self, verified: Result<HandshakeSignatureValid, Error>) -> Result<HandshakeSignatureValid, Error> {
        match verified {
            Err(Error::InvalidCertificate(CertificateError::BadSignature)) => verified,
            Err(Error::InvalidCertificate(_)) if self.judge.is_none() => Ok(HandshakeSignatureValid::assertion()),
            other => other,
        }
    }
}

/// Gives the certificate when the broker asks for one, whichever authorities it names, and remembers that it asked.
#[derive(Debug)]
struct Answer {
    key: Option<Arc<CertifiedKey>>,
    told: Arc<Told>,
}

impl ResolvesClientCert for Answer {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.told.certificate_asked.store(true, Ordering::Relaxed);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}
