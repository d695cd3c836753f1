//! `mqsec ca show`: the whole hierarchy.

use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::commands::rfc3339;
use crate::context::Context;
use crate::error::Failure;
use crate::pki::constraints::Constraints;
use crate::pki::crl::Crl;
use crate::pki::encrypted;
use crate::pki::encrypted::Kept;
use crate::pki::in_words;
use crate::pki::parsed::Certificate;
use crate::pki::short_date;
use crate::ui::Report;
use crate::workspace::layout;
use crate::workspace::layout::Generation;

pub(super) fn run(context: &Context<'_>) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let mut tiers = Vec::new();
    for (generation, what) in [(Generation::Current, ""), (Generation::Next, "next "), (Generation::Old, "replaced ")] {
        let files = layout::authority(generation);
        for (tier, cert, key) in
            [("root", files.cert, files.key), ("signing authority", files.signing_cert, files.signing_key)]
        {
            let Some(pem) = workspace.read(&cert)? else { continue };
            let certificate = Certificate::from_pem(&pem, &workspace.show(&cert))?;
            let key = (how_kept(context, &key), workspace.show(key));
            tiers.push(Tier { what: format!("{what}{tier}"), certificate, key, cert });
        }
    }
    if tiers.first().is_none_or(|tier| tier.what != "root") {
        return Err(super::missing(context));
    }
    let lists = workspace.read(layout::CA_CRL)?;
    let lists = lists.and_then(|pem| Crl::all_from_pem(&pem, layout::CA_CRL).ok()).unwrap_or_default();
    Ok(context.ui.report(&Shown { context, tiers, lists }))
}

/// `open`, `encrypted`, or why neither can be said.
fn how_kept(context: &Context<'_>, key: &Path) -> &'static str {
    match context.workspace.read(key) {
        Ok(Some(pem)) if encrypted::kept(&pem) == Kept::Open => "open",
        Ok(Some(_)) => "encrypted",
        Ok(None) => "away",
        Err(_) => "unreadable",
    }
}

struct Tier {
    what: String,
    certificate: Certificate,
    key: (&'static str, String),
    cert: PathBuf,
}

struct Shown<'a> {
    context: &'a Context<'a>,
    tiers: Vec<Tier>,
    lists: Vec<Crl>,
}

fn number(list: &Crl) -> Option<String> {
    let (_, parsed) = CertificateRevocationList::from_der(&list.der).ok()?;
    parsed.crl_number().map(ToString::to_string)
}

/// How much of a life is left, in hundredths.
fn left(certificate: &Certificate, now: time::OffsetDateTime) -> i64 {
    let life = (certificate.not_after - certificate.not_before).whole_seconds().max(1);
    ((certificate.not_after - now).whole_seconds().clamp(0, life) * 100 + life / 2) / life
}

impl Tier {
    fn text(&self, context: &Context<'_>) -> String {
        let (c, now) = (&self.certificate, context.now);
        let (kept, key) = &self.key;
        let kept = match *kept {
            "open" => format!("{key} (no passphrase)"),
            "encrypted" => format!("{key} (encrypted)"),
            "away" if context.workspace.ca_dir_missing().is_some() => format!("{key} (its folder is not there)"),
            "away" => format!("not here (its place: {key})"),
            _ => format!("{key} (cannot be read)"),
        };
        let left = match c.not_after > now {
            true => format!("{}, {} % left", in_words(c.not_after, now), left(c, now)),
            false => in_words(c.not_after, now),
        };
        let mut text = format!(
            "{} `{}`\n  valid from   {}\n  valid until  {} ({left})\n  key          {}\n  key file     {kept}\n  serial       {}\n  SHA-256      {}\n  file         {}\n",
            self.what,
            c.title(),
            short_date(c.not_before),
            short_date(c.not_after),
            c.key,
            c.serial,
            c.fingerprint(),
            context.workspace.show(&self.cert),
        );
        if let Some(found) = Constraints::of(c) {
            text.push_str(&format!("  names        {} alone\n", found.list()));
        }
        text
    }

    fn json(&self, context: &Context<'_>) -> Value {
        let c = &self.certificate;
        let names = |list: &[crate::pki::constraints::Subtree]| -> Vec<String> {
            list.iter().map(ToString::to_string).collect()
        };
        json!({
            "tier": self.what,
            "subject": c.subject,
            "serial": c.serial,
            "fingerprint_sha256": c.fingerprint(),
            "key": c.key,
            "key_file": self.key.1,
            "key_kept": self.key.0,
            "not_before": rfc3339(c.not_before),
            "not_after": rfc3339(c.not_after),
            "percent_left": left(c, context.now),
            "path_length": c.path_length,
            "name_constraints": Constraints::of(c).map(|found| json!({
                "permitted": names(&found.permitted), "excluded": names(&found.excluded),
            })),
            "file": context.workspace.show(&self.cert),
        })
    }
}

impl Report for Shown<'_> {
    fn text(&self, _fancy: bool) -> String {
        let mut text: String = self.tiers.iter().map(|tier| tier.text(self.context)).collect();
        let file = self.context.workspace.show(layout::CA_CRL);
        for list in &self.lists {
            let number = number(list).map(|number| format!(" {number}")).unwrap_or_default();
            let end = match list.next_update {
                Some(end) => format!("valid until {} ({})", short_date(end), in_words(end, self.context.now)),
                None => "without an end".to_owned(),
            };
            text.push_str(&format!("revocation list{number} of `{}`\n", list.issuer));
            text.push_str(&format!("  {} revoked, {end}\n  file         {file}\n", list.len()));
        }
        let root = &self.tiers[0];
        let two = self.tiers.iter().any(|tier| tier.what == "signing authority");
        if two && root.key.0 == "open" {
            text.push_str(&format!(
                "the root's key is needed for no daily work: move {} to a safe place\n",
                root.key.1
            ));
        }
        text
    }

    fn json(&self) -> Value {
        // the root's own facts stand above the tiers too
        let mut value = self.tiers[0].json(self.context);
        value["schema"] = json!("mqsec/ca-show/1");
        value["tiers"] = self.tiers.iter().map(|tier| tier.json(self.context)).collect();
        let lists = self.lists.iter().map(|list| {
            json!({
                "issuer": list.issuer,
                "number": number(list),
                "revoked": list.len(),
                "this_update": rfc3339(list.this_update),
                "next_update": list.next_update.map(rfc3339),
            })
        });
        value["revocation_lists"] = lists.collect();
        value
    }
}
