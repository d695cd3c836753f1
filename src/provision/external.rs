//! A broker's pair that another authority issued: judged before it is taken, kept apart from what our own authority issues.

use std::path::PathBuf;

use base64::Engine;
use rcgen::PublicKeyData;
use serde::Deserialize;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use super::stamp;
use super::users;
use crate::error::Failure;
use crate::error::Plain;
use crate::error::printable;
use crate::pki::input;
use crate::pki::keys;
use crate::pki::names::BrokerName;
use crate::pki::parsed::Certificate;
use crate::pki::verify;
use crate::pki::verify::As;
use crate::pki::verify::Severity;
use crate::workspace::Change;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::layout::broker;

/// Where the broker's pair comes from: the contents of `certs/broker/external.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// `acme`, `certbot`, `lego`, `acme.sh`, `files`.
    pub by: String,
    #[serde(default)]
    pub domains: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The file that it was copied from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(default)]
    pub installed: String,
}

impl Origin {
    pub fn new(by: &str, domains: &[BrokerName], now: OffsetDateTime) -> Self {
        let domains = domains.iter().map(ToString::to_string).collect();
        let installed = now.replace_nanosecond(0).unwrap_or(now).format(&Rfc3339).unwrap_or_default();
        Self { by: by.to_owned(), domains, directory: None, source: None, installed }
    }

    pub fn directory(self, directory: &str) -> Self {
        Self { directory: Some(directory.to_owned()), ..self }
    }
}

/// Whose the broker's pair is; nothing when it is our own authority's. A note that cannot be read still says "not ours".
pub fn origin(workspace: &Workspace) -> Result<Option<Origin>, Failure> {
    let unknown = || Origin {
        by: "another authority".to_owned(),
        domains: Vec::new(),
        directory: None,
        source: None,
        installed: String::new(),
    };
    let bytes = workspace.read(broker::EXTERNAL)?;
    let read = |bytes: Vec<u8>| serde_json::from_slice(&bytes).unwrap_or_else(|_| unknown());
    Ok(bytes.map(read).map(|origin: Origin| Origin { by: printable(&origin.by), ..origin }))
}

/// A certificate, those above it, and its key, in the order in which TLS sends them.
pub struct Pair {
    /// At least the certificate itself.
    chain: Vec<Certificate>,
    pub key_pem: Zeroizing<Vec<u8>>,
}

impl Pair {
    /// Finds the certificate that belongs to the key, and its issuers among the others, in whatever order they stand.
    pub fn read(
        cert: &[u8],
        further: Option<&[u8]>,
        key_pem: Zeroizing<Vec<u8>>,
        shown: &str,
    ) -> Result<Self, Failure> {
        if keys::describe(&key_pem).starts_with("an encrypted") {
            return Err(Plain::no("key-encrypted", "the key is encrypted, and a broker cannot ask for its passphrase")
                .hint("hand over a plain one, mode 0600: openssl pkey -in KEY -out PLAIN.key")
                .into());
        }
        let key = keys::parse(&key_pem, "the key")?;
        let mut all = input::certificates(cert, shown)?.list;
        if let Some(further) = further {
            all.extend(input::certificates(further, "the chain")?.list);
        }
        let spki = key.subject_public_key_info();
        let Some(at) = all.iter().position(|one| one.spki == spki) else {
            return Err(Plain::no(
                "key-mismatch",
                format!("the key does not belong to the certificate `{}`", all[0].title()),
            )
            .hint("hand over the two files of one certificate; nothing was changed")
            .into());
        };
        let mut chain = vec![all.swap_remove(at)];
        while let Some(last) = chain.last().filter(|last| !last.is_self_issued()) {
            let above = all.iter().position(|one| one.raw_subject == last.raw_issuer && last.signed_by(one));
            let Some(above) = above else { break };
            chain.push(all.swap_remove(above));
        }
        Ok(Self { chain, key_pem })
    }

    pub fn leaf(&self) -> &Certificate {
        &self.chain[0]
    }

    /// What the broker sends.
    pub fn chain_pem(&self) -> String {
        self.chain.iter().map(|one| pem(&one.der)).collect()
    }

    /// Whether a broker can serve it under these names, to clients that trust its root.
    pub fn judge(&self, names: &[String], now: OffsetDateTime) -> Result<(), Failure> {
        let leaf = self.leaf();
        if leaf.is_self_issued() {
            return Err(Plain::no(
                "certificate-self-signed",
                format!("`{}` is self-signed: no authority stands behind it", leaf.title()),
            )
            .hint("the broker's own authority serves better: mqsec broker-cert NAME")
            .into());
        }
        if self.chain.len() == 1 {
            return Err(Plain::no(
                "chain-intermediate-missing",
                format!("the certificate of its issuer `{}` is missing: most clients could not follow", leaf.issuer),
            )
            .hint("hand over the full chain: fullchain.pem, or --chain FILE; nothing was changed")
            .into());
        }
        let (above, last) = (&self.chain[1..], &self.chain[self.chain.len() - 1..]);
        let case = verify::Case {
            trust: last,
            intermediates: above,
            hosts: names,
            key: Some(&leaf.spki),
            ..verify::Case::new(leaf, As::Server, now)
        };
        let grave = verify::judge(&case)
            .into_iter()
            // that the chain ends below its root is what a server sends
            .find(|finding| finding.severity == Severity::Invalid && finding.code != "ca-root-missing");
        match grave {
            None => Ok(()),
            Some(finding) => Err(Plain::no(
                finding.code,
                format!("the certificate `{}` is refused: {}", leaf.title(), finding.message),
            )
            .hint("nothing was changed; get another certificate, and hand it over again")
            .into()),
        }
    }

    /// Whether the broker has just this pair already, as another authority's.
    pub fn is_installed(&self, workspace: &Workspace) -> Result<bool, Failure> {
        if !workspace.has(broker::EXTERNAL) {
            return Ok(false);
        }
        let cert = workspace.read(broker::CERT)?.is_some_and(|found| found == self.chain_pem().as_bytes());
        Ok(cert && workspace.read(broker::KEY)?.map(Zeroizing::new).is_some_and(|found| found == self.key_pem))
    }
}

/// What an installation changed.
pub struct Installed {
    pub changes: Vec<Change>,
    /// Where the pair is kept that stood there before.
    pub backup: Option<PathBuf>,
}

/// Puts the pair in the broker's place, and keeps what was there.
pub fn put(
    change: &mut Transaction<'_>,
    pair: &Pair,
    csr: Option<&str>,
    origin: &Origin,
    now: OffsetDateTime,
) -> Result<Option<PathBuf>, Failure> {
    let mut backup = None;
    for path in [broker::KEY, broker::CSR, broker::CERT, broker::EXTERNAL] {
        if let Some(copy) = change.back_up(path, &stamp(now))? {
            backup = copy.parent().map(PathBuf::from);
        }
    }
    change.put(broker::KEY, pair.key_pem.to_vec());
    change.put(broker::CERT, pair.chain_pem());
    match csr {
        Some(csr) => change.put(broker::CSR, csr),
        // of the pair that is no longer there
        None => change.remove(broker::CSR),
    }
    change.put(broker::EXTERNAL, serde_json::to_string_pretty(origin).unwrap_or_default() + "\n");
    Ok(backup)
}

/// The names that a certificate for this folder's broker must have. A broker that is known by the machine's own name alone
/// asks for none.
pub fn wanted_names(workspace: &Workspace) -> Result<Vec<String>, Failure> {
    let named = users::env_file(workspace)?.and_then(|env| env.broker_cn);
    let public = named.filter(|name| matches!(name.parse(), Ok(BrokerName::Dns(name)) if name.contains('.')));
    Ok(public.into_iter().collect())
}

/// What our own clients trust beside our authority, to know the broker by: the certificates above the broker's own. That
/// holds for every authority, a staging one too, whatever this machine's store has.
pub fn trust(workspace: &Workspace) -> Result<Vec<Certificate>, Failure> {
    if !workspace.has(broker::EXTERNAL) {
        return Ok(Vec::new());
    }
    let Some(pem) = workspace.read(broker::CERT)? else { return Ok(Vec::new()) };
    let mut chain = input::certificates(&pem, &workspace.show(broker::CERT))?.list;
    Ok(chain.split_off(1.min(chain.len())))
}

/// The name to ask the broker for, where the one that is dialled (this machine) is not in another authority's certificate.
pub fn name_to_ask(workspace: &Workspace, host: &str) -> Option<String> {
    if !workspace.has(broker::EXTERNAL) {
        return None;
    }
    let pem = workspace.read(broker::CERT).ok()??;
    let leaf = Certificate::from_pem(&pem, "").ok()?;
    if verify::is_valid_for(&leaf, host) {
        return None;
    }
    let names = leaf.names();
    let plain = names.iter().find(|name| !name.starts_with("*."));
    plain.cloned().or_else(|| Some(format!("mqsec{}", names.first()?.strip_prefix('*')?)))
}

fn pem(der: &[u8]) -> String {
    let base64 = base64::engine::general_purpose::STANDARD.encode(der);
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in base64.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}
