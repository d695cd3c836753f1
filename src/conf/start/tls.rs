//! The TLS of a listener, as OpenSSL takes its files (20:net.c:317-617, 21:net.c:430-760).

use base64::Engine;

use super::Cause;
use super::Machine;
use super::Stop;
use super::Unreadable;
use super::Why;
use super::ciphers;
use crate::conf::reading::Listener;
use crate::conf::reading::Reading;
use crate::conf::reading::Value;
use crate::pki::input;
use crate::pki::parsed::Certificate;
use crate::pki::parsed::KeyKind;
use crate::series::Series;

pub(super) fn of(reading: &Reading, listener: &Listener, machine: &dyn Machine) -> Result<(), Box<Stop>> {
    let certificates = listener.is_tls();
    if !certificates && !listener.is_psk() {
        return Ok(());
    }
    context(reading, listener, machine)?;
    if certificates {
        if let Some(value) = listener.options.last("cafile") {
            authorities(value, machine)?;
        }
        engine(listener)?;
        pair(listener, machine, reading.series)?;
        if let Some(value) = listener.options.last("crlfile") {
            lists(value, machine)?;
        }
    }
    Ok(())
}

/// libwebsockets of 2.0 reports nothing of what is missing: it starts, and serves nobody, unless a file that is there
/// cannot be used.
pub(super) fn of_libwebsockets(listener: &Listener, machine: &dyn Machine) -> Result<(), Box<Stop>> {
    if let Some(value) = listener.options.last("http_dir")
        && !machine.is_folder(&value.text)
        && machine.read(&value.text).is_err()
    {
        return Err(Stop::new(Cause::HttpDir { path: value.text.clone() }, &value.place, 1));
    }
    if !listener.is_tls() {
        return Ok(());
    }
    pair(listener, machine, Series::V20)
}

/// `net__tls_server_ctx`.
fn context(reading: &Reading, listener: &Listener, machine: &dyn Machine) -> Result<(), Box<Stop>> {
    let options = &listener.options;
    if let Some(version) = options.last("tls_version")
        && !matches!(version.text.as_str(), "tlsv1.3" | "tlsv1.2" | "tlsv1.1")
    {
        return Err(Stop::new(Cause::TlsVersion { given: version.text.clone() }, &version.place, 1));
    }
    if let Some(list) = options.last("ciphers").filter(|list| !ciphers::names_any(&list.text, reading.series)) {
        return Err(Stop::new(Cause::Ciphers { key: "ciphers", given: list.text.clone() }, &list.place, 1));
    }
    if let Some(list) = options.last("ciphers_tls1.3").filter(|list| !ciphers::names_any_13(&list.text)) {
        return Err(Stop::new(Cause::Ciphers { key: "ciphers_tls1.3", given: list.text.clone() }, &list.place, 1));
    }
    if let Some(file) = options.last("dhparamfile").filter(|_| reading.series == Series::V20) {
        let usable = machine.read(&file.text).is_ok_and(|bytes| dh_bytes(&bytes).is_some_and(|length| length >= 256));
        if !usable {
            return Err(Stop::new(Cause::DhParameters { path: file.text.clone() }, &file.place, 1));
        }
    }
    Ok(())
}

/// How many bytes the prime of Diffie-Hellman parameters has; OpenSSL wants 256 of them.
fn dh_bytes(pem: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(pem);
    let (_, rest) = text.split_once(" PARAMETERS-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let body: String = body.split_whitespace().collect();
    let der = base64::engine::general_purpose::STANDARD.decode(body).ok()?;
    // a sequence whose first element is the prime
    match der.as_slice() {
        [0x30, 0x82, _, _, 0x02, 0x82, high, low, zero, ..] => {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            Some(length - usize::from(*zero == 0 && length > 0))
        }
        _ => None,
    }
}

/// OpenSSL's engines: none is there unless somebody installed it.
fn engine(listener: &Listener) -> Result<(), Box<Stop>> {
    match listener.options.last("tls_engine") {
        Some(engine) => Err(Stop::new(Cause::Engine { name: engine.text.clone() }, &engine.place, 1)),
        None => Ok(()),
    }
}

fn read(value: &Value, machine: &dyn Machine) -> Result<Vec<u8>, Why> {
    if machine.is_folder(&value.text) {
        return Err(Why::Unreadable(Unreadable::NoFile));
    }
    machine.read(&value.text).map_err(Why::Unreadable)
}

fn has_label(bytes: &[u8], end: &str) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.lines().any(|line| {
        line.strip_prefix("-----BEGIN ").is_some_and(|rest| rest.trim_end().trim_end_matches('-').ends_with(end))
    })
}

fn authorities(value: &Value, machine: &dyn Machine) -> Result<(), Box<Stop>> {
    let usable = read(value, machine).and_then(|bytes| {
        // a file of revocation lists alone does, too: they lie in the same store
        if has_label(&bytes, "X509 CRL") && !has_label(&bytes, "CERTIFICATE") {
            return Ok(());
        }
        certificates(&bytes, &value.text).map(drop)
    });
    usable.map_err(|why| Stop::new(Cause::Authorities { path: value.text.clone(), why }, &value.place, 1))
}

fn certificates(bytes: &[u8], path: &str) -> Result<Vec<Certificate>, Why> {
    let found = input::certificates(bytes, path).map_err(|finding| Why::Holds(finding.message))?;
    match found.odd.iter().find(|odd| odd.code == "file-is-der") {
        Some(odd) => Err(Why::Holds(odd.message.clone())),
        None => Ok(found.list),
    }
}

fn lists(value: &Value, machine: &dyn Machine) -> Result<(), Box<Stop>> {
    let usable = read(value, machine).and_then(|bytes| {
        if !has_label(&bytes, "X509 CRL") {
            return Err(Why::Holds("there is no revocation list in it, in PEM".to_owned()));
        }
        input::revocation_lists(&bytes, &value.text).map(drop).map_err(|finding| Why::Holds(finding.message))
    });
    usable.map_err(|why| Stop::new(Cause::Crl { path: value.text.clone(), why }, &value.place, 1))
}

/// Certificate and key, and whether they belong together.
fn pair(listener: &Listener, machine: &dyn Machine, series: Series) -> Result<(), Box<Stop>> {
    let (Some(certfile), Some(keyfile)) = (listener.options.last("certfile"), listener.options.last("keyfile")) else {
        return Ok(());
    };
    let chain = read(certfile, machine).and_then(|bytes| certificates(&bytes, &certfile.text));
    let chain = chain.and_then(|chain| strong(chain, series));
    let bad = |why: Why| Stop::new(Cause::Certificate { path: certfile.text.clone(), why }, &certfile.place, 1);
    let chain = chain.map_err(bad)?;
    let bad = |why: Why| Stop::new(Cause::Key { path: keyfile.text.clone(), why }, &keyfile.place, 1);
    let pem = read(keyfile, machine).map(zeroize::Zeroizing::new).map_err(bad)?;
    let public = match input::public_key(&pem, &keyfile.text) {
        Ok(public) => public,
        Err(finding) if finding.code == "key-encrypted" => return Err(bad(Why::Encrypted)),
        // a kind of key that OpenSSL takes and mqsec cannot read: it may well belong to the certificate
        Err(_) if has_label(&pem, "PRIVATE KEY") && pem.windows(9).any(|part| part == b"-----END ") => return Ok(()),
        Err(finding) => return Err(bad(Why::Holds(finding.message))),
    };
    match chain.first() {
        Some(leaf) if leaf.spki != public => {
            let cause = Cause::KeyMismatch { key: keyfile.text.clone(), certificate: certfile.text.clone() };
            Err(Stop::new(cause, &keyfile.place, 1))
        }
        _ => Ok(()),
    }
}

/// What OpenSSL's security level 2 asks of the chain: keys of 112 bits' strength, and no SHA-1 below the root. The OpenSSL
/// that 2.1 came with looks at the signature only when a client asks.
fn strong(chain: Vec<Certificate>, series: Series) -> Result<Vec<Certificate>, Why> {
    for certificate in &chain {
        if let KeyKind::Rsa(bits) = certificate.key_kind
            && bits < 2048
        {
            return Err(Why::KeyTooSmall(bits));
        }
        let name = certificate.signature_name();
        let weak = ["SHA-1", "SHA1", "MD5", "sha1", "md5"].iter().any(|word| name.contains(word));
        if weak && !certificate.is_self_issued() && series == Series::V20 {
            return Err(Why::SignatureTooWeak(name.to_owned()));
        }
    }
    Ok(chain)
}
