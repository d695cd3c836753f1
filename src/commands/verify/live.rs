//! The certificates of a live listener, as it sends them.

use std::time::Duration;

use super::Args;
use crate::error::Diagnose;
use crate::mqtt;
use crate::mqtt::Peek;
use crate::mqtt::Peeked;
use crate::pki::input;
use crate::pki::parsed::Certificate;
use crate::pki::verify::Finding;

/// How they were got.
pub(super) struct Live {
    pub(super) address: String,
    pub(super) tls_version: Option<&'static str>,
    pub(super) cipher: Option<String>,
    pub(super) certificate_asked: bool,
}

pub(super) fn fetch(args: &Args, host: &str, port: u16) -> Result<(Live, Vec<Certificate>), Finding> {
    let name = args.host.first().map(String::as_str);
    let look = Peek { host, port, name, version: None, timeout: Duration::from_secs(args.timeout) };
    let Peeked { address, chain, tls_version, cipher, certificate_asked } = mqtt::peek(&look).map_err(|trouble| {
        let found = Finding::invalid(trouble.code(), trouble.to_string());
        match trouble.hints().into_iter().next() {
            Some(hint) => found.hint(hint),
            None => found,
        }
    })?;
    let sent = input::sent(&chain, &address.to_string())?;
    if sent.is_empty() {
        let message = format!("{address} sent no certificate");
        return Err(Finding::invalid("tls-not-spoken", message).hint("is it the port of the TLS listener (8883)?"));
    }
    Ok((Live { address: address.to_string(), tls_version, cipher, certificate_asked }, sent))
}
