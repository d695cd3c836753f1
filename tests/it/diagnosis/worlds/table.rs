//! The table of docs/diagnostics.md: for each world what `mosquitto_pub` says and what mqsec says, from a run.
//!
//! Each world's test holds its own row. `MQSEC_BLESS=1` writes the rows instead; they keep the order of [`TITLES`].

use std::fs;
use std::sync::Mutex;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/diagnostics.md");
const HEAD: &str = "| world | `mosquitto_pub` says | mqsec says |\n|---|---|---|\n";
static ALONE: Mutex<()> = Mutex::new(());

/// Every world of the table, in its order.
pub const TITLES: &[&str] = &[
    "the name does not resolve",
    "nothing listens",
    "packets vanish",
    "there is no route",
    "TLS to a plain port",
    "plain MQTT to a TLS port",
    "MQTT over TLS to a secure websockets port",
    "plain MQTT to a websockets port",
    "MQTT over TLS to a plain websockets port",
    "websockets to an MQTT port",
    "secure websockets to an MQTT port with TLS",
    "plain MQTT to an HTTP server",
    "plain MQTT to an HTTP server that waits for a line",
    "MQTT over TLS to an HTTP server without TLS",
    "MQTT over TLS to an HTTPS server",
    "MQTT over TLS to an HTTPS server that waits for a line",
    "websockets to an HTTP server",
    "secure websockets to an HTTPS server",
    "rubbish answers plain MQTT",
    "rubbish answers TLS",
    "rubbish answers MQTT over TLS",
    "nobody answers plain MQTT",
    "nobody answers TLS",
    "nobody answers MQTT over TLS",
    "the other side closes at once, plain MQTT",
    "the other side closes at once, TLS",
    "the other side closes at once, MQTT over TLS",
    "the broker's certificate is of an unknown authority",
    "the broker's certificate is of another authority with the same name",
    "the broker's certificate is expired",
    "the broker's certificate is not yet valid",
    "the broker's certificate is for another name",
    "the broker's certificate does not have the address",
    "the broker's certificate has the address as a DNS name",
    "the broker's certificate has a common name only",
    "the broker's certificate is for clients only",
    "the broker's certificate is an authority's",
    "the broker shows the authority's own certificate",
    "the broker's certificate is self-signed",
    "the broker does not send the intermediate certificates",
    "the intermediate certificates are in the wrong order",
    "the broker's own certificate is last in its file: no broker runs",
    "the broker's key has 1024 bits",
    "the broker's certificate is signed with SHA-1",
    "the broker speaks TLS 1.3 only",
    "the broker speaks TLS 1.2 only",
    "the broker's certificate is renewed, but the broker has not read it",
    "the broker read a key that does not belong to its certificate",
    "the client shows no certificate",
    "the client's certificate is expired",
    "the client's certificate is not yet valid",
    "the client's certificate is of another authority",
    "the client's certificate is of another authority with the same name",
    "the client's certificate is of another authority with the same name, without key ids",
    "the client's certificate is for brokers only",
    "the client's certificate is self-signed",
    "the client's certificate is revoked",
    "the client's certificate has a key of 1024 bits",
    "the client's certificate is signed with SHA-1",
    "the client's key does not belong to its certificate",
    "the client does not send the intermediate certificate",
    "the certificate that is the identity has no common name",
    "the broker's revocation list is expired",
    "the broker's revocation list is not yet valid",
    "the broker's revocation list is of another issuer",
    "the broker has no revocation list of the client's issuer",
    "the broker's authorities are an intermediate one only",
    "the broker has no file of authorities",
    "the client's authority was added, but the broker has not read it",
    "the broker's revocation list was renewed, but the broker has not read it",
    "the password is wrong",
    "the user is unknown",
    "no user and no password are sent",
    "the login is refused, and the broker's files are not at hand",
    "the password was changed, but the broker has not read it",
    "the user was added, but the broker has not read it",
    "the client id lacks the prefix",
    "an empty client id is forbidden",
    "the broker speaks MQTT 3.1.1 only",
    "the broker speaks MQTT 5 only",
    "publishing is denied, MQTT 5, QoS 0",
    "publishing is denied, MQTT 5, QoS 1",
    "publishing is denied, MQTT 5, QoS 2",
    "publishing is denied, MQTT 3.1.1, QoS 0",
    "publishing is denied, MQTT 3.1.1, QoS 1",
    "publishing is denied, MQTT 3.1.1, QoS 2",
    "a plugin denies publishing, MQTT 5",
    "a plugin denies publishing, MQTT 3.1.1",
    "the subscription is taken, but nothing is delivered, MQTT 5",
    "the subscription is taken, but nothing is delivered, MQTT 3.1.1",
    "a plugin denies the subscription, MQTT 5",
    "a plugin denies the subscription, MQTT 3.1.1",
    "what should be denied is allowed, MQTT 5",
    "what should be denied is allowed, MQTT 3.1.1",
    "the will's topic is denied, MQTT 5",
    "the will's topic is denied, MQTT 3.1.1",
    "the QoS is higher than max_qos, MQTT 5",
    "the QoS is higher than max_qos, MQTT 3.1.1",
    "the packet is larger than max_packet_size, MQTT 5",
    "the packet is larger than max_packet_size, MQTT 3.1.1",
    "the message is larger than message_size_limit, MQTT 5",
    "the message is larger than message_size_limit, MQTT 3.1.1",
    "the listener has its max_connections",
    "another client takes the client id, MQTT 5",
    "another client takes the client id, MQTT 3.1.1",
    "the broker ends mid-session, SIGTERM, MQTT 5",
    "the broker ends mid-session, SIGTERM, MQTT 3.1.1",
    "the broker ends mid-session, SIGKILL, MQTT 5",
    "the broker ends mid-session, SIGKILL, MQTT 3.1.1",
    "the user is removed mid-session",
    "a plugin disables the user mid-session",
];

/// What stands before the table, the rows, and what stands behind.
fn parts(text: &str) -> (&str, Vec<&str>, &str) {
    let (before, rest) = text.split_once("<!-- worlds -->\n").expect("the mark where the table begins");
    let (table, after) = rest.split_once("<!-- /worlds -->").expect("the mark where the table ends");
    (before, table.lines().skip(2).collect(), after)
}

fn title(row: &str) -> &str {
    row.trim_start_matches("| ").split(" | ").next().unwrap_or_default()
}

/// Fails unless the row of this world stands in the document, or writes it.
pub fn hold(world: &str, theirs: &str, ours: &str) -> Result<(), String> {
    assert!(TITLES.contains(&world), "`{world}` has no place in table.rs");
    let row = format!("| {world} | {} | {} |", cell(theirs), cell(ours));
    let _alone = ALONE.lock().unwrap();
    let text = fs::read_to_string(DOCUMENT).unwrap();
    let (before, mut rows, after) = parts(&text);
    let stands = rows.iter().position(|row| title(row) == world);
    if stands.is_some_and(|at| by_chance(rows[at]) == by_chance(&row)) {
        return Ok(());
    }
    if std::env::var_os("MQSEC_BLESS").is_none() {
        let stands = stands.map_or("nothing", |at| rows[at]);
        return Err(format!(
            "docs/diagnostics.md has\n  {stands}\nand this run says\n  {row}\n(MQSEC_BLESS=1 writes it)"
        ));
    }
    rows.retain(|row| title(row) != world && TITLES.contains(&title(row)));
    rows.push(&row);
    rows.sort_by_key(|row| TITLES.iter().position(|&other| other == title(row)));
    let table: String = rows.iter().map(|row| format!("{row}\n")).collect();
    fs::write(DOCUMENT, format!("{before}<!-- worlds -->\n{HEAD}{table}<!-- /worlds -->{after}")).unwrap();
    Ok(())
}

/// When the connection ends under its hands, it is chance which of these `mosquitto_pub` says.
fn by_chance(row: &str) -> String {
    let mut row = row.to_owned();
    for words in [
        "`Error: Protocol error`, exit 14",
        "`Error: The connection was lost`, exit 7",
        "`Unable to connect (The connection was lost).`, exit 1",
        "`Unable to connect (A TLS error occurred).`, exit 1",
        "`Unable to connect (A TLS error occurred.).`, exit 1",
        "`Error: A TLS error occurred.`, exit 8",
        "`Error: A TLS error occurred`, exit 8",
    ] {
        row = row.replace(words, "it fails");
    }
    row
}

/// A `|` would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "/")
}

/// Words that differ from run to run, made alike: dates, times, and ports that the kernel chose.
pub fn normalise(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let shape: String = bare.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
        let alike = match shape.as_str() {
            "9999-99-99" => "2026-01-01",
            "99:99" => "12:00",
            "99:99:99" => "12:00:00",
            "9999-99-99T99:99:99" | "9999-99-99T99:99:99Z" => "2026-01-01T12:00:00",
            _ if shape.ends_with(":99999") => return word.replace(&bare[bare.len() - 5..], "PORT"),
            _ => return word.to_owned(),
        };
        word.replace(bare, alike)
    });
    let text = words.collect::<Vec<_>>().join(" ");
    // without a name server
    text.replace("Temporary failure in name resolution", "Name or service not known")
}

#[test]
fn the_table_has_a_row_for_every_world_and_no_other() {
    let text = fs::read_to_string(DOCUMENT).unwrap();
    let (_, rows, _) = parts(&text);
    let found: Vec<_> = rows.into_iter().map(title).collect();
    if std::env::var_os("MQSEC_BLESS").is_none() {
        assert_eq!(found, TITLES);
    }
}
