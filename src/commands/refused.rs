//! The broker is asked: does a new connection with the revoked certificate get in?

use std::time::Duration;

use crate::broker;
use crate::broker::proofs::client_id;
use crate::conf;
use crate::conf::Listener;
use crate::conf::Settings;
use crate::context::Context;
use crate::error::Failure;
use crate::mqtt;
use crate::mqtt::Attempt;
use crate::mqtt::Identity;
use crate::mqtt::Tls;
use crate::mqtt::TlsVersion;
use crate::mqtt::Trouble;
use crate::provision::credentials;
use crate::provision::revocation::Found;
use crate::series::Series;
use crate::workspace::Workspace;
use crate::workspace::layout;

/// What is known of one listener.
pub(super) struct Proof {
    /// `8883`, `8083 (websockets)`.
    pub(super) listener: String,
    pub(super) verdict: Verdict,
    pub(super) words: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The broker said that the certificate is revoked.
    Refused,
    /// It has read the list, and the key to try it with is not here.
    Listed,
    /// It is not asked for certificates there.
    NotAsked,
    Admitted,
    Unclear,
}

impl Verdict {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Listed => "listed",
            Self::NotAsked => "not-asked",
            Self::Admitted => "admitted",
            Self::Unclear => "unclear",
        }
    }

    pub(super) fn holds(self) -> bool {
        matches!(self, Self::Refused | Self::Listed | Self::NotAsked)
    }
}

/// Asks every listener that speaks TLS.
pub(super) fn all(context: &Context<'_>, revoked: &[&Found]) -> Result<Vec<Proof>, Failure> {
    let workspace = &context.workspace;
    let text = String::from_utf8_lossy(&workspace.read(layout::CONF)?.unwrap_or_default()).into_owned();
    let identities: Vec<Identity> = revoked.iter().filter_map(|found| identity(workspace, found)).take(4).collect();
    let is_20 = is_20(workspace);
    let name = revoked.first().map(|found| found.name.as_str()).unwrap_or_default();
    let of = |listener: &Listener| {
        let words = if listener.websockets { " (websockets)" } else { "" };
        let settings = Settings::of_port(&text, listener.port);
        let (verdict, words_of) = ask(listener, settings.as_ref(), &identities, is_20, name);
        Proof { listener: format!("{}{words}", listener.port), verdict, words: words_of }
    };
    Ok(conf::listeners(&text).iter().filter(|listener| listener.tls).map(of).collect())
}

fn ask(
    listener: &Listener,
    settings: Option<&Settings>,
    identities: &[Identity],
    is_20: bool,
    name: &str,
) -> (Verdict, String) {
    let list = settings.and_then(|settings| settings.get("crlfile"));
    let port = listener.port;
    if !listener.require_certificate {
        let words = format!(
            "asks for no certificates, so the password alone decides; take the login away: mqsec passwd del {}",
            crate::error::shell_word(name)
        );
        return (Verdict::NotAsked, words);
    }
    if is_20 && listener.websockets {
        return (Verdict::Admitted, ignored(name, list.is_some().then_some(port)));
    }
    if list.is_none() {
        let set = format!("mqsec conf set crlfile {} --listener {port}; then: mqsec restart", layout::broker::CRL);
        return (Verdict::Admitted, format!("looks at no revocation list (it has no `crlfile`): {set}"));
    }
    if identities.is_empty() {
        let words = "has read the new list; the certificate's key is not in this folder, so it was not tried";
        return (Verdict::Listed, words.to_owned());
    }
    for identity in identities {
        match attempt(listener, identity) {
            Trying::Revoked => {}
            Trying::In => {
                let list = list.unwrap_or_default();
                let words = format!("let the certificate in; the list that it reads is `{list}`: mqsec doctor");
                return (Verdict::Admitted, words);
            }
            Trying::Other(words) => return (Verdict::Unclear, words),
        }
    }
    (Verdict::Refused, "refused a new connection: TLS alert 44, certificate revoked".to_owned())
}

/// Its libwebsockets knows no lists. One that is named all the same ends the broker: the first reload after a connection
/// frees what libwebsockets goes on to use (measured on 2.0.21).
fn ignored(name: &str, with_list: Option<u16>) -> String {
    let name = crate::error::shell_word(name);
    let mut words = format!(
        "lets it in: secure websockets of Mosquitto 2.0 read no revocation list; take its login away (mqsec passwd del {name}; mqsec up), or use Mosquitto 2.1"
    );
    if let Some(port) = with_list {
        words.push_str(&format!(
            "; and take `crlfile` out there, with which a reload ends a 2.0 broker: mqsec conf set crlfile --unset --listener {port}"
        ));
    }
    words
}

enum Trying {
    Revoked,
    /// TLS let it in, whatever the login came to.
    In,
    Other(String),
}

/// A connection without a login. The broker's own certificate is not looked at: nothing secret is sent.
fn attempt(listener: &Listener, identity: &Identity) -> Trying {
    let host = mqtt::dial_host(listener.address.as_deref());
    let tls = Tls { trust: None, identity: Some(identity), name: None, version: None };
    let mut attempt = Attempt {
        tls: Some(tls),
        websocket: listener.websockets.then_some("/mqtt"),
        timeout: Duration::from_secs(5),
        ..Attempt::new(&host, listener.port, client_id("revoked"))
    };
    let mut result = mqtt::attempt(&attempt).result;
    if let Err(Trouble::ClosedAfterRequest { .. } | Trouble::Closed(_)) = result {
        // the alert of TLS 1.3 may be lost, that of 1.2 ends the handshake
        attempt.tls = Some(Tls { version: Some(TlsVersion::V12), ..tls });
        result = mqtt::attempt(&attempt).result;
    }
    match result {
        Err(Trouble::ClientRefused { alert, .. }) if u8::from(alert) == 44 => Trying::Revoked,
        Ok(()) | Err(Trouble::Connack { .. } | Trouble::Disconnected { .. }) => Trying::In,
        Err(trouble) => Trying::Other(format!("was not seen to refuse it: {trouble}")),
    }
}

/// The pair, where the key is in the folder: beside the certificate, or the client's own that was kept.
fn identity(workspace: &Workspace, found: &Found) -> Option<Identity> {
    let client = found.name.parse().ok()?;
    let own = layout::client(&client);
    let cert = found.file.clone().unwrap_or_else(|| own.cert.clone());
    let chain = cert.with_file_name(own.chain.file_name()?);
    let pair = |cert: &std::path::Path| {
        let key = cert.with_file_name(own.key.file_name()?);
        let keys = [key, own.key.clone()];
        let keys = keys.iter().filter(|key| workspace.has(key));
        keys.filter_map(|key| credentials::identity(&workspace.path(cert), &workspace.path(key)).ok()).next()
    };
    let (identity, certificates) = if workspace.has(&chain) { pair(&chain) } else { pair(&cert) }?;
    (certificates[0].serial == found.serial).then_some(identity)
}

/// Whether the broker that runs is of the 2.0 series.
fn is_20(workspace: &Workspace) -> bool {
    broker::running(workspace).and_then(|engine| engine.series()) == Some(Series::V20)
}
