//! The pages of the codes: each code has one, each has the same form, its commands exist, and `docs/diagnostics.md` is
//! made from them.

use std::fs;

use clap::CommandFactory;
use clap::error::ErrorKind;
use mqsec::cli::Cli;

use crate::docs::files_below;
use crate::docs::read;
use crate::docs::root;
use crate::support::Sandbox;

const SOURCE: &str = "src/pages/codes.md";
const DOCUMENT: &str = "docs/diagnostics.md";

#[test]
fn every_code_has_its_page() {
    let mut sources = String::new();
    // the command line's own file has the names of commands, and doctor's rules have their own words in docs/rules.md
    let without = |file: &std::path::PathBuf| file.ends_with("cli.rs") || file.starts_with("src/checks");
    for file in files_below("src", "rs").into_iter().filter(|file| !without(file)) {
        let text = read(&file);
        sources.push_str(text.split("#[cfg(test)]").next().unwrap());
    }
    let mut codes: Vec<&str> = sources.split('"').filter(|literal| is_kebab(literal)).collect();
    codes.retain(|literal| !NOT_CODES.contains(literal));
    assert!(sources.contains("error[usage]"), "the code of usage errors");
    codes.push("usage");
    let source = read(SOURCE);
    let pages: Vec<&str> = pages(&source).map(|(code, _)| code).collect();
    for code in &codes {
        assert!(
            pages.contains(code),
            "`{code}` stands in src/ and has no page in {SOURCE} (if it is no code: NOT_CODES)"
        );
    }
    let stray: Vec<_> = pages.iter().filter(|page| !codes.contains(page)).collect();
    assert!(stray.is_empty(), "{SOURCE}: no codes: {stray:?}");
    assert!(pages.is_sorted_by(|one, next| one < next), "{SOURCE} is in alphabetic order, each code once");
}

/// Literals in `src/` that look like a code.
const NOT_CODES: &[&str] = &[
    "http-01",
    "not-asked",
    "nothing-open",
    "take-over",
    "daemon-reload",
    "tls-alpn-01",
    "dns-01",
    "update-ca-certificates",
    "update-ca-trust",
    "find-certificate",
    "add-trusted-cert",
    "delete-certificate",
    "apt-get",
    "docker-compose",
    "sensor-1",
    "unless-stopped",
    // targets of export, and words of their programs
    "arduino-header",
    "auto-detect",
    "esp-idf",
    "home-assistant",
    "mqtt-broker",
    "node-red",
    "paho-python",
    "tls-config",
    // what became of the lines of `fleet revoke`, in JSON
    "already-revoked",
    "in-env",
    "issued-by-the-root",
    "not-a-device",
    "not-of-a-list",
    // client ids
    "mqsec-admin",
    "mqsec-bridge-test",
    "mqsec-knock",
    "mqsec-proof",
    "mqsec-prove",
    // a role, and what decides over a topic, in JSON
    "test-connect",
    "test-connection",
    "client-id",
    "file-refused",
    "no-line",
    "not-a-topic",
    "sys-write",
    "user-name",
];

#[test]
fn every_page_has_the_four_parts() {
    let source = read(SOURCE);
    let long = source.lines().find(|line| line.chars().count() > 100);
    assert_eq!(long, None, "{SOURCE} is wrapped at 100 characters");
    let untidy = source.lines().find(|line| line.trim_end() != *line || line.contains('\t'));
    assert_eq!(untidy, None, "{SOURCE} has a space at the end of a line, or a tab");
    for (code, text) in pages(&source) {
        let mut prose = Vec::new();
        let mut block_may_follow = false;
        for paragraph in text.split("\n\n") {
            let indented = paragraph.lines().filter(|line| line.starts_with("    ")).count();
            if indented > 0 {
                assert!(block_may_follow, "{code}: a block of commands without a paragraph of its own");
                assert_eq!(indented, paragraph.lines().count(), "{code}: a block that is indented in part");
            } else {
                assert!(!paragraph.trim().is_empty(), "{code}: an empty paragraph");
                prose.push(paragraph);
            }
            block_may_follow = indented == 0;
        }
        let labels: Vec<&str> = prose
            .iter()
            .map(|paragraph| LABELS.into_iter().find(|label| paragraph.starts_with(&format!("{label} "))).unwrap_or(""))
            .collect();
        assert_eq!(labels, ["", LABELS[0], LABELS[1], LABELS[2]], "{code}");
    }
}

const LABELS: [&str; 3] = ["Arises:", "See:", "Mend:"];

#[test]
fn the_commands_of_the_pages_exist() {
    let source = read(SOURCE);
    let (mut asked, mut unknown) = (0, Vec::new());
    for (code, text) in pages(&source) {
        let lines = text.lines().filter_map(|line| line.strip_prefix("    "));
        let inline = text.split('`').skip(1).step_by(2).filter(|words| words.split_whitespace().count() > 1);
        for command in lines.chain(inline) {
            let command = command.strip_prefix("sudo ").unwrap_or(command).replace('\n', " ");
            let command = command.split([';', '|', '<', '>', '&']).next().unwrap();
            if !command.starts_with("mqsec ") {
                continue;
            }
            match parse(&words(command)) {
                Ok(_) | Err(ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => asked += 1,
                Err(kind) => unknown.push(format!("{code}: `{command}` is no command of mqsec ({kind:?})")),
            }
        }
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    assert!(asked > 200, "only {asked} commands were found: does this test still see them?");
}

/// What the command line makes of the words. An argument that may begin with dashes, such as a password, also takes an
/// option that does not exist.
fn parse(words: &[String]) -> Result<(), ErrorKind> {
    let matches = Cli::command().try_get_matches_from(words).map_err(|error| error.kind())?;
    let Some((_, matches)) = matches.subcommand() else { return Ok(()) };
    let mut values = matches.ids().filter_map(|id| matches.try_get_raw(id.as_str()).ok()?).flatten();
    match values.any(|value| value.to_string_lossy().starts_with("--")) {
        true => Err(ErrorKind::UnknownArgument),
        false => Ok(()),
    }
}

/// The words of a command; single quotes keep theirs together.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (place, part) in command.split('\'').enumerate() {
        match place % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

#[test]
fn explain_prints_what_the_pages_say() {
    let sandbox = Sandbox::new();
    let source = read(SOURCE);
    let list = sandbox.mqsec(&["explain"]).ok().stdout;
    let listed: Vec<&str> = list.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(listed.iter().copied().eq(pages(&source).map(|(code, _)| code)), "{list}");
    assert!(list.contains("\nca-exists                 There is an authority already, and "), "{list}");
    let json = sandbox.mqsec(&["--json", "explain"]).ok().json();
    assert_eq!(json["codes"][0]["code"], listed[0]);
    assert!(json["codes"][0]["summary"].as_str().unwrap().ends_with('.'));
    let text = sandbox.mqsec(&["explain", "ca-exists"]).ok().stdout;
    assert!(text.starts_with("ca-exists\n\nThere is an authority already"), "{text}");
    assert!(text.contains("\nMend: keep it.") && text.contains("\n    mqsec ca init --force\n"), "{text}");
    let pasted = "error[ca-exists]: there is an authority already: `mqsec CA`";
    assert_eq!(sandbox.mqsec(&["explain", pasted]).ok().stdout, text);
    assert_eq!(sandbox.mqsec(&["explain", "error[ca-exists]:", "there", "is"]).ok().stdout, text);
    let said = sandbox.mqsec(&["explain", "ca-exist"]).fails(2, "code-unknown");
    assert!(said.stderr.contains("mqsec explain ca-exists\n"), "{}", said.stderr);
}

#[test]
fn the_document_of_diagnostics_is_made_from_the_pages() {
    let before = fs::read_to_string(root().join(DOCUMENT)).unwrap_or_default();
    let document = document(&worlds(&before));
    if std::env::var_os("MQSEC_BLESS").is_some() {
        fs::write(root().join(DOCUMENT), &document).unwrap();
    }
    assert!(read(DOCUMENT) == document, "{DOCUMENT} is not what {SOURCE} says; write it: MQSEC_BLESS=1 tests/run docs");
}

/// What stands between the markers of the table of worlds, which `tests/it/diagnosis/` fills.
fn worlds(document: &str) -> String {
    let rest = document.split_once(WORLDS).map_or("", |(_, rest)| rest);
    rest.split_once(WORLDS_END).map_or("\n", |(table, _)| table).to_owned()
}

const WORLDS: &str = "<!-- worlds -->";
const WORLDS_END: &str = "<!-- /worlds -->";

fn document(worlds: &str) -> String {
    let source = read(SOURCE);
    let mut text = format!("{HEAD}\n{WORLDS}{worlds}{WORLDS_END}\n\n## Codes\n");
    let mut left: Vec<&str> = pages(&source).map(|(code, _)| code).collect();
    for (title, prefixes) in GROUPS {
        let own = |code: &str| prefixes.iter().any(|prefix| code.starts_with(prefix));
        let links: Vec<String> =
            left.iter().filter(|code| own(code)).map(|code| format!("[{code}](#{code})")).collect();
        left.retain(|code| !own(code));
        if !links.is_empty() {
            text.push_str(&format!("\n**{title}**:\n{}\n", links.join(",\n")));
        }
    }
    for (code, page) in pages(&source) {
        let mut page = format!("\n{page}\n");
        for label in LABELS {
            page = page.replace(&format!("\n{label}"), &format!("\n**{label}**"));
        }
        text.push_str(&format!("\n### {code}\n{page}"));
    }
    text
}

const HEAD: &str = "\
# Diagnostics

Every failure and every finding of mqsec has a code that stays the same from version to version. Exit status 1 is \"no\"
(checked and refused), 2 is \"no answer\" (it could not be checked). `mqsec explain CODE` prints a code's page in the
terminal, also when it is given the whole line of an error; `mqsec explain` lists the codes.

The commands of the pages are for the broker's folder; from elsewhere add `--dir DIR`. In them `anderson` stands for your
client or user, `mqtt.example.com` for your broker and `192.168.0.10` for its address. A test makes this page from
`src/pages/codes.md`: `MQSEC_BLESS=1 tests/run docs`.

## What clients say, and what mqsec says

Each line is a broker that was broken in one way, what `mosquitto_pub` printed there, and the code that
`mqsec test-connect` led with. Each is a test in `tests/it/diagnosis/worlds/`, which asks every version of the broker
where the world exists (2.0.11, 2.0.21, 2.1.2) and writes the line of the newest. Which of its connection errors
`mosquitto_pub` prints when a connection ends is a matter of time; any of them counts as the one that stands here.
";

/// The groups of the codes: a code is in the first one that has a start of it.
const GROUPS: [(&str, &[&str]); 10] = [
    (
        "Connection",
        &[
            "name-not",
            "network-",
            "connect-refused",
            "connect-timeout",
            "connection-",
            "no-answer",
            "http-",
            "websockets-",
            "mqtt-to",
            "mqtt-not",
            "plain-to",
            "tls-to",
            "tls-not",
        ],
    ),
    ("TLS: the broker's certificate", &["tls-broker-", "tls-name-", "tls-version-"]),
    (
        "TLS: the client's certificate, and whom the broker trusts",
        &["tls-", "broker-crl-", "broker-trust-", "broker-copy-", "broker-not-reloaded", "client-files-"],
    ),
    (
        "Login",
        &[
            "login-",
            "user-unknown",
            "password-wrong",
            "passwd-not-",
            "identity-",
            "client-id-",
            "mqtt-version-",
            "connect-not-",
        ],
    ),
    (
        "Session",
        &[
            "publish-",
            "subscribe-",
            "delivery-",
            "message-",
            "will-",
            "not-denied",
            "session-",
            "packet-",
            "max-",
            "topic-",
            "broker-stopped",
        ],
    ),
    ("Certificates, keys, revocation lists", &["certificate-", "chain-", "ca-", "key-", "crl-", "pair-", "nothing-"]),
    ("Files", &["file-", "folder-", "disk-", "pem-"]),
    ("Log", &["log-"]),
    (
        "Broker and its configuration",
        &[
            "broker-",
            "docker-",
            "compose-",
            "container-",
            "image-",
            "engine-",
            "mosquitto-",
            "port-",
            "install-",
            "conf-",
            "program-",
            "reload-",
            "acl-",
            "listener-",
            "plugin-",
        ],
    ),
    ("Users, names and the command line", &[""]),
];

/// Every page of the source: its code, and its text without the heading.
fn pages(source: &str) -> impl Iterator<Item = (&str, &str)> {
    assert!(source.starts_with("## "), "{SOURCE} begins with a page");
    source[3..].split("\n## ").map(|page| {
        let (code, text) = page.split_once('\n').unwrap();
        (code, text.trim_matches('\n'))
    })
}

fn is_kebab(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.contains('-') && text.split('-').all(part)
}
