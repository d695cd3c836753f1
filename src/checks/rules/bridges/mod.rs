//! Rules of the topic `Bridges`, a file each.

mod certificate_unfit;
mod client_id;
mod insecure;
mod loops;
mod no_tls;
mod password_open;
mod to_itself;

use crate::checks::Rule;
use crate::checks::Subject;
use crate::conf::reading::Bridge;
use crate::conf::reading::Value;

pub const RULES: &[&Rule] = &[
    &no_tls::RULE,
    &insecure::RULE,
    &certificate_unfit::RULE,
    &password_open::RULE,
    &to_itself::RULE,
    &loops::RULE,
    &client_id::RULE,
];

/// For examples: a bridge that is as it should be, but for its password's place.
#[rustfmt::skip]
macro_rules! bridge {
    ($($more:literal),*) => {
        concat!(
            "\nconnection site\naddress broker.example:8883\nremote_clientid bridge-site-1\nremote_username far\n",
            "remote_password 0123456789abcdef\nbridge_cafile certs/ca.crt\ntopic out/# out 1\n" $(, $more)*
        )
    };
}
use bridge;

/// The bridges as the newest series that is meant reads them; the rules say nothing about what only one series knows.
fn bridges(subject: &Subject) -> &[Bridge] {
    let reading = subject.targets.iter().rev().find_map(|series| subject.reading(*series));
    reading.map_or(&[], |reading| &reading.bridges)
}

/// Where an option stands, or the bridge.
fn place(bridge: &Bridge, value: Option<&Value>) -> (String, usize, usize) {
    let place = value.map_or(&bridge.place, |value| &value.place);
    (place.path.clone(), place.line.max(1), place.column.max(1))
}
