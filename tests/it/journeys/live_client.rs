//! A client of our own that stays: MQTT 3.1.1 over TLS with a client's certificate, QoS 1 both ways. It shares no code
//! with the program under test.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::DigitallySignedStruct;
use rustls::Error;
use rustls::SignatureScheme;
use rustls::StreamOwned;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::danger::ServerCertVerified;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::UnixTime;
use rustls::pki_types::pem::PemObject;

use crate::support::Sandbox;

/// No answer for so long is a connection that was lost.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Live {
    stream: StreamOwned<ClientConnection, TcpStream>,
    next_id: u16,
    /// Topics and payloads that came.
    pub(super) received: Vec<(String, Vec<u8>)>,
}

impl Live {
    /// Gets in with a client's certificate and a user's password.
    pub(super) fn connect(sandbox: &Sandbox, cert: &str, user: &str, password: &str, id: &str) -> io::Result<Self> {
        let config = config(&sandbox.dir, Some(cert));
        let mut live = Self { stream: open(sandbox.port, config)?, next_id: 1, received: Vec::new() };
        let mut body = vec![0, 4, b'M', b'Q', b'T', b'T', 4, 0b1100_0010, 0, 60];
        for text in [id, user, password] {
            put(&mut body, text.as_bytes());
        }
        live.send(0x10, &body)?;
        match live.packet()? {
            (0x20, body) if body.get(1) == Some(&0) => Ok(live),
            other => Err(io::Error::other(format!("no CONNACK that lets in: {other:?}"))),
        }
    }

    /// As the first user of the folder.
    pub(super) fn admin(sandbox: &Sandbox, id: &str) -> Self {
        Self::connect(sandbox, "admin", "admin", &sandbox.password("admin"), id).unwrap()
    }

    /// Whether the broker answers still.
    pub(super) fn ping(&mut self) -> io::Result<()> {
        self.send(0xc0, &[])?;
        while self.packet()?.0 != 0xd0 {}
        Ok(())
    }

    /// Publishes with QoS 1 and waits for the acknowledgement.
    pub(super) fn publish(&mut self, topic: &str, payload: &[u8]) -> io::Result<()> {
        let id = self.id();
        let mut body = Vec::new();
        put(&mut body, topic.as_bytes());
        body.extend(id.to_be_bytes());
        body.extend(payload);
        self.send(0x32, &body)?;
        loop {
            if let (0x40, body) = self.packet()?
                && body[..2] == id.to_be_bytes()
            {
                return Ok(());
            }
        }
    }

    pub(super) fn subscribe(&mut self, filter: &str) -> io::Result<()> {
        let mut body = self.id().to_be_bytes().to_vec();
        put(&mut body, filter.as_bytes());
        body.push(1);
        self.send(0x82, &body)?;
        match self.packet()? {
            (0x90, body) if body.get(2) == Some(&1) => Ok(()),
            other => Err(io::Error::other(format!("no SUBACK: {other:?}"))),
        }
    }

    /// Takes what comes within this time, at least one packet if one is on its way.
    pub(super) fn take(&mut self, time: Duration) -> io::Result<()> {
        self.stream.sock.set_read_timeout(Some(time))?;
        let mut first = [0];
        let got = self.stream.read(&mut first);
        self.stream.sock.set_read_timeout(Some(PATIENCE))?;
        match got {
            Ok(0) => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            Ok(_) => self.rest(first[0]).map(drop),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn id(&mut self) -> u16 {
        self.next_id = self.next_id.checked_add(1).unwrap_or(1);
        self.next_id
    }

    fn send(&mut self, kind: u8, body: &[u8]) -> io::Result<()> {
        let mut bytes = vec![kind];
        let mut length = body.len();
        loop {
            let more = length >= 128;
            bytes.push((length % 128) as u8 | if more { 128 } else { 0 });
            length /= 128;
            if !more {
                break;
            }
        }
        bytes.extend(body);
        self.stream.write_all(&bytes)?;
        self.stream.flush()
    }

    fn packet(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut first = [0];
        self.stream.read_exact(&mut first)?;
        self.rest(first[0])
    }

    /// What follows the first byte; a message is kept and acknowledged.
    fn rest(&mut self, kind: u8) -> io::Result<(u8, Vec<u8>)> {
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let mut byte = [0];
            self.stream.read_exact(&mut byte)?;
            length |= usize::from(byte[0] & 127) << shift;
            shift += 7;
            if byte[0] < 128 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        if kind & 0xf0 == 0x30 {
            let end = 2 + usize::from(u16::from_be_bytes([body[0], body[1]]));
            let topic = String::from_utf8_lossy(&body[2..end]).into_owned();
            let (id, payload) = match kind & 0b110 {
                0 => (None, &body[end..]),
                _ => (Some([body[end], body[end + 1]]), &body[end + 2..]),
            };
            self.received.push((topic, payload.to_vec()));
            if let Some(id) = id {
                self.send(0x40, &id)?;
            }
        }
        Ok((kind, body))
    }
}

/// The certificate that a listener shows.
pub(super) fn shown(sandbox: &Sandbox, port: u16) -> Vec<u8> {
    let stream = open(port, config(&sandbox.dir, None)).unwrap();
    stream.conn.peer_certificates().unwrap()[0].to_vec()
}

/// The broker's certificate on the disk.
pub(super) fn on_disk(sandbox: &Sandbox) -> Vec<u8> {
    CertificateDer::from_pem_file(sandbox.dir.join("certs/broker/broker.crt")).unwrap().to_vec()
}

fn put(body: &mut Vec<u8>, bytes: &[u8]) {
    body.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
    body.extend(bytes);
}

fn open(port: u16, config: ClientConfig) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

fn config(dir: &Path, client: Option<&str>) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anything(provider)));
    let Some(name) = client else { return builder.with_no_client_auth() };
    let file = |end: &str| dir.join(format!("certs/client/{name}/{name}.{end}"));
    let chain = CertificateDer::pem_file_iter(file("chain.crt")).unwrap().map(Result::unwrap).collect();
    builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(file("key")).unwrap()).unwrap()
}

/// Looks at the broker's certificate, and lets everybody judge it who wants to.
#[derive(Debug)]
struct Anything(Arc<CryptoProvider>);

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
