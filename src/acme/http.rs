//! The way to the authority's server: HTTP/1.1 over TLS, a connection a request, each with its time limits.
//!
//! The ACME library leaves the transport to its user. Here it keeps what the library drops (`Retry-After` of a refusal),
//! tells a name that is not found from a port that is closed and from a certificate that is not trusted, and ends.

use std::future::Future;
use std::io;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::net::ToSocketAddrs;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use instant_acme::BodyWrapper;
use instant_acme::BytesResponse;
use instant_acme::HttpClient;
use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::RootCertStore;
use rustls::StreamOwned;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Reach {
    #[error("`{0}` is not an https address")]
    Address(String),
    #[error("the name `{0}` is not found: {1}")]
    Name(String, io::Error),
    #[error("`{0}` does not answer: {1}")]
    Connect(String, io::Error),
    #[error("the certificate of `{0}` is not accepted: {1}")]
    Tls(String, rustls::Error),
    #[error("the answer of `{0}` broke off: {1}")]
    Broken(String, io::Error),
    #[error("`{0}` answers with something else than HTTP")]
    NotHttp(String),
}

#[derive(Clone)]
pub(super) struct Http {
    config: Arc<ClientConfig>,
    /// `Retry-After` of the last answer that was a refusal.
    retry_after: Arc<Mutex<Option<String>>>,
}

const CONNECT: Duration = Duration::from_secs(15);
const ANSWER: Duration = Duration::from_secs(45);
/// A whole answer, however slowly its pieces come.
const WHOLE: Duration = Duration::from_secs(90);
/// No answer of an authority is near this size.
const LARGEST: usize = 4 << 20;

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Http {
    /// Trusts these roots; without any, those of the system.
    pub(super) fn new(roots: &[CertificateDer<'static>]) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let config = if roots.is_empty() {
            let verifier = rustls_platform_verifier::Verifier::new(provider)?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
        } else {
            let mut store = RootCertStore::empty();
            for root in roots {
                store.add(root.clone())?;
            }
            builder.with_root_certificates(store).with_no_client_auth()
        };
        Ok(Self { config: Arc::new(config), retry_after: Arc::default() })
    }

    pub(super) fn retry_after(&self) -> Option<String> {
        self.retry_after.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The body of a page, and its status.
    pub(super) fn get(&self, url: &str) -> Result<(u16, Vec<u8>), Reach> {
        let uri = url.parse().map_err(|_| Reach::Address(url.to_owned()))?;
        self.ask("GET", &uri, &[], &[]).map(|answer| (answer.status, answer.body))
    }

    fn ask(&self, method: &str, uri: &http::Uri, headers: &[(String, String)], body: &[u8]) -> Result<Answer, Reach> {
        let (Some("https"), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(Reach::Address(uri.to_string()));
        };
        let place = authority.as_str();
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\nAccept-Language: en\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Reach::Address(uri.to_string()))?;
        let tls = ClientConnection::new(Arc::clone(&self.config), name)
            .map_err(|error| Reach::Tls(place.to_owned(), error))?;
        let socket = connect(host, authority.port_u16().unwrap_or(443), place)?;
        let mut stream = StreamOwned::new(tls, socket);
        let broken = |error: io::Error| match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(inner) => Reach::Tls(place.to_owned(), inner.clone()),
            None => Reach::Broken(place.to_owned(), error),
        };
        stream.write_all(request.as_bytes()).and_then(|()| stream.write_all(body)).map_err(broken)?;
        stream.flush().map_err(broken)?;
        let bytes = whole(&mut stream, WHOLE).map_err(broken)?;
        let answer = parse(&bytes, method == "HEAD").ok_or_else(|| Reach::NotHttp(place.to_owned()))?;
        let told = answer
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("Retry-After"))
            .map(|(_, value)| value.clone());
        *self.retry_after.lock().unwrap_or_else(PoisonError::into_inner) = told.filter(|_| answer.status >= 400);
        Ok(answer)
    }
}

fn connect(host: &str, port: u16, place: &str) -> Result<TcpStream, Reach> {
    let addresses = (host, port).to_socket_addrs().map_err(|error| Reach::Name(host.to_owned(), error))?;
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(socket) => {
                let limits = socket.set_read_timeout(Some(ANSWER)).and(socket.set_write_timeout(Some(ANSWER)));
                limits.map_err(|error| Reach::Connect(place.to_owned(), error))?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(Reach::Connect(place.to_owned(), last))
}

/// All that comes until the other side ends it, or an error where it does not end.
fn whole(stream: &mut impl Read, patience: Duration) -> io::Result<Vec<u8>> {
    let (begun, mut bytes, mut piece) = (Instant::now(), Vec::new(), vec![0; 1 << 14]);
    loop {
        match stream.read(&mut piece) {
            Ok(0) => return Ok(bytes),
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
            // many servers end without TLS's own goodbye; the length tells whether all is there
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if bytes.len() > LARGEST || begun.elapsed() > patience {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "it has no end"));
        }
    }
}

/// Takes an answer apart; nothing where it is none, or not whole.
fn parse(bytes: &[u8], head_only: bool) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let rest = bytes.get(end + 4..)?;
    let mut lines = head.split("\r\n");
    let mut status = lines.next()?.splitn(3, ' ');
    if !status.next()?.starts_with("HTTP/1.") {
        return None;
    }
    let status = status.next()?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let header = |wanted: &str| {
        headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    };
    let body = if head_only {
        Vec::new()
    } else if header("Transfer-Encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        chunks(rest)?
    } else if let Some(length) = header("Content-Length") {
        rest.get(..length.parse().ok()?)?.to_vec()
    } else {
        rest.to_vec()
    };
    Some(Answer { status, headers, body })
}

fn chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..end)?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        rest = rest.get(end + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size.checked_add(2)?..)?;
    }
}

impl HttpClient for Http {
    fn request(
        &self,
        request: http::Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, instant_acme::Error>> + Send>> {
        let own = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            // the library gives no other way to a body's bytes
            let mut body = BytesResponse::from(http::Response::new(body)).body;
            let body = body.into_bytes().await.map_err(instant_acme::Error::Other)?;
            let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
            let headers: Vec<_> =
                parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
            let answer = own
                .ask(parts.method.as_str(), &parts.uri, &headers, &body)
                .map_err(|error| instant_acme::Error::Other(Box::new(error)))?;
            let mut response = http::Response::builder().status(answer.status);
            for (name, value) in &answer.headers {
                response = response.header(name, value);
            }
            Ok(BytesResponse::from(response.body(BodyWrapper::from(answer.body))?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_an_end_is_given_up() {
        assert_eq!(whole(&mut &b"abc"[..], WHOLE).unwrap(), b"abc");
        assert_eq!(whole(&mut io::repeat(b'x'), WHOLE).unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(whole(&mut io::repeat(b'x'), Duration::ZERO).unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn answers_of_every_form_are_read() {
        let body = |text: &str, head| parse(text.as_bytes(), head).map(|answer| (answer.status, answer.body));
        let text = |status: u16, text: &str| Some((status, text.as_bytes().to_vec()));
        assert_eq!(body("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", false), text(200, "ab"));
        assert_eq!(body("HTTP/1.1 429 Too\r\n\r\nall", false), text(429, "all"));
        assert_eq!(
            body("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", false),
            text(200, "abcd")
        );
        assert_eq!(body("HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n", true), text(200, ""));
        for broken in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "SSH-2.0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc",
        ] {
            assert_eq!(body(broken, false), None, "{broken:?}");
        }
    }
}
