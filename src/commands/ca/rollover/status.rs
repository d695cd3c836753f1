//! `mqsec ca rollover status`: where the rollover stands.

use serde_json::Value;
use serde_json::json;
use time::OffsetDateTime;

use crate::commands::rfc3339;
use crate::context::Context;
use crate::error::Failure;
use crate::mqtt;
use crate::pki::crl::Crl;
use crate::pki::in_words;
use crate::pki::parsed::Certificate;
use crate::pki::short_date;
use crate::pki::verify;
use crate::pki::verify::As;
use crate::pki::verify::Case;
use crate::pki::verify::Severity;
use crate::provision::authority::Hierarchy;
use crate::provision::rollover;
use crate::provision::rollover::InForce;
use crate::provision::rollover::Left;
use crate::provision::rollover::Phase;
use crate::provision::rollover::State;
use crate::provision::session::Probe;
use crate::takeover;
use crate::takeover::Action;
use crate::ui::Report;
use crate::workspace::Transaction;
use crate::workspace::layout::broker;

pub(super) fn run(context: &Context<'_>) -> Result<u8, Failure> {
    let (workspace, now) = (&context.workspace, context.now);
    let change = Transaction::begin(workspace)?;
    let state = State::load(&change)?;
    let mut status = Status {
        now,
        command: workspace.command(),
        phase: match state.phase {
            Phase::None => "none",
            Phase::Prepared { .. } => "prepared",
            Phase::Reissued { .. } => "reissued",
        },
        current: (state.current.issuer().title().to_owned(), state.current.end()),
        other: None,
        since: state.prepared(),
        crossed: state.is_crossed(&change),
        left: Left::default(),
        old: InForce::default(),
        kinds: Vec::new(),
        serves: None,
        loaded: String::new(),
    };
    if let Some((old, new)) = state.both() {
        let other = if matches!(state.phase, Phase::Prepared { .. }) { new } else { old };
        status.other = Some((other.issuer().title().to_owned(), other.end()));
        status.left = rollover::left(&change, old, new)?;
        status.old = rollover::in_force(&change, old, now)?;
        status.kinds = kinds(&change, &state, old, new, now)?;
    }
    drop(change);
    status.loaded = match takeover::plan(workspace, now) {
        Ok(None) => "no broker of this folder runs".to_owned(),
        Ok(Some(plan)) => {
            if let Ok(probe) = Probe::load(workspace) {
                let seen = mqtt::attempt(&probe.knock()).seen.chain;
                status.serves = seen.into_iter().next().and_then(Certificate::from_der);
            }
            match plan.action {
                Action::Nothing => "the broker has read what is on the disk".to_owned(),
                Action::Reload => "the broker has not read what is on the disk: mqsec up".to_owned(),
                Action::Restart { .. } => {
                    "the broker must be restarted to read what is on the disk: mqsec restart".to_owned()
                }
            }
        }
        Err(error) => format!("the broker's files cannot be taken over ({}): mqsec doctor", error.code),
    };
    Ok(context.ui.report(&status))
}

/// Who gets in, by the files on the disk: each kind of client, and whether it does.
fn kinds(
    change: &Transaction<'_>,
    state: &State,
    old: &Hierarchy,
    new: &Hierarchy,
    now: OffsetDateTime,
) -> Result<Vec<(&'static str, bool)>, Failure> {
    let all = |path: &str| -> Result<Vec<Certificate>, Failure> {
        let pem = change.read(path)?.unwrap_or_default();
        Ok(Certificate::all_from_pem(&pem, path).unwrap_or_default())
    };
    let mut kinds = Vec::new();
    let chain = all(broker::CERT)?;
    if let Some((leaf, intermediates)) = chain.split_first()
        && !change.has(broker::EXTERNAL)
    {
        let (old, new) = (old.root.clone(), new.root.clone());
        let mut sets = vec![("trusts the old authority alone", vec![old.clone()])];
        if !state.signing_only() {
            sets.push(("trusts both authorities", vec![new.clone(), old]));
            sets.push(("trusts the new authority alone", vec![new]));
        }
        for (who, trust) in sets {
            let case = Case { trust: &trust, intermediates, ..Case::new(leaf, As::Server, now) };
            kinds.push((who, !verify::judge(&case).iter().any(|finding| finding.severity == Severity::Invalid)));
        }
    }
    let trusted = all(broker::TRUST)?;
    let lists = change.read(broker::CRL)?;
    let lists = lists.map(|pem| Crl::all_from_pem(&pem, broker::CRL).unwrap_or_default());
    for (who, one) in [("has a certificate of the old authority", old), ("has a certificate of the new authority", new)]
    {
        let is_trusted = trusted.iter().any(|root| root.der == one.root.der) && one.end() > now;
        let current = |crl: &Crl| crl.is_named_by(one.issuer()) && crl.next_update.is_none_or(|end| end > now);
        let listed = lists.as_ref().is_none_or(|lists| lists.iter().any(current));
        kinds.push((who, is_trusted && listed));
    }
    Ok(kinds)
}

struct Status {
    now: OffsetDateTime,
    command: String,
    phase: &'static str,
    current: (String, OffsetDateTime),
    other: Option<(String, OffsetDateTime)>,
    since: Option<OffsetDateTime>,
    crossed: bool,
    left: Left,
    old: InForce,
    kinds: Vec<(&'static str, bool)>,
    serves: Option<Certificate>,
    loaded: String,
}

impl Status {
    fn next(&self) -> &'static str {
        match self.phase {
            "prepared" if !self.crossed => {
                "ca rollover reissue --force (once every client has both authorities of ca.crt)"
            }
            "prepared" => "ca rollover reissue",
            "reissued" if !self.left.pending.is_empty() => "ca rollover reissue (it goes on where it ended)",
            "reissued" => "ca rollover drop (once every client has its new certificate)",
            _ => "ca rollover prepare (when the authority is to be replaced)",
        }
    }
}

impl Report for Status {
    fn text(&self, _fancy: bool) -> String {
        let end = |end: &OffsetDateTime| format!("ends {} ({})", short_date(*end), in_words(*end, self.now));
        let mut text = match self.phase {
            "none" => "no rollover is under way\n".to_owned(),
            phase => {
                let since = self.since.map(|since| in_words(since, self.now)).unwrap_or_default();
                format!("{phase}; the new authority was made {since}\n")
            }
        };
        let mut rows = vec![vec!["issues".to_owned(), self.current.0.clone(), end(&self.current.1)]];
        if let Some((title, until)) = &self.other {
            rows.push(vec!["trusted too".to_owned(), title.clone(), end(until)]);
        }
        text.push_str(&crate::ui::columns(&rows));
        if let Some(serves) = &self.serves {
            text.push_str(&format!("the broker serves `{}`, issued by {}\n", serves.title(), serves.issuer));
        }
        text.push_str(&format!("{}\n", self.loaded));
        if self.other.is_none() {
            return text + &format!("next: {} {}\n", self.command, self.next());
        }
        text.push_str("a client that\n");
        let rows: Vec<_> = self
            .kinds
            .iter()
            .map(|(who, gets_in)| vec![(*who).to_owned(), if *gets_in { "connects" } else { "is refused" }.to_owned()])
            .collect();
        text.push_str(&crate::ui::columns(&rows));
        let (pending, done) = (self.left.pending.len(), self.left.done);
        text.push_str(&format!(
            "certificates in certs/client: {done} of the new authority, {pending} of the old one\n"
        ));
        for (name, why) in &self.left.passed {
            text.push_str(&format!("  {name}: {why}\n"));
        }
        for one in self.old.holders.iter().take(20) {
            let what = if one.is_broker { "the broker" } else { "client" };
            text.push_str(&format!("  {what} {}: old certificate, {}\n", one.name, end(&one.not_after)));
        }
        if self.old.holders.len() > 20 {
            text.push_str(&format!("  and {} more\n", self.old.holders.len() - 20));
        }
        if self.old.replaced > 0 {
            text.push_str(&format!(
                "old certificates that were replaced, and are accepted until `drop`: {}\n",
                self.old.replaced
            ));
        }
        if !self.crossed {
            text.push_str(
                "no cross certificate: a client that trusts the old authority alone is cut off by `reissue`\n",
            );
        }
        text + &format!("next: {} {}\n", self.command, self.next())
    }

    fn json(&self) -> Value {
        let authority = |(title, end): &(String, OffsetDateTime)| json!({ "name": title, "not_after": rfc3339(*end) });
        let holders: Vec<_> = self
            .old
            .holders
            .iter()
            .map(|one| {
                let role = if one.is_broker { "broker" } else { "client" };
                json!({ "name": one.name, "role": role, "serial": one.serial, "not_after": rfc3339(one.not_after) })
            })
            .collect();
        let kinds: serde_json::Map<_, _> =
            self.kinds.iter().map(|(who, gets_in)| (who.replace(' ', "_"), json!(gets_in))).collect();
        json!({
            "schema": "mqsec/ca-rollover-status/1",
            "phase": self.phase,
            "prepared": self.since.map(rfc3339),
            "issues": authority(&self.current),
            "trusted_too": self.other.as_ref().map(authority),
            "crossed": self.crossed,
            "clients_new": self.left.done,
            "clients_old": self.left.pending.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
            "clients_other": self.left.passed,
            "old_certificates": holders,
            "replaced_in_force": self.old.replaced,
            "connects": kinds,
            "serves": self.serves.as_ref().map(|one| json!({ "serial": one.serial, "issuer": one.issuer })),
            "broker": self.loaded,
            "next": format!("{} {}", self.command, self.next()),
        })
    }
}
