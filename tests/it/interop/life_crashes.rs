//! SIGKILL in the middle of a certificate's life: renewal, revocation, the list, and each step of a rollover. What must hold
//! after every kill: no serial number, key, revocation or line of the inventory is lost, the number of a revocation list
//! never falls, and the same command, run again, comes to its end.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Mutex;

use super::crashes::CALLS;
use super::crashes::places;
use super::crashes::serves;
use super::strace::Trace;
use super::strace::killed_at;
use crate::support::Said;
use crate::support::Sandbox;
use crate::support::tell;

#[test]
fn a_killed_renewal_loses_nothing() {
    Life { before: &[], args: &["renew", "--within", "3000"] }.everywhere();
}

#[test]
fn a_killed_renewal_with_new_keys_loses_nothing() {
    Life { before: &[], args: &["renew", "x", "--within", "3000", "--rekey"] }.everywhere();
}

#[test]
fn a_killed_revocation_loses_nothing() {
    Life { before: &[], args: &["revoke", "x", "--reason", "keyCompromise"] }.everywhere();
}

#[test]
fn a_killed_second_revocation_keeps_the_first() {
    Life { before: &[&["revoke", "y"]], args: &["revoke", "x"] }.everywhere();
}

#[test]
fn a_killed_renewal_of_the_list_keeps_what_it_lists() {
    Life { before: &[&["revoke", "y"]], args: &["crl", "renew"] }.everywhere();
}

#[test]
fn a_killed_first_step_of_a_rollover_loses_nothing() {
    Life { before: &[&["revoke", "y"]], args: &["ca", "rollover", "prepare"] }.everywhere();
}

#[test]
fn a_killed_second_step_of_a_rollover_loses_nothing() {
    Life { before: &[&["revoke", "y"], &["ca", "rollover", "prepare"]], args: &["ca", "rollover", "reissue"] }
        .everywhere();
}

#[test]
fn a_killed_last_step_of_a_rollover_loses_nothing() {
    const BEFORE: &[&[&str]] = &[&["revoke", "y"], &["ca", "rollover", "prepare"], &["ca", "rollover", "reissue"]];
    Life { before: BEFORE, args: &["ca", "rollover", "drop"] }.everywhere();
}

#[test]
fn a_killed_rebuild_of_the_inventory_loses_nothing() {
    Life { before: &[], args: &["list", "--rebuild"] }.everywhere();
}

/// A command that is killed in a folder with an authority, a broker and two clients.
struct Life {
    before: &'static [&'static [&'static str]],
    args: &'static [&'static str],
}

/// What must never be lost.
#[derive(Debug, Default)]
struct Facts {
    /// The inventory's lines.
    lines: BTreeSet<String>,
    /// What the lists in place revoke.
    revoked: BTreeSet<String>,
    /// The number of each issuer's list.
    numbers: BTreeMap<String, u128>,
}

impl Life {
    /// At most so many kills a command; all that move a file or bring it to the disk, and others evenly between.
    const KILLS: usize = 60;

    /// The folder, unless a command is not there yet.
    fn prepare(&self) -> Sandbox {
        let sandbox = Sandbox::new();
        for args in [&["ca", "init"][..], &["broker-cert", "broker.lan"], &["client-cert", "x"], &["client-cert", "y"]]
        {
            sandbox.mqsec(args).ok();
        }
        for args in self.before {
            let said = sandbox.mqsec(&[args, &["--yes"][..]].concat());
            assert!(said.status < 2, "{args:?}: {said:?}");
        }
        if self.args == ["list", "--rebuild"] {
            let text = sandbox.read("certs/inventory.tsv");
            let lines: Vec<&str> = text.lines().collect();
            // a line that is damaged, and one that is missing
            sandbox.write("certs/inventory.tsv", format!("issued\tzz\n{}\nissued\t12", lines[1..].join("\n")));
        }
        sandbox
    }

    fn args(&self) -> Vec<&'static str> {
        [self.args, &["--yes"]].concat()
    }

    fn everywhere(&self) {
        let name = self.args.join(" ");
        let sandbox = self.prepare();
        let trace = Trace::new(&sandbox);
        let output = trace.command(&sandbox, &CALLS, &self.args()).output().unwrap();
        let said = Said::of(output);
        assert!(said.status < 2, "{name}: {said:?}");
        let all = places(&trace);
        let (certain, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|(call, _)| {
            ["rename", "renameat", "renameat2", "fsync", "fdatasync", "unlink", "unlinkat", "ftruncate"]
                .contains(&call.as_str())
        });
        assert!(certain.iter().any(|(call, _)| call == "rename"), "{name}: strace saw no rename of mqsec's own");
        let room = Self::KILLS.saturating_sub(certain.len()).max(12);
        let step = rest.len().div_ceil(room).max(1);
        let chosen: Vec<_> = certain.into_iter().chain(rest.into_iter().step_by(step)).collect();
        let count = chosen.len();
        let left = Mutex::new(chosen.into_iter());
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    loop {
                        let next = left.lock().unwrap().next();
                        let Some((call, nth)) = next else { break };
                        self.at(&call, nth);
                    }
                });
            }
        });
        tell(&format!("{name}: killed at {count} places, nothing was lost"));
    }

    fn at(&self, call: &str, nth: usize) {
        let place = format!("{:?} killed at {call} {nth}", self.args);
        let sandbox = self.prepare();
        let old = Facts::of(&sandbox);
        // a thread may make one call less than when it was counted
        let killed = killed_at(&sandbox, call, nth, &self.args());
        sandbox.mqsec(&["passwd", "list"]).ok();
        assert!(sandbox.is_settled(), "{place} ({killed}): the journal is left");
        let now = Facts::of(&sandbox);
        self.nothing_is_lost(&place, &old, &now);
        if self.args != ["list", "--rebuild"] {
            serves_but_the_revoked(&place, &sandbox);
        }
        let said = sandbox.mqsec(&self.args());
        assert!(said.status < 2, "{place}, run again: {said:?}");
        assert!(sandbox.is_settled(), "{place}, run again: the journal is left");
        let new = Facts::of(&sandbox);
        self.nothing_is_lost(&place, &now, &new);
        serves_but_the_revoked(&place, &sandbox);
        if let ["revoke", name, ..] = self.args {
            let told = sandbox.mqsec(&["list", name, "--json"]).ok().json();
            assert_eq!(told["certificates"][0]["state"], "revoked", "{place}: {told}");
            let serial = told["certificates"][0]["serial"].as_str().unwrap();
            assert!(new.revoked.contains(serial), "{place}: {serial} is not in {:?}", new.revoked);
        }
    }

    fn nothing_is_lost(&self, place: &str, old: &Facts, new: &Facts) {
        let readable = |line: &&String| line.split('\t').count() > 3;
        for line in old.lines.iter().filter(readable) {
            assert!(new.lines.contains(line), "{place}: the inventory lost {line}");
        }
        // `drop` takes the old authority's list away, and what it revoked with it
        if self.args != ["ca", "rollover", "drop"] {
            let lost: Vec<_> = old.revoked.difference(&new.revoked).collect();
            assert!(lost.is_empty(), "{place}: no longer revoked: {lost:?}");
        }
        for (issuer, number) in &old.numbers {
            let now = new.numbers.get(issuer).unwrap_or(number);
            assert!(now >= number, "{place}: the number of {issuer}'s list fell from {number} to {now}");
        }
    }
}

/// Whoever is revoked does not verify, and that is right.
fn serves_but_the_revoked(place: &str, sandbox: &Sandbox) {
    let listed = sandbox.mqsec(&["list", "--revoked", "--json"]).ok().json();
    if listed["certificates"].as_array().unwrap().is_empty() {
        return serves(place, sandbox);
    }
    let said = sandbox.mqsec(&["list", "--check"]);
    assert_eq!(said.status, 0, "{place}: {said:?}");
    let said = sandbox.mqsec(&["verify", "certs/broker/broker.crt"]);
    assert_eq!(said.status, 0, "{place}: {said:?}");
}

impl Facts {
    fn of(sandbox: &Sandbox) -> Self {
        let mut facts = Self::default();
        if sandbox.has("certs/inventory.tsv") {
            facts.lines = sandbox.read("certs/inventory.tsv").lines().map(str::to_owned).collect();
        }
        const END: &str = "-----END X509 CRL-----";
        let pem = sandbox.read("certs/ca.crl");
        for block in pem.split_inclusive(END).filter(|block| block.contains(END)) {
            let file = sandbox.base.join("home/one.crl");
            std::fs::write(&file, block).unwrap();
            let file = file.to_str().unwrap();
            let said = sandbox.run("openssl", &["crl", "-in", file, "-noout", "-issuer", "-crlnumber", "-text"]).ok();
            let value = |key: &str| {
                let line = said.stdout.lines().find_map(|line| line.trim().strip_prefix(key));
                line.unwrap_or_else(|| panic!("no {key} in {}", said.stdout)).trim().to_owned()
            };
            let number = value("crlNumber=");
            let number = u128::from_str_radix(number.trim_start_matches("0x"), 16).unwrap();
            facts.numbers.insert(value("issuer="), number);
            let serials = said.stdout.lines().filter_map(|line| line.trim().strip_prefix("Serial Number: "));
            facts.revoked.extend(serials.map(|serial| serial.trim().to_owned()));
        }
        facts
    }
}
