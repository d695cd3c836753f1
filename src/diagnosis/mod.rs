//! The one true cause of a connection that failed: what was seen on the wire, put together with what the files say.
//!
//! A broker's alert and a CONNACK code name several possible causes. With the client's own certificate, the folder's
//! authority, CRL, password file and configuration at hand, one of them is left; where that is not so, the code says what
//! is known and no more.

mod client;
mod folder;
mod login;
mod port;
mod server;
mod session;

use std::fmt;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;
use time::OffsetDateTime;

use crate::conf::Listener;
use crate::error::Diagnose;
use crate::error::Kind;
use crate::mqtt::Attempt;
use crate::mqtt::Seen;
use crate::mqtt::Stage;
use crate::mqtt::Trouble;
use crate::pki::parsed::Certificate;

pub use folder::Folder;
pub use folder::LogMark;

/// A failed try, and what is known beside it.
pub struct Case<'a> {
    pub attempt: &'a Attempt<'a>,
    pub seen: &'a Seen,
    /// The client's certificates, its own first; empty without.
    pub own: &'a [Certificate],
    /// The name by which a hint tells to issue a certificate.
    pub client: Option<&'a str>,
    pub trust: &'a [Certificate],
    /// The broker's files, when the broker is the one of this folder.
    pub folder: Option<&'a Folder>,
    /// The listeners of the folder's configuration.
    pub listeners: &'a [Listener],
    /// Other certificates that lie in the folder: a missing intermediate may be among them.
    pub nearby: &'a [Certificate],
    pub now: OffsetDateTime,
    /// When the answer is due: questions that find the cause have what the attempt left.
    pub deadline: Instant,
}

impl<'a> Case<'a> {
    /// The same way to the broker, in the time that is left.
    fn again(&self) -> Attempt<'a> {
        Attempt { timeout: self.left(), trip: None, ..self.attempt.clone() }
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(300))
    }
}

/// The cause, its evidence and what to do.
#[derive(Debug)]
pub struct Diagnosis {
    pub stage: Stage,
    code: &'static str,
    kind: Kind,
    message: String,
    evidence: Vec<String>,
    hints: Vec<String>,
    facts: Value,
}

/// Finds the cause. It may ask the broker again, with nothing secret and nothing that changes its state.
pub fn find(case: &Case<'_>, trouble: &Trouble) -> Diagnosis {
    use Trouble as T;
    let plain = Diagnosis::of(trouble);
    let found = match trouble {
        T::ServerCertificate(_) => return server::certificate(case).with_facts(case),
        T::Refused { .. } => port::refused(case, trouble),
        T::ClientRefused { .. } | T::ClosedAfterRequest { .. } => client::refused(case, trouble),
        T::Connack { code, .. } => login::refused(case, *code),
        T::NotTls | T::Closed(Stage::Tls) | T::Timeout(Stage::Tls) | T::TlsVersion | T::Tls(_) => {
            port::no_tls(case, trouble)
        }
        T::NoWebsockets(_) | T::NotHttp(_) | T::Closed(Stage::Websockets) | T::Timeout(Stage::Websockets) => {
            port::no_websockets(case)
        }
        T::NotMqtt(_) | T::Closed(Stage::Mqtt) | T::Timeout(Stage::Mqtt) => port::no_mqtt(case, trouble),
        T::NoMessage => session::no_message(case),
        T::NoWill => session::no_will(case),
        T::Publish { .. } | T::Subscribe { .. } => Some(session::denied(case, trouble)),
        T::Closed(stage) | T::Network { stage, .. } => session::ended(case, *stage),
        T::Disconnected { .. } => session::told(case, trouble),
        _ => None,
    };
    let mut diagnosis = match found {
        Some(found) => found.seen_first(&plain),
        None => plain,
    };
    for line in case.folder.map(|folder| folder.log_since(&case.attempt.client_id)).unwrap_or_default() {
        diagnosis.evidence.push(format!("log: {line}"));
    }
    diagnosis.with_facts(case)
}

impl Diagnosis {
    /// What the wire alone tells.
    pub fn of(trouble: &Trouble) -> Self {
        Self {
            stage: trouble.stage(),
            code: trouble.code(),
            kind: trouble.kind(),
            message: trouble.to_string(),
            evidence: trouble.details(),
            hints: trouble.hints(),
            facts: Value::Null,
        }
    }

    /// The broker (or we) refused.
    fn no(stage: Stage, code: &'static str, message: impl Into<String>) -> Self {
        let (evidence, hints, facts) = (Vec::new(), Vec::new(), Value::Null);
        Self { stage, code, kind: Kind::No, message: message.into(), evidence, hints, facts }
    }

    /// There was no answer that could be judged.
    fn unanswered(stage: Stage, code: &'static str, message: impl Into<String>) -> Self {
        Self { kind: Kind::Unanswered, ..Self::no(stage, code, message) }
    }

    fn evidence(mut self, line: impl Into<String>) -> Self {
        self.evidence.push(line.into());
        self
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The wire's own evidence stands above what was concluded.
    fn seen_first(mut self, plain: &Self) -> Self {
        let new = self.evidence.split_off(0);
        self.evidence.extend(plain.evidence.iter().filter(|line| !new.contains(line)).cloned());
        self.evidence.extend(new);
        self
    }

    /// For a program: where it ended, and how far it came.
    fn with_facts(self, case: &Case<'_>) -> Self {
        let seen = case.seen;
        let stages: Vec<Value> = seen
            .timings
            .iter()
            .map(|(stage, took)| json!({ "stage": stage.to_string(), "ms": took.as_secs_f64() * 1000.0 }))
            .collect();
        let facts = json!({
            "stage": self.stage.to_string(),
            "stages": stages,
            "address": seen.address.map(|address| address.to_string()),
            "tls_version": seen.tls_version,
            "client_certificate_asked": seen.certificate_asked,
        });
        Self { facts, ..self }
    }

    /// Whether an ACL said no.
    pub fn is_denial(&self) -> bool {
        matches!(self.code, "publish-denied" | "subscribe-denied" | "delivery-denied" | "will-denied")
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnosis {}

impl Diagnose for Diagnosis {
    fn code(&self) -> &'static str {
        self.code
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    fn details(&self) -> Vec<String> {
        std::iter::once(format!("stage: {}", self.stage)).chain(self.evidence.iter().cloned()).collect()
    }

    fn hints(&self) -> Vec<String> {
        self.hints.clone()
    }

    fn facts(&self) -> Option<Value> {
        Some(self.facts.clone())
    }
}
