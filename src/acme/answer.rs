//! What proves that a name is ours: a page, a certificate or a record that the authority asks for, there as long as it asks.

use std::collections::BTreeMap;
use std::io;
use std::io::ErrorKind;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use instant_acme::KeyAuthorization;
use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::server::ClientHello;
use rustls::server::ResolvesServerCert;
use rustls::sign::CertifiedKey;

use super::Challenge;
use super::Settings;
use crate::error::Plain;
use crate::error::printable;
use crate::pki::keys::KeyType;
use crate::pki::names::BrokerName;

/// What is shown to whoever asks.
type Pages = Arc<Mutex<BTreeMap<String, String>>>;
type Shown = Arc<Mutex<BTreeMap<String, Arc<CertifiedKey>>>>;

/// Whoever answers; it ends with the value.
pub(super) enum Answers<'a> {
    Http { pages: Pages, _server: Server },
    Tls { shown: Shown, _server: Server },
    Dns { hook: &'a Path, added: Vec<(String, String)> },
}

impl<'a> Answers<'a> {
    /// Opens the port, or looks at the hook.
    pub(super) fn open(settings: &'a Settings) -> Result<Self, Plain> {
        match settings.challenge {
            Challenge::Http01 => {
                let pages = Pages::default();
                let theirs = Arc::clone(&pages);
                let server = Server::open(settings.http_port, "--http-port", move |socket| page(socket, &theirs))?;
                Ok(Self::Http { pages, _server: server })
            }
            Challenge::TlsAlpn01 => {
                let shown = Shown::default();
                let config = tls_config(&shown)?;
                let server = Server::open(settings.tls_port, "--tls-port", move |socket| handshake(socket, &config))?;
                Ok(Self::Tls { shown, _server: server })
            }
            Challenge::Dns01 => match &settings.dns_hook {
                Some(hook) => Ok(Self::Dns { hook, added: Vec::new() }),
                None => Err(Plain::new("acme-hook-missing", "dns-01 needs a program that changes the DNS records")
                    .hint("it is called with add|remove NAME VALUE: --dns-hook PROGRAM")),
            },
        }
    }

    /// Has the proof of one name ready.
    pub(super) fn put(&mut self, name: &BrokerName, token: &str, proof: &KeyAuthorization) -> Result<(), Plain> {
        match self {
            Self::Http { pages, .. } => {
                let mut pages = pages.lock().unwrap_or_else(PoisonError::into_inner);
                pages.insert(format!("/.well-known/acme-challenge/{token}"), proof.as_str().to_owned());
            }
            Self::Tls { shown, .. } => {
                let (asked, key) = certificate(name, proof.digest().as_ref())?;
                shown.lock().unwrap_or_else(PoisonError::into_inner).insert(asked, key);
            }
            Self::Dns { hook, added } => {
                let bare = name.to_string();
                let record = format!("_acme-challenge.{}", bare.strip_prefix("*.").unwrap_or(&bare));
                // whatever became of it, it is removed in the end
                added.push((record.clone(), proof.dns_value()));
                run_hook(hook, "add", &record, &proof.dns_value())?;
            }
        }
        Ok(())
    }

    /// Takes all away again; a record that could not be removed is told.
    pub(super) fn clear(&mut self) -> Result<(), Plain> {
        let mut worst = Ok(());
        if let Self::Dns { hook, added } = self {
            for (record, value) in added.drain(..) {
                worst = worst.and(run_hook(hook, "remove", &record, &value));
            }
        }
        worst
    }
}

/// A listener on a port of its own.
pub(super) struct Server {
    ending: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    fn open(port: u16, option: &str, serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Result<Self, Plain> {
        let refused = |error: &io::Error| match error.kind() {
            ErrorKind::AddrInUse => Plain::new("acme-port-in-use", format!("port {port} is in use by another program"))
                .hint(format!("see which: ss -ltnp 'sport = :{port}'"))
                .hint(format!("or let it lead the challenge here: {option} 8080, with a forward from {port}")),
            ErrorKind::PermissionDenied => {
                Plain::new("acme-port-not-permitted", format!("port {port} may not be opened by this user"))
                    .hint("ports below 1024 are root's: sudo mqsec acme issue")
                    .hint(format!("or forward the port to one above: {option} 8080"))
            }
            _ => Plain::new("acme-port-not-permitted", format!("port {port} cannot be opened: {error}"))
                .hint("name another one, or prove the name by DNS: --challenge dns-01 --dns-hook PROGRAM"),
        };
        let mut listeners = Vec::new();
        // where one socket serves both, the second is refused as in use
        match TcpListener::bind(("::", port)) {
            Ok(listener) => listeners.push(listener),
            Err(error) if matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) => {
                return Err(refused(&error));
            }
            Err(_) => {}
        }
        match TcpListener::bind(("0.0.0.0", port)) {
            Ok(listener) => listeners.push(listener),
            Err(error) if listeners.is_empty() => return Err(refused(&error)),
            Err(_) => {}
        }
        let ending = Arc::new(AtomicBool::new(false));
        let serve = Arc::new(serve);
        let mut threads = Vec::new();
        for listener in listeners {
            listener.set_nonblocking(true).map_err(|error| refused(&error))?;
            let (ending, serve) = (Arc::clone(&ending), Arc::clone(&serve));
            threads.push(std::thread::spawn(move || accept(&listener, &ending, &serve)));
        }
        Ok(Self { ending, threads })
    }
}

fn accept<F: Fn(TcpStream) + Send + Sync + 'static>(listener: &TcpListener, ending: &AtomicBool, serve: &Arc<F>) {
    while !ending.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((socket, _)) => {
                let limits = [socket.set_nonblocking(false), socket.set_read_timeout(Some(PATIENCE))];
                if limits.iter().all(Result::is_ok) && socket.set_write_timeout(Some(PATIENCE)).is_ok() {
                    let serve = Arc::clone(serve);
                    // authorities ask from several places at once, and one that is slow must not stop the others
                    std::thread::spawn(move || serve(socket));
                }
            }
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(5);

impl Drop for Server {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Answers one request: a token's page, or that there is nothing.
fn page(mut socket: TcpStream, pages: &Pages) {
    let mut request = Vec::new();
    let mut part = [0; 1024];
    while !request.windows(4).any(|four| four == b"\r\n\r\n") && request.len() < 16_384 {
        match socket.read(&mut part) {
            Ok(read @ 1..) => request.extend_from_slice(&part[..read]),
            _ => break,
        }
    }
    let text = String::from_utf8_lossy(&request);
    let mut words = text.split(' ');
    let path = match words.next() {
        Some("GET") => words.next().unwrap_or_default(),
        _ => "",
    };
    let found = pages.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
    let (status, body) = match &found {
        Some(body) => ("200 OK", body.as_str()),
        None => ("404 Not Found", ""),
    };
    let length = body.len();
    let _ = socket.write_all(
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .as_bytes(),
    );
}

/// Shows a name's certificate to who asks for it in the way of RFC 8737, and nothing to anybody else.
#[derive(Debug)]
struct Choice(Shown);

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asks = hello.alpn().is_some_and(|mut protocols| protocols.any(|protocol| protocol == ALPN));
        let name = hello.server_name().filter(|_| asks)?.to_ascii_lowercase();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned()
    }
}

const ALPN: &[u8] = b"acme-tls/1";

fn tls_config(shown: &Shown) -> Result<Arc<ServerConfig>, Plain> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Plain::new("acme-request-failed", error.to_string()))?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(Choice(Arc::clone(shown))));
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}

fn handshake(mut socket: TcpStream, config: &Arc<ServerConfig>) {
    let Ok(mut tls) = ServerConnection::new(Arc::clone(config)) else { return };
    while tls.is_handshaking() {
        if tls.complete_io(&mut socket).is_err() {
            return;
        }
    }
    tls.send_close_notify();
    let _ = tls.complete_io(&mut socket);
}

/// The certificate that proves a name, and the name that is asked for in the handshake.
fn certificate(name: &BrokerName, digest: &[u8]) -> Result<(String, Arc<CertifiedKey>), Plain> {
    let failed = |what: String| Plain::new("acme-request-failed", format!("no certificate for the challenge: {what}"));
    let key = KeyType::P256.generate().map_err(|error| failed(error.to_string()))?;
    let mut params = rcgen::CertificateParams::new([name.to_string()]).map_err(|error| failed(error.to_string()))?;
    params.custom_extensions = vec![rcgen::CustomExtension::new_acme_identifier(digest)];
    let issued = params.self_signed(&key).map_err(|error| failed(error.to_string()))?;
    let der =
        rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| failed(error.to_owned()))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let key = provider.key_provider.load_private_key(der).map_err(|error| failed(error.to_string()))?;
    let asked = match name {
        BrokerName::Dns(name) => name.clone(),
        BrokerName::Ip(std::net::IpAddr::V4(ip)) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        BrokerName::Ip(std::net::IpAddr::V6(ip)) => {
            let halves = ip.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            halves.map(|half| format!("{half:x}.")).collect::<String>() + "ip6.arpa"
        }
    };
    Ok((asked, Arc::new(CertifiedKey::new(vec![issued.der().clone()], key))))
}

/// Calls the hook and waits for its end.
fn run_hook(hook: &Path, verb: &str, record: &str, value: &str) -> Result<(), Plain> {
    let shown = hook.display();
    let failed = |what: String| {
        Plain::no("acme-hook-failed", format!("the DNS hook failed: {what}"))
            .detail(format!("called: {shown} {verb} {record} {value}"))
            .hint(format!("try it by hand: {shown} {verb} {record} test"))
    };
    let child = Command::new(hook)
        .args([verb, record, value])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|error| failed(error.to_string()))?;
    let outputs = [collect(child.stdout.take()), collect(child.stderr.take())];
    let end = Instant::now() + HOOK_PATIENCE;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(20)),
            _ => {
                stop(&mut child);
                break None;
            }
        }
    };
    let what = match status {
        Some(status) if status.success() => return Ok(()),
        Some(status) => format!("it ended with {status}"),
        None => format!("it did not end within {} seconds", HOOK_PATIENCE.as_secs()),
    };
    let mut plain = failed(what);
    // a child of a hook that was stopped may hold its output open
    for output in outputs.into_iter().flatten().filter(|_| status.is_some()) {
        let text = output.join().unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        for line in lines.iter().skip(lines.len().saturating_sub(10)) {
            plain = plain.detail(format!("it said: {}", printable(line)));
        }
    }
    Err(plain)
}

const HOOK_PATIENCE: Duration = Duration::from_secs(300);

fn stop(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> Option<JoinHandle<String>> {
    let pipe = pipe?;
    Some(std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.take(1 << 16).read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }))
}
