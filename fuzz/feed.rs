//! Gives hostile bytes to everything of mqsec that reads such, and checks what must hold for any bytes.
//!
//! The fuzz targets and the test of their seeds (`tests/it/diagnosis/seeds.rs`) both call these functions, so the
//! seeds run wherever the tests run, and a target cannot fall behind the library unseen.

use std::collections::BTreeSet;
use std::io;
use std::io::Read;
use std::io::Write;
use std::net::Shutdown;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::LazyLock;
use std::sync::mpsc::Sender;
use std::sync::mpsc::channel;
use std::time::Duration as Span;

use mqsec::acl;
use mqsec::acl::Access;
use mqsec::acl::Question;
use mqsec::acl::Rules;
use mqsec::conf::document::Document;
use mqsec::conf::document::Section;
use mqsec::conf::keyword::keyword;
use mqsec::conf::reading::NoFiles;
use mqsec::conf::reading::Reading;
use mqsec::error::Diagnose;
use mqsec::logs;
use mqsec::mqtt;
use mqsec::mqtt::Attempt;
use mqsec::mqtt::Packet;
use mqsec::mqtt::Trip;
use mqsec::mqtt::Version;
use mqsec::pages;
use mqsec::passwd;
use mqsec::passwd::PasswdFile;
use mqsec::pki::advice::advise;
use mqsec::pki::crl::Crl;
use mqsec::pki::input;
use mqsec::pki::keys;
use mqsec::pki::parsed::Certificate;
use mqsec::pki::verify;
use mqsec::pki::verify::As;
use mqsec::pki::verify::Case;
use mqsec::pki::verify::Finding;
use mqsec::series::Series;
use rustls::pki_types::CertificateDer;
use time::Duration;
use time::OffsetDateTime;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-06-01 00:00 UTC);
const MONTH: Duration = Duration::days(30);

/// A file given as a certificate, a key or a CRL; or what a broker sent, in DER and one after the other. Gives the code
/// that a file of certificates would be told with.
pub fn certificate(bytes: &[u8]) -> &'static str {
    let _ = keys::parse(bytes, "seed").map_err(|error| told(&[&error.to_string()], error.code()));
    let _ = input::public_key(bytes, "seed").map_err(|finding| said(&finding));
    let parts = elements(bytes);
    let mut lists = input::revocation_lists(bytes, "seed").map_err(|finding| said(&finding)).unwrap_or_default();
    let _ = input::is_revocation_list(bytes);
    lists.extend(parts.iter().filter_map(|der| Crl::from_der(der)));
    let (certificates, answer) = match input::certificates(bytes, "seed") {
        Ok(found) => {
            found.odd.iter().for_each(said);
            (found.list, found.odd.first().map_or("ok", |odd| odd.code))
        }
        Err(finding) => {
            said(&finding);
            let chain: Vec<_> = parts.into_iter().map(CertificateDer::from).collect();
            let sent = input::sent(&chain, "the broker").map_err(|finding| said(&finding)).unwrap_or_default();
            (sent, finding.code)
        }
    };
    judge(&certificates[..certificates.len().min(4)], &lists[..lists.len().min(4)]);
    answer
}

/// Every certificate in every role, with the others as its chain, as its authorities, and as what lies about.
fn judge(certificates: &[Certificate], lists: &[Crl]) {
    let hosts = ["broker.lan", "127.0.0.1", "*.lan", "::1", "\u{fc}"].map(str::to_owned);
    for (at, certificate) in certificates.iter().enumerate() {
        let _ = (certificate.names(), certificate.fingerprint(), certificate.is_self_signed());
        let (before, rest) = (&certificates[..at], &certificates[at + 1..]);
        for role in [As::Server, As::Client, As::Authority] {
            for (intermediates, trust, others) in [(rest, certificates, before), (certificates, rest, rest)] {
                for now in [NOW, certificate.not_before, certificate.not_after] {
                    let case = Case::new(certificate, role, now);
                    let key = Some(&certificate.spki[..]);
                    let crls = lists;
                    let case = Case { intermediates, trust, others, crls, hosts: &hosts, key, warn: MONTH, ..case };
                    verify::judge(&case).iter().for_each(said);
                    for advice in advise(&case) {
                        assert!(!advice.reason.is_empty());
                    }
                }
            }
        }
    }
    for list in lists {
        let _ = (list.len(), list.revoked("02"));
        verify::judge_crl(list, certificates, NOW, MONTH).iter().for_each(said);
    }
}

fn said(finding: &Finding) {
    told(&[&finding.message, finding.hint.as_deref().unwrap_or_default()], finding.code);
}

/// What is told has a page, and nothing in it that a terminal would obey.
fn told(texts: &[&str], code: &str) {
    static CODES: LazyLock<BTreeSet<&str>> = LazyLock::new(|| pages::all().map(|page| page.code).collect());
    assert!(CODES.contains(code), "no page for `{code}`");
    assert!(!texts[0].is_empty(), "{code}");
    for text in texts {
        assert!(!text.contains(|letter: char| letter.is_control() && letter != '\n'), "{text:?}");
    }
}

/// DER values that stand one after the other.
fn elements(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while let [0x30, 0x82, high, low, ..] = bytes {
        let length = 4 + usize::from(u16::from_be_bytes([*high, *low]));
        let (value, rest) = bytes.split_at(length.min(bytes.len()));
        found.push(value.to_vec());
        bytes = rest;
    }
    found
}

/// A configuration: printed as it was, read by both series, edited. Gives how 2.1 ends with it: `runs`, or the problem's
/// kind.
pub fn conf(bytes: &[u8]) -> String {
    let document = Document::parse(bytes);
    assert_eq!(document.to_bytes(), bytes);
    let lines = document.line_count();
    for line in document.directives() {
        assert!((1..=lines).contains(&line.line) && line.column > 0 && !line.key.is_empty());
    }
    let mut end = "runs".to_owned();
    for series in [Series::V20, Series::V21] {
        let reading = Reading::read("m.conf", bytes, &NoFiles, series);
        for problem in &reading.problems {
            let message = problem.what.to_string();
            assert!(!message.is_empty() && !message.contains(char::is_control), "{message:?}");
            assert!((1..=lines.max(1)).contains(&problem.place.line) && problem.place.column > 0, "{problem:?}");
            let _ = problem.what.broker_line(series);
        }
        assert_eq!(reading.stopped().is_some(), reading.problems.iter().any(|problem| problem.fatal));
        end = reading.stopped().map_or("runs".to_owned(), |problem| {
            let kind = format!("{:?}", problem.what);
            kind.split([' ', '{']).next().unwrap_or_default().to_owned()
        });
    }
    edited(&document);
    end
}

/// Edits leave the other lines as they are, and what was set can be read.
fn edited(document: &Document) {
    for section in document.sections().into_iter().take(4) {
        let (key, value) = match section {
            Section::Global => ("sys_interval", "77"),
            Section::Listener(_) => ("max_qos", "1"),
            Section::Bridge(_) => ("threshold", "77"),
        };
        let others = |document: &Document| -> Vec<(String, String)> {
            // the same option may stand there under its older name
            let same = |name: &str| keyword(name).is_some_and(|known| known.slot() == key);
            let all = document.directives().filter(|line| !same(line.key));
            all.map(|line| (line.key.to_owned(), line.value.to_owned())).collect()
        };
        let mut changed = document.clone();
        changed.set(&section, key, value).expect("the section is there");
        assert_eq!(others(&changed), others(document));
        let values = changed.values(&section, key);
        assert_eq!(values.last().map(|line| line.value.split(' ').next()), Some(Some(value)), "{section}");
        let once = changed.to_bytes();
        changed.set(&section, key, value).expect("it was set before");
        assert_eq!(changed.to_bytes(), once, "a second time");
        assert!(changed.unset(&section, key).expect("it is there"));
        assert!(changed.values(&section, key).is_empty());
        assert_eq!(others(&changed), others(document));
    }
}

/// An ACL file: it prints as it was, questions about it have answers, its canonical form has the same ones, and so has the
/// file with a line more for somebody else. Gives `ok`, `stop` or `unread`.
pub fn acl(bytes: &[u8]) -> &'static str {
    let document = acl::Document::parse(bytes);
    assert_eq!(document.to_bytes(), bytes);
    let _ = std::str::from_utf8(bytes).map(acl::expectations);
    let formatted = acl::format(&document).ok();
    if let Some(formatted) = &formatted {
        assert_eq!(acl::format(formatted).as_ref(), Ok(formatted), "the canonical form of the canonical form");
    }
    let mut answer = "ok";
    for series in Series::RELEASED {
        for problem in acl::problems(&document, *series) {
            assert!(problem.line > 0 && problem.column > 0 && !problem.what.message().is_empty());
            assert!(!problem.what.message().contains(|letter: char| letter.is_control()), "{}", problem.what.message());
        }
        let rules = Rules::of(&document, *series);
        let same = formatted.as_ref().map(|formatted| Rules::of(formatted, *series));
        let reading = rules.reading();
        answer = match (&reading.stop, reading.unread) {
            (Some((_, _, stop)), _) => {
                assert!(!stop.words("acl").is_empty());
                "stop"
            }
            (None, Some(_)) => "unread",
            _ => answer,
        };
        let names = reading.sections.iter().take(4).filter_map(|(_, name)| std::str::from_utf8(name).ok());
        let filters: Vec<String> = reading.entries.iter().take(12).map(acl::Entry::topic).collect();
        for user in names.map(Some).chain([None, Some("u")]) {
            for filter in filters.iter().map(String::as_str).chain(["a/b", "$SYS/x", "#", "$share/g/+"]) {
                questions(&rules, same.as_ref(), user, filter);
            }
        }
    }
    answer
}

/// What a user may do with a filter, and with a topic of it.
fn questions(rules: &Rules, same: Option<&Rules>, user: Option<&str>, filter: &str) {
    let topic = filter.replace("%u", user.unwrap_or("u")).replace("%c", "c").replace(['+', '#'], "x");
    for access in [Access::Read, Access::Write] {
        let question = Question { user, client_id: "c", access, topic: &topic };
        let (decision, steps) = rules.why(&question);
        assert_eq!(decision, rules.decide(&question));
        assert!(decision.by.is_none_or(|line| steps.iter().any(|step| step.line == line)));
        if let Some(same) = same {
            assert_eq!(same.decide(&question).allowed, decision.allowed, "{question:?}");
        }
    }
    let question = Question { user, client_id: "c", access: Access::Read, topic: filter };
    if let Some(found) = acl::received(rules, &question) {
        let is_right = |topic: &str, allowed| rules.decide(&Question { topic, ..question }).allowed == allowed;
        assert!(found.delivered.iter().all(|(topic, _)| is_right(topic, true)));
        assert!(found.withheld.iter().all(|(topic, _)| is_right(topic, false)));
    }
}

/// A log: read as one stream, and with the bytes in pieces.
pub fn log(bytes: &[u8]) {
    let whole = explained(&[bytes]);
    let middle = bytes.len() / 2;
    assert_eq!(whole, explained(&[&bytes[..middle], &bytes[middle..]]), "in pieces");
}

/// The lines and what is told of each.
fn explained(pieces: &[&[u8]]) -> Vec<(String, Option<logs::Told>)> {
    let (mut splitter, mut reader, mut said) = (logs::Splitter::default(), logs::Reader::default(), Vec::new());
    let mut each = |line: &str| {
        assert!(logs::Line::parse(line).text.len() <= line.len());
        if let Some(cause) = logs::explain(line) {
            told(&[&cause.meaning, cause.hint.as_deref().unwrap_or_default()], cause.code);
        }
        said.push((line.to_owned(), reader.read(line)));
    };
    for piece in pieces {
        splitter.push(piece, &mut each);
    }
    splitter.finish(&mut each);
    let counted: u64 = reader.counts().iter().map(|count| count.count).sum();
    assert!(counted <= said.len() as u64);
    said
}

/// A password file. Gives how many can log in to a 2.0 and to a 2.1 broker, and the line that ends the latter, or 0.
pub fn passwd(bytes: &[u8]) -> String {
    let [old, new] = [Series::V20, Series::V21].map(|series| passwd::read(bytes, series));
    assert!(old.stop.is_none());
    let lines = 1 + bytes.iter().filter(|byte| **byte == b'\n').count();
    for problem in old.problems.iter().chain(&new.problems) {
        assert!((1..=lines).contains(&problem.line) && problem.column > 0, "{problem:?}");
        assert!(!problem.what.to_string().contains(char::is_control), "{problem:?}");
    }
    for refused in passwd::import(bytes, false).refused {
        assert!((1..=lines).contains(&refused.line), "{refused:?}");
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        // what is not changed comes back as it was; what is written, 2.1 reads to its end
        if let Ok(printed) = PasswdFile::parse(text).print() {
            assert_eq!(printed.strip_suffix('\n').unwrap_or(&printed), body.strip_suffix('\n').unwrap_or(body));
            assert!(passwd::read(printed.as_bytes(), Series::V21).stop.is_none());
        }
    }
    format!("{}-{}-{}", old.users.len(), new.users.len(), new.stop.map_or(0, |problem| problem.line))
}

/// What a broker sends. Gives the last packet's kind and code, `wait` where bytes are missing at once, or `malformed`.
pub fn packet(bytes: &[u8], version: Version) -> String {
    const LONGEST: usize = 1 << 20;
    let (mut rest, mut said) = (bytes, "wait".to_owned());
    loop {
        match mqtt::read_packet(rest, version, LONGEST) {
            Ok(Some((packet, length))) => {
                assert!((2..=rest.len()).contains(&length));
                for end in [0, 1, length / 2, length - 1] {
                    assert_eq!(mqtt::read_packet(&rest[..end], version, LONGEST), Ok(None), "in pieces");
                }
                let (again, _) = mqtt::read_packet(&rest[..length], version, LONGEST).unwrap().unwrap();
                assert_eq!(again, packet);
                said = name(&packet);
                rest = &rest[length..];
            }
            Ok(None) => return said,
            Err(malformed) => {
                assert!(!malformed.to_string().is_empty());
                return "malformed".to_owned();
            }
        }
    }
}

fn name(packet: &Packet) -> String {
    let shown = |words: &Option<String>| assert!(words.iter().all(|words| !words.contains(|c: char| c.is_control())));
    match packet {
        Packet::ConnAck { code, limits } => {
            shown(&limits.words);
            format!("connack-{code:02x}")
        }
        Packet::Publish { qos, .. } => format!("publish-{qos}"),
        Packet::PubAck { reason, .. } => format!("puback-{reason:02x}"),
        Packet::PubRec { reason, .. } => format!("pubrec-{reason:02x}"),
        Packet::PubRel { .. } => "pubrel".to_owned(),
        Packet::PubComp { reason, .. } => format!("pubcomp-{reason:02x}"),
        Packet::SubAck { codes, .. } => format!("suback-{codes:02x?}"),
        Packet::PingResp => "pingresp".to_owned(),
        Packet::Disconnect { reason, words } => {
            shown(words);
            format!("disconnect-{reason:02x}")
        }
        Packet::Other(kind) => format!("other-{kind}"),
    }
}

/// A broker on loopback that says what it is told to, and then no more.
pub struct Stranger {
    port: u16,
    answers: Sender<(Vec<u8>, bool)>,
}

impl Default for Stranger {
    fn default() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let port = listener.local_addr().expect("its number").port();
        let (answers, queue) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), Ok((answer, upgrade))) = (stream, queue.recv()) else { return };
                let _ = serve(stream, answer, upgrade);
            }
        });
        Self { port, answers }
    }
}

impl Stranger {
    /// A whole try against a broker that says this. The first byte chooses the version, whether it is asked for
    /// websockets, and whether it agrees to them before it says the rest. Gives the trouble's code.
    pub fn session(&self, bytes: &[u8]) -> Result<(), &'static str> {
        let Some((choice, answer)) = bytes.split_first() else { return Ok(()) };
        let websocket = (choice & 2 != 0).then_some("/mqtt");
        let attempt = Attempt {
            websocket,
            version: if choice & 1 != 0 { Version::V311 } else { Version::V5 },
            trip: Some(Trip { qos: (choice >> 3) % 3, ..Trip::to("t") }),
            timeout: Span::from_secs(8),
            ..Attempt::new("127.0.0.1", self.port, "mqsec-fuzz".to_owned())
        };
        self.answers.send((answer.to_vec(), websocket.is_some() && choice & 4 != 0)).expect("the listener lives");
        mqtt::attempt(&attempt).result.map_err(|trouble| {
            told(&[&trouble.to_string()], trouble.code());
            trouble.code()
        })
    }
}

fn serve(mut stream: TcpStream, answer: Vec<u8>, upgrade: bool) -> io::Result<()> {
    stream.set_read_timeout(Some(Span::from_secs(20)))?;
    let mut buffer = [0; 4096];
    if upgrade {
        let count = stream.read(&mut buffer)?;
        let request = String::from_utf8_lossy(&buffer[..count]).into_owned();
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap_or_default();
        let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
        let agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
        write!(stream, "{agreed}Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n")?;
    }
    stream.write_all(&answer)?;
    stream.shutdown(Shutdown::Write)?;
    // until the client has gone: a reset would take the answer away from it
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}
