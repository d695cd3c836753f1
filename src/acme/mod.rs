//! The broker's certificate from an ACME authority (RFC 8555), such as Let's Encrypt.
//!
//! [`obtain`] talks to the authority and changes no more than the account's file; [`install`] is the change. In between
//! nothing holds the workspace's lock: an authority may take minutes.

mod answer;
mod http;
mod order;
mod pending;
mod problem;
mod renewal;
mod settings;

use instant_acme::AccountCredentials;
use instant_acme::CertificateIdentifier;
use rcgen::PublicKeyData;
use serde_json::Map;
use serde_json::Value;
use time::Duration;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use self::answer::Answers;
use self::http::Http;
use self::order::Directory;
use crate::error::Diagnose;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::keys;
use crate::pki::parsed::Certificate;
use crate::provision::credentials;
use crate::provision::external;
use crate::provision::external::Installed;
use crate::provision::external::Origin;
use crate::provision::external::Pair;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::layout;
use crate::workspace::layout::broker;

pub use renewal::Due;
pub use renewal::Renew;
pub use renewal::Renewal;
pub use renewal::renew;
pub use settings::Binding;
pub use settings::Challenge;
pub use settings::PRODUCTION;
pub use settings::STAGING;
pub use settings::Settings;

/// How this part names itself in `external.json`.
pub const BY: &str = "acme";

/// Asked once for each authority, with the address of its terms: whether the reader agrees.
pub type Agreement<'a> = dyn Fn(Option<&str>) -> bool + 'a;

/// What the certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is installed; what was issued and not installed is fetched again.
    Serve,
    Trial,
}

/// What an authority gave.
pub struct Obtained {
    pair: Pair,
    /// None where it was issued to an earlier run.
    csr: Option<String>,
    /// Whether the account was made for it.
    registered: bool,
    /// What stays to be cleared away by hand.
    left: Option<String>,
}

impl Obtained {
    /// What the reader should know of the way to it.
    pub fn notes(&self, workspace: &Workspace) -> Vec<String> {
        let account = || format!("the account is in {}: keep a copy", workspace.show(layout::ACME_ACCOUNT));
        self.registered.then(account).into_iter().chain(self.left.clone()).collect()
    }

    pub fn certificate(&self) -> &Certificate {
        self.pair.leaf()
    }
}

/// What was kept of the last time; nothing where there was none.
pub fn kept_settings(workspace: &Workspace) -> Result<Option<Settings>, Failure> {
    let Some(bytes) = workspace.read(layout::ACME_SETTINGS)? else { return Ok(None) };
    let settings = serde_json::from_slice(&bytes).map_err(|error| {
        let path = workspace.show(layout::ACME_SETTINGS);
        Plain::new("acme-settings-damaged", format!("`{path}` is damaged: {error}"))
            .hint("issue once more, which writes it anew: mqsec acme issue --domain NAME --email E-MAIL")
    })?;
    Ok(Some(settings))
}

/// A transport, and the runtime that the library wants.
struct Line {
    http: Http,
    runtime: tokio::runtime::Runtime,
}

impl Line {
    fn open(settings: &Settings) -> Result<Self, Failure> {
        let roots = match &settings.acme_ca {
            Some(path) => credentials::trust_der(path)?,
            None => Vec::new(),
        };
        let http = Http::new(&roots).map_err(|error| {
            Plain::new("acme-no-roots", format!("this machine has no authorities to trust: {error}"))
                .hint("apt-get install ca-certificates; or name the directory's root: --acme-ca FILE")
        })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime =
            runtime.map_err(|error| Plain::new("acme-request-failed", error.to_string()).hint("try again"))?;
        Ok(Self { http, runtime })
    }
}

/// Proves the names, and gets a certificate for them. Of the workspace only the account's file is changed.
pub fn obtain(
    workspace: &Workspace,
    settings: &Settings,
    purpose: Purpose,
    agreed: &Agreement<'_>,
    now: OffsetDateTime,
) -> Result<Obtained, Failure> {
    settings.check()?;
    let binding = match &settings.binding {
        Some(binding) => {
            let bytes = Zeroizing::new(credentials::must_read(&binding.key_file)?);
            Some(Zeroizing::new(order::binding_key(&String::from_utf8_lossy(&bytes))?))
        }
        None => None,
    };
    let key = key(workspace, settings)?;
    let names: Vec<String> = settings.domains.iter().map(ToString::to_string).collect();
    let csr = request(&names, &key)?;
    let mut answers = Answers::open(settings)?;
    let line = Line::open(settings)?;
    let directory = Directory::fetch(&line.http, &settings.directory)?;
    let mut kept = account(workspace, &settings.directory)?;
    let mut registered = false;
    let chain = loop {
        let (account, known) = match kept.take() {
            Some(credentials) => (line.runtime.block_on(order::restore(&line.http, settings, credentials))?, true),
            None => {
                if directory.needs_binding && binding.is_none() {
                    return Err(Plain::no(
                        "acme-eab-required",
                        "the authority takes only accounts that are bound to one with it",
                    )
                    .hint("take key id and key from its web page: mqsec acme issue --eab-kid KID --eab-key-file FILE")
                    .into());
                }
                if !agreed(directory.terms.as_deref()) {
                    return Err(terms(directory.terms.as_deref()).into());
                }
                let bound = binding.as_ref().map(|key| key.as_slice());
                let (account, credentials) = line.runtime.block_on(order::register(&line.http, settings, bound))?;
                keep_account(workspace, &settings.directory, &credentials)?;
                registered = true;
                (account, false)
            }
        };
        if known
            && purpose == Purpose::Serve
            && let Some(pair) = line.runtime.block_on(pending::fetch(workspace, settings, &account, now))
        {
            return Ok(Obtained { pair, csr: None, registered, left: None });
        }
        let replaces = if directory.has_renewal_info { replaced(workspace, settings)? } else { None };
        let note = |order: &str| match purpose {
            Purpose::Serve => pending::note(workspace, settings, order, &key),
            Purpose::Trial => Ok(()),
        };
        let asked = order::certificate(&line.http, &account, settings, replaces, csr.der(), &mut answers, &note);
        match line.runtime.block_on(asked) {
            Ok(chain) => break chain,
            // the authority forgot it: nothing is lost with a new one
            Err(error) if known && error.code == "acme-account-unknown" => {}
            Err(error) => {
                let _ = answers.clear();
                return Err(error);
            }
        }
    };
    // the certificate is there, and worth more than a record that stays
    let left = answers.clear().err().map(|error| {
        let details = error.details().join("; ");
        format!("warning: a record of the proof may have stayed: {error}; {details}")
    });
    let csr_pem = csr.pem().map_err(|error| own(&error))?;
    let pair = accept(&chain, keys::to_pem(&key), settings, now)?;
    Ok(Obtained { pair, csr: Some(csr_pem), registered, left })
}

/// The pair in place, its origin and the settings for the next time, in one change.
pub fn install(
    workspace: &Workspace,
    settings: &Settings,
    obtained: &Obtained,
    now: OffsetDateTime,
) -> Result<Installed, Failure> {
    let mut change = Transaction::begin(workspace)?;
    let origin = Origin::new(BY, &settings.domains, now).directory(&settings.directory);
    let text = serde_json::to_string_pretty(&settings.clone().absolute()).unwrap_or_default();
    change.put(layout::ACME_SETTINGS, text + "\n");
    let backup = external::put(&mut change, &obtained.pair, obtained.csr.as_deref(), &origin, now)?;
    change.remove(layout::ACME_PENDING);
    Ok(Installed { changes: change.commit()?, backup })
}

fn terms(url: Option<&str>) -> Plain {
    let plain = Plain::new("acme-terms", "the authority has terms, and nobody agreed to them");
    let plain = match url {
        Some(url) => plain.detail(format!("they are: {}", crate::error::printable(url))),
        None => plain,
    };
    plain.hint("read them, then the same command with --agree-tos: mqsec acme issue --domain NAME --agree-tos")
}

/// A new key, or the broker's own where it is to be kept and came from an authority as this one.
fn key(workspace: &Workspace, settings: &Settings) -> Result<rcgen::KeyPair, Failure> {
    let ours = external::origin(workspace)?.is_some_and(|origin| origin.by == BY);
    if settings.reuse_key
        && ours
        && let Some(pem) = workspace.read(broker::KEY)?.map(Zeroizing::new)
    {
        return Ok(keys::parse(&pem, &workspace.show(broker::KEY))?);
    }
    Ok(settings.key_type.generate()?)
}

fn request(names: &[String], key: &rcgen::KeyPair) -> Result<rcgen::CertificateSigningRequest, Plain> {
    let mut params = rcgen::CertificateParams::new(names).map_err(|error| own(&error))?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.serialize_request(key).map_err(|error| own(&error))
}

fn own(error: &rcgen::Error) -> Plain {
    Plain::new("acme-request-failed", format!("the request cannot be made: {error}"))
        .hint("take another kind of key: --key-type p256")
}

/// The certificate that the order renews, where it is of the same authority.
fn replaced(workspace: &Workspace, settings: &Settings) -> Result<Option<CertificateIdentifier<'static>>, Failure> {
    let origin = external::origin(workspace)?;
    if origin.is_none_or(|origin| origin.by != BY || origin.directory.as_deref() != Some(&settings.directory)) {
        return Ok(None);
    }
    let certificate = crate::provision::certificates::broker_certificate(workspace)?;
    Ok(certificate
        .and_then(|found| CertificateIdentifier::try_from(&found.der).ok().map(CertificateIdentifier::into_owned)))
}

/// The pair as it will be served, if what came is what was asked for.
fn accept(chain: &str, key_pem: Zeroizing<Vec<u8>>, settings: &Settings, now: OffsetDateTime) -> Result<Pair, Failure> {
    let wrong = |what: &str| {
        Plain::no("acme-wrong-certificate", format!("the authority sent something else than was asked for: {what}"))
            .hint("nothing was changed; run the same command again")
    };
    let pair = Pair::read(chain.as_bytes(), None, key_pem, "the authority's answer")
        .map_err(|failure| wrong(&failure.message()))?;
    let leaf = pair.leaf();
    let mut found = leaf.names();
    let mut asked: Vec<String> = settings.domains.iter().map(ToString::to_string).collect();
    found.sort();
    asked.sort();
    asked.dedup();
    if found != asked {
        return Err(wrong(&format!("a certificate for {}", found.join(", "))).into());
    }
    // it was made after this run began, and not every authority dates it back
    let now = now.max(leaf.not_before.min(now + Duration::minutes(15)));
    pair.judge(&[], now).map_err(|failure| wrong(&failure.message()))?;
    debug_assert!(keys::parse(&pair.key_pem, "").is_ok_and(|key| key.subject_public_key_info() == leaf.spki));
    Ok(pair)
}

/// The account with this authority, from the file that has all of them.
fn account(workspace: &Workspace, directory: &str) -> Result<Option<AccountCredentials>, Failure> {
    let Some(found) = accounts(workspace.read(layout::ACME_ACCOUNT)?, workspace)?.remove(directory) else {
        return Ok(None);
    };
    Ok(Some(serde_json::from_value(found).map_err(|_| damaged(workspace))?))
}

fn accounts(bytes: Option<Vec<u8>>, workspace: &Workspace) -> Result<Map<String, Value>, Plain> {
    let Some(bytes) = bytes.map(Zeroizing::new) else { return Ok(Map::new()) };
    serde_json::from_slice(&bytes).map_err(|_| damaged(workspace))
}

fn damaged(workspace: &Workspace) -> Plain {
    let path = workspace.show(layout::ACME_ACCOUNT);
    Plain::new("acme-account-damaged", format!("`{path}` is damaged"))
        .hint(format!("put it back from a backup, or move it away and a new account is made: mv {path} {path}.old"))
}

fn keep_account(workspace: &Workspace, directory: &str, credentials: &AccountCredentials) -> Result<(), Failure> {
    let mut change = Transaction::begin(workspace)?;
    let mut all = accounts(change.read(layout::ACME_ACCOUNT)?.map(|bytes| bytes.to_vec()), workspace)?;
    all.insert(directory.to_owned(), serde_json::to_value(credentials).unwrap_or_default());
    let text = Zeroizing::new(serde_json::to_vec_pretty(&all).unwrap_or_default());
    change.put(layout::ACME_ACCOUNT, text.to_vec());
    change.commit()?;
    Ok(())
}
