//! An order that is under way: a process that dies, or a network that goes, after the authority issued costs no certificate
//! and no key. The next run fetches what is there.

use instant_acme::Account;
use rcgen::KeyPair;
use serde::Deserialize;
use serde::Serialize;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::Settings;
use super::order;
use crate::error::Failure;
use crate::pki::keys;
use crate::provision::external::Pair;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::layout;

/// The contents of `certs/acme/pending.json`.
#[derive(Serialize, Deserialize)]
struct Pending {
    directory: String,
    names: String,
    order: String,
    key: String,
}

/// Notes the order before the authority is asked to issue.
pub(super) fn note(workspace: &Workspace, settings: &Settings, order: &str, key: &KeyPair) -> Result<(), Failure> {
    let key = keys::to_pem(key);
    let pending = Pending {
        directory: settings.directory.clone(),
        names: settings.names(),
        order: order.to_owned(),
        key: String::from_utf8_lossy(&key).into_owned(),
    };
    let mut change = Transaction::begin(workspace)?;
    change.put(layout::ACME_PENDING, Zeroizing::new(serde_json::to_vec(&pending).unwrap_or_default()).to_vec());
    change.commit().map(drop)
}

/// What the authority has issued already for the same names; nothing where it cannot be had any more, or would be due soon.
pub(super) async fn fetch(
    workspace: &Workspace,
    settings: &Settings,
    account: &Account,
    now: OffsetDateTime,
) -> Option<Pair> {
    let bytes = Zeroizing::new(workspace.read(layout::ACME_PENDING).ok()??);
    let pending: Pending = serde_json::from_slice(&bytes).ok()?;
    if (&pending.directory, &pending.names) != (&settings.directory, &settings.names()) {
        return None;
    }
    let key_pem = Zeroizing::new(pending.key.into_bytes());
    let chain = order::resume(account, pending.order).await?;
    let pair = super::accept(&chain, key_pem, settings, now).ok()?;
    let same_kind = settings.reuse_key || pair.leaf().key == settings.key_type.to_string();
    let (from, to) = (pair.leaf().not_before, pair.leaf().not_after);
    (same_kind && to - now > (to - from) / 3).then_some(pair)
}
