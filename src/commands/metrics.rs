//! `mqsec metrics`: the certificates' state for Prometheus.

use std::fmt::Write;
use std::path::PathBuf;

use time::Duration;

use crate::context::Context;
use crate::error::Failure;
use crate::pki::BACKDATE;
use crate::pki::inventory::Book;
use crate::pki::inventory::Keep;
use crate::pki::inventory::Role;
use crate::pki::inventory::State;
use crate::provision::inventory;
use crate::workspace::fs;

/// Print the certificates' state for Prometheus' text file collector
///
/// With --out the file is replaced in one step, so that the collector never reads half of it. Run it from a timer: metrics tell how
/// things were when it ran, which is mqsec_run_timestamp_seconds.
#[derive(clap::Args)]
pub struct Args {
    /// Write them into this file (mode 0644) in place of printing them; its name ends with .prom
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// As `list` counts them.
const SOON: Duration = Duration::days(30);

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let (book, _) = inventory::read(&context.workspace, Keep::Brief)?;
    let text = text(context, &book);
    match &args.out {
        None => crate::ui::raw(text.as_bytes()),
        Some(path) => {
            if path.extension().is_none_or(|end| end != "prom") {
                context.ui.warn(format!("the collector reads files whose names end with .prom: `{}`", path.display()));
            }
            fs::replace(path, text.as_bytes(), 0o644)?;
            context.ui.say(format!("wrote `{}`", path.display()));
        }
    }
    Ok(0)
}

fn text(context: &Context<'_>, book: &Book) -> String {
    let now = context.now.unix_timestamp();
    let soon = (context.now + SOON).unix_timestamp();
    let mut out = String::new();
    family(
        &mut out,
        "mqsec_certificate_not_after_seconds",
        "When the newest certificate of a name ends, in Unix time.",
    );
    let mut revoked = Vec::new();
    for row in book.rows().iter().filter(|row| Book::is_newest(row) && row.role != Role::Authority) {
        let (name, serial, role) = (label(&book.name(row)), book.serial(row), row.role.name());
        let labels = format!("{{name=\"{name}\",role=\"{role}\",serial=\"{serial}\"}}");
        let _ = writeln!(out, "mqsec_certificate_not_after_seconds{labels} {}", row.not_after);
        if book.state(row, now, soon) == State::Revoked {
            revoked.push(labels);
        }
    }
    family(&mut out, "mqsec_certificate_revoked", "1 where the newest certificate of a name is revoked.");
    for labels in revoked {
        let _ = writeln!(out, "mqsec_certificate_revoked{labels} 1");
    }
    family(
        &mut out,
        "mqsec_authority_not_after_seconds",
        "When an authority ends that is in use or trusted, in Unix time.",
    );
    for row in book.rows().iter().filter(|row| Book::is_newest(row) && row.role == Role::Authority) {
        let (name, serial) = (label(&book.name(row)), book.serial(row));
        let end = row.not_after;
        let _ = writeln!(out, "mqsec_authority_not_after_seconds{{name=\"{name}\",serial=\"{serial}\"}} {end}");
    }
    family(&mut out, "mqsec_certificates", "How many certificates were issued, by their state.");
    let counts = book.counts(now, soon);
    for state in State::ALL {
        let _ = writeln!(out, "mqsec_certificates{{state=\"{}\"}} {}", state.name(), counts.of(state));
    }
    family(&mut out, "mqsec_crl_next_update_seconds", "Until when a revocation list counts, in Unix time.");
    let lists = inventory::lists(&context.workspace);
    let labels = |list: &crate::pki::crl::Crl| {
        let key = list.authority_key_id.as_deref().map(crate::pki::inventory::hex).unwrap_or_default();
        format!("{{issuer=\"{}\",key=\"{key}\"}}", label(&list.issuer))
    };
    for list in &lists {
        if let Some(next) = list.next_update {
            let _ = writeln!(out, "mqsec_crl_next_update_seconds{} {}", labels(list), next.unix_timestamp());
        }
    }
    family(&mut out, "mqsec_crl_revoked", "How many certificates a revocation list names.");
    for list in &lists {
        let _ = writeln!(out, "mqsec_crl_revoked{} {}", labels(list), list.len());
    }
    family(&mut out, "mqsec_inventory_damaged_lines", "Lines of the inventory that cannot be read.");
    let _ = writeln!(out, "mqsec_inventory_damaged_lines {}", book.damage.len());
    if let Some(last) = book.last {
        family(&mut out, "mqsec_last_issued_seconds", "When the last certificate was issued, in Unix time.");
        // certificates are dated back
        let _ = writeln!(out, "mqsec_last_issued_seconds {}", last + BACKDATE.whole_seconds());
    }
    family(&mut out, "mqsec_run_timestamp_seconds", "When these metrics were made, in Unix time.");
    let _ = writeln!(out, "mqsec_run_timestamp_seconds {now}");
    out
}

fn family(out: &mut String, name: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
}

/// A label's value: backslash, quotation mark and line feed are escaped.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
