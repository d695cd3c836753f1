//! Bytes to and from a broker, with or without TLS, against a deadline.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Instant;

use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::RootCertStore;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;

use super::Tls;
use super::trouble::Trouble;

pub(super) struct Wire {
    socket: TcpStream,
    tls: Option<ClientConnection>,
    /// Whether the broker asked for a client certificate.
    requested: Arc<AtomicBool>,
    deadline: Instant,
}

impl Wire {
    pub(super) fn new(
        socket: TcpStream,
        tls: Option<&Tls<'_>>,
        host: &str,
        deadline: Instant,
    ) -> Result<Self, Trouble> {
        let _ = socket.set_nodelay(true);
        let requested = Arc::new(AtomicBool::new(false));
        let tls = tls.map(|tls| connection(tls, host, &requested)).transpose()?;
        Ok(Self { socket, tls, requested, deadline })
    }

    pub(super) fn connection(&self) -> Option<&ClientConnection> {
        self.tls.as_ref()
    }

    pub(super) fn certificate_requested(&self) -> bool {
        self.requested.load(Ordering::Relaxed)
    }

    /// Completes the TLS handshake; what was written before leaves with its last flight.
    pub(super) fn handshake(&mut self) -> io::Result<()> {
        self.arm()?;
        let Some(tls) = &mut self.tls else { return Ok(()) };
        while tls.is_handshaking() {
            let (read, written) = tls.complete_io(&mut self.socket)?;
            if (read, written) == (0, 0) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// Queues bytes; with TLS they leave at the next [`Wire::flush`] or with the handshake.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => tls.writer().write_all(bytes),
            None => self.socket.write_all(bytes),
        }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.arm()?;
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() {
                tls.write_tls(&mut self.socket)?;
            }
        }
        Ok(())
    }

    /// Bytes from the broker; none at the end of the stream.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.arm()?;
        let Some(tls) = &mut self.tls else {
            return self.socket.read(buffer);
        };
        loop {
            match tls.reader().read(buffer) {
                Err(blocked) if blocked.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
            if tls.read_tls(&mut self.socket)? == 0 {
                return Ok(0);
            }
            if let Err(error) = tls.process_new_packets() {
                let _ = tls.write_tls(&mut self.socket);
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
        }
    }

    /// What still lies in the socket after a write failed: the alert that tells why.
    pub(super) fn last_words(&mut self) -> Option<rustls::Error> {
        let mut buffer = [0; 256];
        loop {
            match self.receive(&mut buffer) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return tls_error(error).ok(),
            }
        }
    }

    pub(super) fn close(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = self.flush();
        }
    }

    /// Gives the socket what is left of the time.
    fn arm(&self) -> io::Result<()> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.socket.set_read_timeout(Some(left))?;
        self.socket.set_write_timeout(Some(left))
    }
}

/// The TLS error inside an I/O error, if that is what it is.
pub(super) fn tls_error(error: io::Error) -> Result<rustls::Error, io::Error> {
    error.downcast::<rustls::Error>()
}

fn connection(tls: &Tls<'_>, host: &str, requested: &Arc<AtomicBool>) -> Result<ClientConnection, Trouble> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let own = |error: rustls::Error| Trouble::OwnFiles(error.to_string());
    let mut roots = RootCertStore::empty();
    for ca in tls.trust {
        roots.add(ca.clone()).map_err(own)?;
    }
    let key = match tls.identity {
        Some(identity) => {
            let key = provider.key_provider.load_private_key(identity.key.clone_key()).map_err(own)?;
            // that they belong together was checked where they were read, and so for certificates that rustls cannot
            Some(Arc::new(CertifiedKey::new(identity.chain.clone(), key)))
        }
        None => None,
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(own)?
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(Answer { key, requested: Arc::clone(requested) }));
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let name = ServerName::try_from(bare.to_owned()).map_err(|_| Trouble::HostName(host.to_owned()))?;
    ClientConnection::new(Arc::new(config), name).map_err(own)
}

/// Gives the certificate when the broker asks for one, whichever authorities it names, and remembers that it asked.
#[derive(Debug)]
struct Answer {
    key: Option<Arc<CertifiedKey>>,
    requested: Arc<AtomicBool>,
}

impl ResolvesClientCert for Answer {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.requested.store(true, Ordering::Relaxed);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}
