//! Rules of the topic `Configuration`, a file each.

mod anonymous;
mod any_name;
mod bridge_refused;
mod ciphers;
mod client_id_free;
mod comment_in_value;
mod crl_without_require;
mod deprecated;
mod duplicate_option;
mod equals_sign;
mod half_tls;
mod hidden_listener;
mod identity_without_certificate;
mod ignored_option;
mod include_unreadable;
mod invalid_value;
mod ipv4_only;
mod limit_lost;
mod local_only;
mod log_none;
mod misplaced_option;
mod no_packet_limit;
mod nobody_gets_in;
mod nul;
mod persistence_location;
mod plain_listener;
mod plugin_unused;
mod psk;
mod quoted_value;
mod require_on_plain;
mod require_without_cafile;
mod same_port;
mod tls_version;
mod unknown_option;
mod user_root;
mod websockets_address;
mod websockets_alone;
mod websockets_crl;

use std::collections::BTreeSet;

use crate::checks::Finding;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Subject;
use crate::conf::keyword::Keyword;
use crate::conf::keyword::keyword;
use crate::conf::reading::Listener;
use crate::conf::reading::Options;
use crate::conf::reading::Place;
use crate::conf::reading::Problem;
use crate::conf::reading::Reading;
use crate::conf::reading::Value;
use crate::series::Series;

pub const RULES: &[&Rule] = &[
    &unknown_option::RULE,
    &invalid_value::RULE,
    &duplicate_option::RULE,
    &misplaced_option::RULE,
    &half_tls::RULE,
    &bridge_refused::RULE,
    &include_unreadable::RULE,
    &hidden_listener::RULE,
    &comment_in_value::RULE,
    &quoted_value::RULE,
    &equals_sign::RULE,
    &nul::RULE,
    &deprecated::RULE,
    &ignored_option::RULE,
    &plain_listener::RULE,
    &anonymous::RULE,
    &nobody_gets_in::RULE,
    &any_name::RULE,
    &require_without_cafile::RULE,
    &require_on_plain::RULE,
    &identity_without_certificate::RULE,
    &client_id_free::RULE,
    &tls_version::RULE,
    &ciphers::RULE,
    &crl_without_require::RULE,
    &psk::RULE,
    &websockets_crl::RULE,
    &websockets_address::RULE,
    &websockets_alone::RULE,
    &local_only::RULE,
    &same_port::RULE,
    &ipv4_only::RULE,
    &limit_lost::RULE,
    &no_packet_limit::RULE,
    &user_root::RULE,
    &log_none::RULE,
    &persistence_location::RULE,
    &plugin_unused::RULE,
];

/// Rules that say in their words what ends a start.
pub const SAY_THE_STOP: &[&str] = &[
    bridge_refused::RULE.id,
    duplicate_option::RULE.id,
    half_tls::RULE.id,
    include_unreadable::RULE.id,
    invalid_value::RULE.id,
    misplaced_option::RULE.id,
    unknown_option::RULE.id,
    websockets_alone::RULE.id,
];

/// What the readings of the series that are meant object to, each place once: the first series that objects tells it.
fn problems(subject: &Subject) -> Vec<(Series, &Problem)> {
    let mut seen = BTreeSet::new();
    let all = subject.targets.iter().filter_map(|series| Some((*series, subject.reading(*series)?)));
    let all = all.flat_map(|(series, reading)| reading.problems.iter().map(move |problem| (series, problem)));
    // the kind of the problem, without what it says of the place
    let kind = |problem: &Problem| std::mem::discriminant(&problem.what);
    let mut found: Vec<(Series, &Problem)> = Vec::new();
    for (series, problem) in all {
        let place = (problem.place.path.clone(), problem.place.line);
        let same = found.iter().position(|(_, other)| {
            kind(other) == kind(problem) && (&other.place.path, other.place.line) == (&place.0, place.1)
        });
        let known = same.is_some();
        // the series that does not start says more than the one that reads over it
        if let Some(other) = same.and_then(|at| found.get_mut(at)).filter(|other| problem.fatal && !other.1.fatal) {
            *other = (series, problem);
        }
        // one line, one trouble: what another series says of the same line is the same mistake
        if !known && (seen.insert(place) || !problem.fatal) {
            found.push((series, problem));
        }
    }
    found
}

/// A finding at a place of the configuration, or of a file that it includes.
fn at<'f>(subject: &Subject, found: &'f mut Found<'_>, place: &Place, message: String) -> &'f mut Finding {
    let path = match subject.folder.file(&place.path) {
        Some(_) => place.path.clone(),
        None => subject.resolve(&place.path),
    };
    found.at(path, place.line, place.column, message)
}

/// Every listener of every series that is meant.
fn every_listener(subject: &Subject) -> impl Iterator<Item = (&Reading, &Listener)> {
    let readings = subject.targets.iter().filter_map(|series| subject.reading(*series));
    readings.flat_map(|reading| reading.listeners.iter().map(move |listener| (reading, listener)))
}

/// What a rule says of listeners, each line once.
fn listeners(subject: &Subject, says: impl Fn(&Reading, &Listener) -> Option<String>) -> Vec<(Place, String)> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for (reading, listener) in every_listener(subject) {
        // the lines of a configuration that is refused say little about its listeners
        if reading.stop.is_some() {
            continue;
        }
        if let Some(message) = says(reading, listener)
            && seen.insert(&listener.place)
        {
            found.push((listener.place.clone(), message));
        }
    }
    found
}

/// What a rule says of the values that take the rest of their line, each line once. It is told whether the value is secret.
fn texts(subject: &Subject, says: impl Fn(&Value, bool) -> Option<(Place, String)>) -> Vec<(Place, String)> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for reading in subject.targets.iter().filter_map(|series| subject.reading(*series)) {
        let of_listeners = reading.listeners.iter().chain(&reading.unopened).map(|listener| &listener.options);
        let of_bridges = reading.bridges.iter().map(|bridge| &bridge.options);
        let groups: Vec<&Options> = [&reading.global].into_iter().chain(of_listeners).chain(of_bridges).collect();
        for (key, value) in groups.into_iter().flat_map(Options::iter) {
            let known = keyword(key);
            let whole = key == "log_file" || known.is_some_and(|known| known.takes_line());
            if let Some((place, message)) = says(value, known.is_some_and(Keyword::is_secret)).filter(|_| whole)
                && seen.insert(place.clone())
            {
                found.push((place, message));
            }
        }
    }
    found
}
