//! `mqsec bridge test`: the connection with the bridge's own files, and its rights, topic by topic.

use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use super::bridges;
use super::no_such;
use super::subject;
use crate::bridge::Topic;
use crate::checks::Subject;
use crate::conf::reading::Bridge;
use crate::context::Context;
use crate::diagnosis;
use crate::diagnosis::Case;
use crate::diagnosis::Diagnosis;
use crate::error::Diagnose;
use crate::error::Failure;
use crate::error::Plain;
use crate::error::printable;
use crate::mqtt;
use crate::mqtt::Attempt;
use crate::mqtt::Outcome;
use crate::mqtt::Tls;
use crate::pki::parsed::Certificate;
use crate::provision::credentials;
use crate::secret::Secret;
use crate::secret::random_bytes;
use crate::ui::Report;

/// Connect as the bridge does, with its files, and try the rights of each topic; name the one cause why not
///
/// It logs in with a client id of its own, so that a bridge that runs is not thrown out, and publishes a short message
/// below each topic that goes out. A subscription that is granted says that the topic may be asked for; what is delivered
/// the other broker decides at each message.
#[derive(clap::Args)]
pub(super) struct Args {
    #[arg(value_name = "NAME")]
    name: String,
    /// Seconds for the connection and for each topic
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

/// The bridge's files, as its options name them.
struct Files {
    trust: Option<Vec<Certificate>>,
    identity: Option<mqtt::Identity>,
    own: Vec<Certificate>,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let subject = subject(context)?;
    let Some(bridge) = bridges(&subject).iter().find(|bridge| bridge.name == args.name) else {
        return Err(no_such(&printable(&args.name)).into());
    };
    let files = files(context, &subject, bridge)?;
    let text = |key: &str| bridge.options.last(key).map(|value| value.text.as_str());
    let Some((host, port)) = bridge.addresses().into_iter().next() else {
        return Err(Plain::new("bridge-without-address", format!("the bridge `{}` has no `address`", args.name))
            .hint("write one: address HOST:8883")
            .into());
    };
    let password = Secret::new(text("remote_password").unwrap_or_default());
    let ders: Option<Vec<_>> = files.trust.as_ref().map(|list| list.iter().map(|one| one.der.clone()).collect());
    let number: String = random_bytes::<4>().iter().map(|byte| format!("{byte:02x}")).collect();
    let due = Duration::from_secs(args.timeout);
    let attempt = Attempt {
        tls: ders.as_deref().map(|trust| Tls::new(trust, files.identity.as_ref())),
        login: text("remote_username").map(|user| (user, &password)),
        timeout: due * 3 / 5,
        ..Attempt::new(&host, port, format!("mqsec-bridge-test-{number}"))
    };
    let probe = Probe { context, files: &files, attempt, due };
    let tls = probe.connect()?;
    let mut rows = Vec::new();
    for value in bridge.options.all("topic") {
        // a form that we refuse may be one that the broker takes
        match value.text.parse::<Topic>() {
            Ok(topic) => rows.extend(probe.topic(&topic)),
            Err(error) => rows.push(Row {
                topic: printable(&value.text),
                asked: "read",
                trouble: None,
                note: Some(error.to_string()),
            }),
        }
    }
    let name = args.name.clone();
    Ok(context.ui.report(&Tested { name, remote: format!("{host}:{port}"), tls, rows }))
}

fn files(context: &Context<'_>, subject: &Subject, bridge: &Bridge) -> Result<Files, Failure> {
    let path = |key: &str| -> Option<PathBuf> {
        let named = &bridge.options.last(key)?.text;
        Some(context.workspace.path(subject.resolve(named)))
    };
    if path("bridge_cafile").is_none() && bridge.is_tls() {
        return Err(Plain::new(
            "bridge-test-unsupported",
            format!("the bridge `{}` takes its authorities from a folder, the system, or a shared key", bridge.name),
        )
        .hint("name a file: bridge_cafile FILE")
        .into());
    }
    let trust = path("bridge_cafile").map(|path| credentials::certificates(&path)).transpose()?;
    let (identity, own) = match (path("bridge_certfile"), path("bridge_keyfile")) {
        (Some(cert), Some(key)) => {
            let (identity, own) = credentials::identity(&cert, &key)?;
            (Some(identity), own)
        }
        _ => (None, Vec::new()),
    };
    Ok(Files { trust, identity, own })
}

struct Probe<'a> {
    context: &'a Context<'a>,
    files: &'a Files,
    attempt: Attempt<'a>,
    due: Duration,
}

impl Probe<'_> {
    /// Up to CONNACK; the version of TLS, or the cause.
    fn connect(&self) -> Result<Option<&'static str>, Failure> {
        let start = Instant::now();
        let outcome = mqtt::attempt(&self.attempt);
        let version = outcome.seen.tls_version;
        match self.judged(outcome, start) {
            None => Ok(version),
            Some(cause) => {
                let mut failure = Failure::from(cause);
                // what helps the other command is of no use to a bridge
                failure.hints.retain(|hint| !hint.contains("test-connect") && !hint.contains("passwd test"));
                if failure.code == "login-refused" {
                    failure = failure.hint("is remote_username a user over there, with remote_password as its password, and has that broker read it? There: mqsec passwd list; mqsec up");
                }
                if self.attempt.tls.is_none() {
                    failure = failure.hint("name the authorities in the bridge's options, nothing else switches TLS on: bridge_cafile FILE");
                }
                Err(failure.hint("make the bridge anew with all it needs: mqsec bridge add NAME --remote HOST --topic TOPIC --ca FILE --force"))
            }
        }
    }

    fn judged(&self, outcome: Outcome, start: Instant) -> Option<Diagnosis> {
        let Outcome { seen, result } = outcome;
        let trouble = result.err()?;
        Some(diagnosis::find(
            &Case {
                attempt: &self.attempt,
                seen: &seen,
                own: &self.files.own,
                client: None,
                trust: self.files.trust.as_deref().unwrap_or_default(),
                folder: None,
                listeners: &[],
                nearby: &[],
                now: self.context.now,
                deadline: start + self.due,
            },
            &trouble,
        ))
    }

    /// What crosses in both directions is tried in both.
    fn topic(&self, topic: &Topic) -> Vec<Row> {
        let mut rows = Vec::new();
        if topic.goes_out() {
            let example = topic.example("mqsec-bridge-test");
            let start = Instant::now();
            let trouble = self.judged(mqtt::may_publish(&self.attempt, &example), start);
            rows.push(Row { topic: example, asked: "publish", trouble, note: None });
        }
        if topic.comes_in() {
            let filter = topic.remote();
            let start = Instant::now();
            let trouble = self.judged(mqtt::may_subscribe(&self.attempt, &filter), start);
            rows.push(Row { topic: filter, asked: "subscribe", trouble, note: None });
        }
        rows
    }
}

struct Row {
    topic: String,
    asked: &'static str,
    trouble: Option<Diagnosis>,
    note: Option<String>,
}

struct Tested {
    name: String,
    remote: String,
    tls: Option<&'static str>,
    rows: Vec<Row>,
}

impl Report for Tested {
    fn text(&self, _fancy: bool) -> String {
        let mut text = format!(
            "the bridge `{}` gets in at {} ({})\n",
            printable(&self.name),
            self.remote,
            self.tls.unwrap_or("no TLS: the password goes out in clear")
        );
        let row = |row: &Row| {
            let answer = match (&row.trouble, &row.note) {
                (Some(cause), _) => format!("no: {cause} [{}]", cause.code()),
                (None, Some(note)) => format!("not tried: {note}"),
                (None, None) => "yes".to_owned(),
            };
            vec![row.asked.to_owned(), printable(&row.topic), answer]
        };
        text.push_str(&crate::ui::columns(&self.rows.iter().map(row).collect::<Vec<_>>()));
        if self.status() != 0 {
            text.push_str("next: give the bridge's user these rights in the ACL over there\n");
        }
        text
    }

    fn json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "asked": row.asked,
                "topic": row.topic,
                "allowed": row.note.is_none().then_some(row.trouble.is_none()),
                "code": row.trouble.as_ref().map(Diagnose::code),
                "message": row.trouble.as_ref().map(ToString::to_string).or(row.note.clone()),
            })
        };
        json!({
            "schema": "mqsec/bridge-test/1",
            "name": self.name,
            "remote": self.remote,
            "tls_version": self.tls,
            "topics": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }

    fn status(&self) -> u8 {
        u8::from(self.rows.iter().any(|row| row.trouble.is_some()))
    }
}
