//! `mqsec fleet status`: how many devices there are, and when their certificates end.

mod histogram;

use std::collections::BTreeMap;
use std::collections::BinaryHeap;

use serde_json::Value;
use serde_json::json;
use time::Duration;
use time::OffsetDateTime;

use self::histogram::Days;
use crate::commands::rfc3339;
use crate::context::Context;
use crate::error::Failure;
use crate::error::printable;
use crate::pki::in_words;
use crate::pki::inventory::Keep;
use crate::pki::inventory::Row;
use crate::pki::inventory::State;
use crate::pki::short_date;
use crate::provision::fleet::devices;
use crate::provision::fleet::devices::Devices;
use crate::provision::fleet::state;
use crate::provision::inventory;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::columns;
use crate::ui::paint;
use crate::workspace::layout;

/// Tell when the fleet's certificates end
///
/// The devices are those that `fleet issue` made. Of each the newest certificate counts.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Those of this group alone
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
}

/// How many days before its end a certificate is told to be near it, as `mqsec list` has it.
const SOON: i64 = 30;
/// How many of those that end first are told.
const FIRST: usize = 5;

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let text = devices::text(workspace)?;
    let devices = Devices::of(&text);
    let (book, _) = inventory::read(workspace, Keep::Brief)?;
    let (now, soon) = (context.now.unix_timestamp(), (context.now + Duration::days(SOON)).unix_timestamp());
    let mut fleet = Fleet::new(context, args.group.clone(), devices.all().len(), devices.damaged);
    for (device, row) in devices.all().iter().zip(devices.rows(&book)) {
        let state = row.map(|row| (row, book.state(row, now, soon)));
        let groups = device.groups.split(' ').filter(|group| !group.is_empty());
        // all groups, so that the reader of a wrong one sees the right ones
        let serves = state.is_some_and(|(_, state)| matches!(state, State::Valid | State::Expiring));
        for group in groups {
            fleet.groups.entry(group.to_owned()).or_default().add(serves);
        }
        if args.group.as_deref().is_none_or(|group| devices::is_in(device, group)) {
            fleet.profiles.entry(device.profile.to_owned()).or_default().add(serves);
            fleet.add(device.name, state, now);
        }
    }
    fleet.unfinished = state::State::load(workspace)?;
    Ok(context.ui.report(&fleet))
}

#[derive(Clone, Copy, Default)]
struct Count {
    devices: usize,
    serving: usize,
}

impl Count {
    fn add(&mut self, serves: bool) {
        self.devices += 1;
        self.serving += usize::from(serves);
    }

    fn json(self) -> Value {
        json!({ "devices": self.devices, "serving": self.serving })
    }
}

struct Fleet<'a> {
    context: &'a Context<'a>,
    group: Option<String>,
    /// Whatever their groups.
    known: usize,
    damaged: usize,
    all: Count,
    near: usize,
    expired: usize,
    revoked: usize,
    /// The inventory has no certificate of it.
    missing: usize,
    /// Less than a third of its life is left.
    due: usize,
    days: Days,
    /// The last of them ends first.
    first: BinaryHeap<(i64, String)>,
    groups: BTreeMap<String, Count>,
    profiles: BTreeMap<String, Count>,
    /// A run that waits to be gone on with.
    unfinished: Option<state::State>,
}

impl<'a> Fleet<'a> {
    fn new(context: &'a Context<'a>, group: Option<String>, known: usize, damaged: usize) -> Self {
        Self {
            context,
            group,
            known,
            damaged,
            all: Count::default(),
            near: 0,
            expired: 0,
            revoked: 0,
            missing: 0,
            due: 0,
            days: Days::default(),
            first: BinaryHeap::new(),
            groups: BTreeMap::new(),
            profiles: BTreeMap::new(),
            unfinished: None,
        }
    }

    fn add(&mut self, name: &str, state: Option<(&Row, State)>, now: i64) {
        let Some((row, state)) = state else {
            self.all.add(false);
            self.missing += 1;
            return;
        };
        match state {
            State::Revoked => self.revoked += 1,
            State::Expired => self.expired += 1,
            State::Expiring => self.near += 1,
            State::Valid | State::Superseded => {}
        }
        let serves = matches!(state, State::Valid | State::Expiring);
        self.all.add(serves);
        if !serves {
            return;
        }
        self.due += usize::from((row.not_after - now) * 3 < row.not_after - row.not_before);
        self.days.add(row.not_after);
        if self.first.len() < FIRST || self.first.peek().is_some_and(|(last, _)| row.not_after < *last) {
            self.first.push((row.not_after, name.to_owned()));
            if self.first.len() > FIRST {
                self.first.pop();
            }
        }
    }

    fn first(&self) -> Vec<(OffsetDateTime, &str)> {
        let mut first: Vec<_> = self.first.iter().collect();
        first.sort();
        let time = |end: i64| OffsetDateTime::from_unix_timestamp(end).unwrap_or(self.context.now);
        first.into_iter().map(|(end, name)| (time(*end), name.as_str())).collect()
    }

    fn head(&self) -> String {
        let of = self.group.as_ref().map(|group| format!(" of the group `{}`", printable(group))).unwrap_or_default();
        let plural = if self.all.devices == 1 { "" } else { "s" };
        format!("{} device{plural}{of}\n", self.all.devices)
    }

    fn unfinished(&self) -> String {
        let Some(run) = &self.unfinished else { return String::new() };
        let out = run.out.display();
        let to = if run.out.as_os_str().is_empty() { String::new() } else { format!(", to `{out}`") };
        format!(
            "{}: fleet issue was cut short after {} devices{to}; give the same command again, and it goes on; or end it with what it has: {} fleet issue --finish\n",
            paint(Tone::Warn, "unfinished"),
            run.issued,
            self.context.workspace.command()
        )
    }

    /// What does not serve, and why.
    fn states(&self) -> String {
        let rows = [
            (self.all.serving, "with a certificate that is good", Tone::Good),
            (self.near, "of them near its end (30 days)", Tone::Warn),
            (self.expired, "with one that has ended", Tone::Bad),
            (self.revoked, "revoked", Tone::Bad),
            (self.missing, "without a certificate in the inventory", Tone::Bad),
        ];
        let rows: Vec<Vec<String>> = rows
            .into_iter()
            .enumerate()
            .filter(|(at, (count, ..))| *at == 0 || *count > 0)
            .map(|(_, (count, words, tone))| vec![paint(tone, &count.to_string()), words.to_owned()])
            .collect();
        columns(&rows)
    }
}

/// The terminal's, or what a mail is wide.
fn width(fancy: bool) -> usize {
    const PLAIN: usize = 80;
    let of_terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    if fancy { of_terminal().unwrap_or(PLAIN) } else { PLAIN }
}

impl Report for Fleet<'_> {
    fn text(&self, fancy: bool) -> String {
        let command = self.context.workspace.command();
        if self.known == 0 {
            return self.unfinished()
                + &format!(
                    "no device was issued from a list yet\nnext: {command} fleet issue devices.csv --dry-run (a column `name` is enough)\n"
                );
        }
        let mut text = self.head();
        if self.all.devices == 0 {
            let groups: Vec<&str> = self.groups.keys().map(String::as_str).collect();
            let known = if groups.is_empty() { "there are none".to_owned() } else { groups.join(", ") };
            text.push_str(&format!("  the groups of the others: {}\n", printable(&known)));
            return text;
        }
        text.push_str(&self.states());
        if let Some((unit, parts)) = self.days.parts(self.context.now) {
            text.push_str(&format!("{}\n", paint(Tone::Head, &format!("certificates that end, by {}", unit.name()))));
            text.push_str(&histogram::bars(&parts, width(fancy), fancy));
            text.push_str(&format!("{}\n", paint(Tone::Head, "the first to end")));
            let ends = |(end, name): (OffsetDateTime, &str)| {
                vec![printable(name), short_date(end), in_words(end, self.context.now)]
            };
            text.push_str(&columns(&self.first().into_iter().map(ends).collect::<Vec<_>>()));
        }
        let table = |title: &str, counts: &BTreeMap<String, Count>, none: &str| {
            let row = |(name, count): (&String, &Count)| {
                let shown = if name.is_empty() { none.to_owned() } else { printable(name) };
                vec![shown, count.devices.to_string(), format!("{} with a good certificate", count.serving)]
            };
            format!("{}\n{}", paint(Tone::Head, title), columns(&counts.iter().map(row).collect::<Vec<_>>()))
        };
        if self.group.is_none() && !self.groups.is_empty() {
            text.push_str(&table("groups", &self.groups, "(none)"));
        }
        if self.profiles.keys().any(|profile| !profile.is_empty()) {
            text.push_str(&table("profiles", &self.profiles, "(none)"));
        }
        if self.damaged > 0 {
            text.push_str(&format!(
                "{}: {} lines of `{}` cannot be read, and are left out\n",
                paint(Tone::Warn, "damaged"),
                self.damaged,
                self.context.workspace.show(layout::ROSTER)
            ));
        }
        text.push_str(&self.unfinished());
        if self.due > 0 {
            let group = self.group.as_ref().map(|group| format!(" --group {group}")).unwrap_or_default();
            text.push_str(&format!(
                "{} have less than a third of their life left; next: {command} fleet renew{group}\n",
                self.due
            ));
        }
        text
    }

    fn json(&self) -> Value {
        let (unit, parts) =
            self.days.parts(self.context.now).map_or((None, Vec::new()), |(unit, parts)| (Some(unit.name()), parts));
        let parts: Vec<Value> =
            parts.into_iter().map(|(label, count)| json!({ "from": label, "devices": count })).collect();
        let first: Vec<Value> =
            self.first().into_iter().map(|(end, name)| json!({ "name": name, "not_after": rfc3339(end) })).collect();
        let counts = |counts: &BTreeMap<String, Count>| -> Value {
            counts.iter().map(|(name, count)| (name.clone(), count.json())).collect()
        };
        json!({
            "schema": "mqsec/fleet-status/1",
            "group": self.group,
            "devices": self.all.devices,
            "serving": self.all.serving,
            "without_serving_certificate": self.all.devices - self.all.serving,
            "expiring": self.near,
            "expired": self.expired,
            "revoked": self.revoked,
            "missing": self.missing,
            "due": self.due,
            "ends": { "unit": unit, "parts": parts },
            "first": first,
            "groups": counts(&self.groups),
            "profiles": counts(&self.profiles),
            "damaged_lines": self.damaged,
            "unfinished": self.unfinished.as_ref().map(|run| json!({ "issued": run.issued, "out": run.out })),
        })
    }

    fn status(&self) -> u8 {
        u8::from(self.group.is_some() && self.all.devices == 0)
    }
}
