//! Every file that the broker would read, before it is told to: one that is wrong never reaches it.
//!
//! What ends a broker, opens it or leaves it without new connections is refused in any case. What a broker takes, and
//! then serves nobody with (a period that is over, a list of another authority), is refused when it is new to the broker:
//! it may have that already, and a reload for another file must not wait for it.

use time::Duration;
use time::OffsetDateTime;

use super::Here;
use super::loaded::is_stuck;
use crate::checks::Subject;
use crate::checks::compose::MountKind;
use crate::conf::reading::Listener;
use crate::conf::reading::Reading;
use crate::conf::start;
use crate::conf::start::Cause;
use crate::conf::start::Start;
use crate::conf::start::Stop;
use crate::conf::start::Unreadable;
use crate::conf::start::Why;
use crate::error::Failure;
use crate::error::Plain;
use crate::passwd;
use crate::pki::crl::Crl;
use crate::pki::parsed::Certificate;
use crate::pki::verify;
use crate::pki::verify::As;
use crate::pki::verify::Case;
use crate::pki::verify::Finding;
use crate::pki::verify::Severity;
use crate::series::Series;
use crate::workspace::Workspace;
use crate::workspace::layout;
use crate::workspace::layout::Generation;

pub(super) struct Question<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) subject: &'a Subject,
    pub(super) reading: &'a Reading,
    pub(super) now: OffsetDateTime,
    /// The broker has another view of the disk than this folder's compose file tells.
    pub(super) seen_from_afar: bool,
    /// What is wrong and does not end the broker is told, and does not stop the reload.
    pub(super) force: bool,
}

/// Findings about the broker's certificate that a client would stumble over.
const OF_THE_PAIR: [&str; 6] = [
    "ca-expired",
    "certificate-bad-signature",
    "certificate-expired",
    "certificate-not-yet-valid",
    "certificate-wrong-role",
    "chain-intermediate-missing",
];

impl Question<'_> {
    /// What should be known beside the answer yes. `is_new` tells whether the broker has not read a file yet.
    pub(super) fn ask(&self, is_new: impl Fn(&str) -> bool) -> Result<Vec<String>, Failure> {
        let mut notes = Vec::new();
        if let Start::Stops(stop) = start::predict(self.reading, &Here::new(self.workspace, self.subject, true)) {
            if !self.is_out_of_sight(&stop) {
                return Err(self.refused(&stop));
            }
            notes.push(format!("not looked at: {}, which is not seen from here", stop.cause));
        }
        for (path, finding) in self.doubts() {
            let words = format!("`{}`: {}", self.workspace.show(&path), finding.message);
            if self.force || !is_new(&path) {
                notes.push(words);
                continue;
            }
            let mut error = Plain::no(finding.code, words).detail("the broker was not told, and goes on as before");
            if let Some(hint) = finding.hint {
                error = error.hint(hint);
            }
            return Err(error.hint("let the broker take it nevertheless: mqsec reload --force").into());
        }
        Ok(notes)
    }

    /// A file of a volume that Docker keeps, or of a container that no compose file here describes.
    fn is_out_of_sight(&self, stop: &Stop) -> bool {
        let Some(path) = missing(&stop.cause).filter(|path| path.starts_with('/')) else { return false };
        let mount = self.subject.service().and_then(|service| service.mount_of(path));
        self.seen_from_afar
            || self.subject.runtime.container && mount.is_some_and(|mount| mount.kind != MountKind::Bind)
    }

    fn refused(&self, stop: &Stop) -> Failure {
        let (code, hint) = code(&stop.cause);
        let place = &stop.place;
        let at = format!("`{}` line {}", self.workspace.show(self.subject.key_of(&place.path)), place.line);
        Plain::no(code, stop.cause.to_string())
            .detail(at)
            .detail(format!("the broker was not told, and goes on as before: {}", self.consequence(&stop.cause)))
            .hint(hint)
            .into()
    }

    /// What would have come of it.
    fn consequence(&self, cause: &Cause) -> &'static str {
        let old = self.reading.series == Series::V20;
        match cause {
            Cause::File { key: "acl_file", .. } | Cause::Line { key: "acl_file", .. } if old => {
                "with this ACL a reload opens Mosquitto 2.0 to everyone"
            }
            Cause::File { .. } | Cause::Line { .. } if old => "with this file nobody could log in any more",
            Cause::File { .. } | Cause::Line { .. } => "Mosquitto 2.1 ends when it reads this",
            Cause::Certificate { .. } | Cause::Key { .. } | Cause::KeyMismatch { .. } | Cause::Crl { .. } if !old => {
                "Mosquitto 2.1 ends when it reads this beside a revocation list, and serves no new client otherwise"
            }
            Cause::Certificate { .. } | Cause::Key { .. } | Cause::KeyMismatch { .. } => {
                "with this no new client gets a connection"
            }
            _ => "it would not start again with this",
        }
    }

    /// What a broker takes, and should not.
    fn doubts(&self) -> Vec<(String, Finding)> {
        let mut found: Vec<(String, Finding)> = Vec::new();
        let tls = self.reading.listeners.iter().filter(|listener| listener.is_tls());
        for listener in tls {
            for (key, findings) in [("certfile", self.pair(listener)), ("crlfile", self.lists(listener))] {
                let Some(value) = listener.options.last(key) else { continue };
                let path = self.subject.resolve(&value.text);
                for finding in findings {
                    let one = (path.clone(), finding);
                    if !found.contains(&one) {
                        found.push(one);
                    }
                }
            }
        }
        if self.reading.series == Series::V20 {
            found.extend(self.dropped_users());
        }
        found
    }

    fn pair(&self, listener: &Listener) -> Vec<Finding> {
        let certificates = self.certificates(listener, "certfile");
        let Some((leaf, rest)) = certificates.split_first() else { return Vec::new() };
        let own = self.own(layout::CA_CERT);
        let others: Vec<Certificate> = self.issuers().into_iter().map(|(issuer, _)| issuer).collect();
        let case = Case { intermediates: rest, trust: &own, others: &others, ..Case::new(leaf, As::Server, self.now) };
        let counts = |finding: &Finding| finding.severity == Severity::Invalid && OF_THE_PAIR.contains(&finding.code);
        verify::judge(&case).into_iter().filter(counts).collect()
    }

    /// Whether there is a current list of each authority that issued certificates which are in use.
    fn lists(&self, listener: &Listener) -> Vec<Finding> {
        let asks = listener.options.is_true("require_certificate");
        let Some(value) = listener.options.last("crlfile").filter(|_| asks && !is_stuck(listener, self.reading.series))
        else {
            return Vec::new();
        };
        let read = self.subject.revocation_lists(&self.subject.resolve(&value.text));
        let lists: &[Crl] = match read.as_deref() {
            Some(Ok(lists)) => lists,
            _ => return Vec::new(),
        };
        let trust = self.certificates(listener, "cafile");
        let ours: Vec<Certificate> = self
            .issuers()
            .into_iter()
            .filter(|(_, root)| trust.iter().any(|trusted| trusted.der == root.der))
            .map(|(issuer, _)| issuer)
            .collect();
        // authorities of somebody else: which of them issues is not known here
        if ours.is_empty() {
            let judged = lists.iter().map(|list| verify::judge_crl(list, &trust, self.now, Duration::ZERO));
            return judged.flatten().filter(|finding| finding.severity == Severity::Invalid).take(1).collect();
        }
        ours.iter().filter_map(|issuer| self.list_of(issuer, lists)).collect()
    }

    /// What is wrong with the lists of one authority.
    fn list_of(&self, issuer: &Certificate, lists: &[Crl]) -> Option<Finding> {
        let mut of_it: Vec<&Crl> = lists.iter().filter(|list| list.is_named_by(issuer)).collect();
        // its own before those of another one of the same name
        of_it.sort_by_key(|list| !list.signed_by(issuer));
        if of_it.is_empty() {
            let message = format!(
                "it has no revocation list of `{}`: the broker would refuse every client of that authority",
                issuer.title()
            );
            return Some(Finding::invalid("crl-missing", message).hint("write them anew: mqsec crl renew"));
        }
        let wrong = |list: &&Crl| {
            let findings = verify::judge_crl(list, std::slice::from_ref(issuer), self.now, Duration::ZERO);
            findings.into_iter().find(|finding| finding.severity == Severity::Invalid)
        };
        let judged: Vec<Option<Finding>> = of_it.iter().map(wrong).collect();
        if judged.iter().any(Option::is_none) {
            return None;
        }
        let finding = judged.into_iter().flatten().next()?;
        Some(Finding { hint: Some("write it anew: mqsec crl renew".to_owned()), ..finding })
    }

    /// 2.0 drops the users of lines that it cannot read, and goes on.
    fn dropped_users(&self) -> Vec<(String, Finding)> {
        let paths = self.subject.password_files().into_iter();
        paths
            .filter_map(|path| {
                let reading = passwd::read(self.subject.folder.bytes(&path)?, Series::V20);
                let problem = reading.problems.iter().find(|problem| problem.what.ends_2_1())?;
                let message = format!("line {}: {}; the broker would drop it", problem.line, problem.what);
                let hint = "what is wrong, line by line: mqsec passwd lint";
                Some((path, Finding::invalid("passwd-line-unreadable", message).hint(hint)))
            })
            .collect()
    }

    fn certificates(&self, listener: &Listener, key: &str) -> Vec<Certificate> {
        let value = listener.options.last(key);
        let read = value.and_then(|value| self.subject.certificates(&self.subject.resolve(&value.text)));
        read.and_then(|read| read.as_ref().as_ref().ok().map(|found| found.list.clone())).unwrap_or_default()
    }

    /// The certificates of one of the folder's own files.
    fn own(&self, path: impl AsRef<std::path::Path>) -> Vec<Certificate> {
        let bytes = self.workspace.read(path).ok().flatten();
        bytes.and_then(|bytes| Certificate::all_from_pem(&bytes, "").ok()).unwrap_or_default()
    }

    /// The authorities of the folder that issued what is in use, each with its root.
    fn issuers(&self) -> Vec<(Certificate, Certificate)> {
        let of = |generation| {
            let files = layout::authority(generation);
            let root = self.own(&files.cert).into_iter().next()?;
            let issuer = self.own(&files.signing_cert).into_iter().next().unwrap_or_else(|| root.clone());
            Some((issuer, root))
        };
        [Generation::Current, Generation::Old].into_iter().filter_map(of).collect()
    }
}

/// The path of a file that is not there.
fn missing(cause: &Cause) -> Option<&str> {
    match cause {
        Cause::File { path, why: Why::Unreadable(Unreadable::Missing), .. }
        | Cause::Plugin { path, why: Why::Unreadable(Unreadable::Missing) }
        | Cause::Certificate { path, why: Why::Unreadable(Unreadable::Missing) }
        | Cause::Key { path, why: Why::Unreadable(Unreadable::Missing) }
        | Cause::Authorities { path, why: Why::Unreadable(Unreadable::Missing) }
        | Cause::Crl { path, why: Why::Unreadable(Unreadable::Missing) } => Some(path),
        _ => None,
    }
}

/// The code of what is wrong, and the next step.
fn code(cause: &Cause) -> (&'static str, &'static str) {
    const CHECK: &str = "what is wrong, and what to do: mqsec conf check";
    match cause {
        Cause::Line { key: "acl_file", .. } => ("acl-file-broken", "what is wrong, line by line: mqsec acl lint"),
        Cause::Line { key: "password_file", .. } => {
            ("passwd-line-unreadable", "what is wrong, line by line: mqsec passwd lint")
        }
        Cause::File { why: Why::Unreadable(_) | Why::Link, .. }
        | Cause::Certificate { why: Why::Unreadable(_), .. }
        | Cause::Key { why: Why::Unreadable(_), .. }
        | Cause::Authorities { why: Why::Unreadable(_), .. }
        | Cause::Crl { why: Why::Unreadable(_), .. } => {
            ("broker-file-unreadable", "see whose it must be, and mend it: mqsec doctor --only files")
        }
        Cause::KeyMismatch { .. } => {
            ("key-mismatch", "put the pair back that was issued together, or issue it anew: mqsec broker-cert")
        }
        Cause::Key { why: Why::Encrypted, .. } => ("key-encrypted", "give the broker a key without a passphrase"),
        Cause::Key { .. } => ("key-unreadable", "put the key back, or issue the pair anew: mqsec broker-cert"),
        Cause::Certificate { why: Why::KeyTooSmall(_), .. } => {
            ("certificate-weak-key", "issue the pair anew: mqsec broker-cert")
        }
        Cause::Certificate { why: Why::SignatureTooWeak(_), .. } => {
            ("certificate-weak-signature", "issue the pair anew: mqsec broker-cert")
        }
        Cause::Certificate { .. } => ("certificate-damaged", "issue the pair anew: mqsec broker-cert"),
        Cause::Authorities { .. } => ("certificate-damaged", "let mqsec write the authorities anew: mqsec up"),
        Cause::Crl { .. } => ("crl-unreadable", "write the list anew: mqsec crl renew"),
        _ => ("conf-would-not-start", CHECK),
    }
}
