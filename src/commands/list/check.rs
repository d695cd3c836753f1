//! `mqsec list --check`: the inventory against the files and the revocation list.

use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Value;
use serde_json::json;

use super::damage;
use super::states;
use crate::context::Context;
use crate::error::Failure;
use crate::error::printable;
use crate::pki::inventory::Book;
use crate::pki::inventory::Found;
use crate::pki::inventory::Issued;
use crate::pki::inventory::Keep;
use crate::pki::inventory::Line;
use crate::pki::inventory::Role;
use crate::pki::inventory::State;
use crate::pki::inventory::rebuilt;
use crate::pki::inventory::revocations;
use crate::provision::inventory;
use crate::provision::inventory::Source;
use crate::ui::Report;
use crate::workspace::layout;

struct Problem {
    code: &'static str,
    message: String,
}

pub(super) fn run(context: &Context<'_>) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let (book, source) = inventory::read(workspace, Keep::All)?;
    let mut problems = Vec::new();
    let mut tell = |code, message| problems.push(Problem { code, message });
    if source == Source::Files && book.total() > 0 {
        tell("inventory-missing", format!("there is no `{}`", layout::INVENTORY));
    }
    if !book.damage.is_empty() {
        tell("inventory-damaged", damage(&book));
    }
    let (found, lists) = (inventory::certificates(workspace), inventory::lists(workspace));
    let known: HashMap<&str, _> =
        book.rows().iter().filter_map(|row| book.entry(row).map(|entry| (entry.fingerprint, entry))).collect();
    // what the files alone would make of it
    let told = rebuilt(&[], &found, &[]);
    for line in told.text.lines() {
        let Some(Line::Issued(entry)) = Line::parse(line) else { continue };
        let (fact, file): (Issued<'_>, _) = (entry.into(), entry.file());
        match known.get(entry.fingerprint) {
            None => tell("inventory-differs", format!("`{file}` ({}) is not in it", printable(&fact.name))),
            Some(row) => {
                let row: Issued<'_> = (*row).into();
                let same = Issued { file: row.file.clone(), ..fact } == row;
                if !same {
                    tell("inventory-differs", format!("its line of `{file}` says other than the certificate itself"));
                }
            }
        }
    }
    let by_path: HashMap<&str, &Found> = found.iter().rev().map(|found| (found.path.as_str(), found)).collect();
    let external = workspace.has(layout::broker::EXTERNAL);
    for row in book.rows().iter().filter(|row| Book::is_newest(row)) {
        let Some(entry) = book.entry(row).filter(|entry| entry.role != Role::Authority) else {
            continue;
        };
        let file = entry.file();
        // another authority's pair in its place is no certificate of ours
        if external && entry.role == Role::Broker && file == layout::broker::CERT {
            continue;
        }
        let other = by_path.get(file.as_ref());
        let is_it =
            |found: &Found| found.certificate.fingerprint().replace(':', "").eq_ignore_ascii_case(entry.fingerprint);
        if other.is_some_and(|found| !is_it(found)) {
            let name = printable(&entry.name());
            tell("inventory-differs", format!("`{file}` holds another certificate than the newest of `{name}`"));
        }
    }
    if !lists.is_empty() {
        let listed: HashSet<String> =
            lists.iter().flat_map(revocations).map(|entry| entry.serial.into_owned()).collect();
        let issuers: HashSet<String> =
            lists.iter().filter_map(|list| list.authority_key_id.as_deref().map(crate::pki::inventory::hex)).collect();
        for entry in book.revoked().filter(|entry| issuers.contains(entry.issuer.as_ref())) {
            if !listed.contains(entry.serial.as_ref()) {
                let list = layout::CA_CRL;
                tell("inventory-differs", format!("{} is revoked, and `{list}` does not list it", entry.serial));
            }
        }
    }
    let counts = book.counts(context.now.unix_timestamp(), context.now.unix_timestamp());
    let states = states(&counts);
    let revoked = counts.of(State::Revoked);
    let command = workspace.command();
    Ok(context.ui.report(&Checked { problems, total: book.total(), revoked, states, command }))
}

struct Checked {
    problems: Vec<Problem>,
    total: usize,
    revoked: usize,
    states: Value,
    command: String,
}

impl Report for Checked {
    fn text(&self, _fancy: bool) -> String {
        if self.problems.is_empty() {
            return format!(
                "the inventory agrees with the files: {} certificates, {} of them revoked\n",
                self.total, self.revoked
            );
        }
        let mut text: String =
            self.problems.iter().map(|problem| format!("{}: {}\n", problem.code, problem.message)).collect();
        let crl = self.problems.iter().any(|problem| problem.message.contains("does not list it"));
        let next = if crl { "crl renew" } else { "list --rebuild" };
        text.push_str(&format!("next: {} {next}\n", self.command));
        text
    }

    fn json(&self) -> Value {
        let problems: Vec<Value> =
            self.problems.iter().map(|problem| json!({ "code": problem.code, "message": problem.message })).collect();
        json!({
            "schema": "mqsec/list-check/1", "issued": self.total, "states": self.states, "problems": problems,
        })
    }

    fn status(&self) -> u8 {
        u8::from(!self.problems.is_empty())
    }
}
