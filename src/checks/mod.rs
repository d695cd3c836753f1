//! `doctor`: what can be wrong with a workspace, a rule a file.
//!
//! A rule is a value: what it is called, why it matters, how it is mended, where we know it from, the function that
//! looks for it in a [`Subject`], and examples of a workspace on which it fires and on which it stays quiet. The
//! examples are tests, and `docs/rules.md` is made from all of it. Nothing here opens a file or asks a clock: the
//! subject is a snapshot that the command has taken.

pub mod accept;
pub mod access;
pub mod compose;
pub mod example;
pub mod folder;
pub mod judged;
mod kept;
pub mod observation;
pub mod rules;
pub mod subject;
pub mod yaml;

pub use example::Change;
pub use example::Example;
pub use folder::File;
pub use folder::Folder;
pub use folder::Kind;
pub use subject::Runtime;
pub use subject::Subject;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing breaks.
    Note,
    /// Works today; breaks later, elsewhere, or under attack.
    Warning,
    /// Broken or open now.
    Error,
}

impl Severity {
    /// As SARIF and GitHub's annotations name it, too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What a rule is about; `passwd lint`, `acl lint`, `conf check` and `dynsec lint` run the rules of one topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    Environment,
    Files,
    Certificates,
    Revocation,
    Configuration,
    Passwords,
    Acl,
    Compose,
    Bridges,
    DynamicSecurity,
    Live,
}

impl Topic {
    pub const ALL: [Self; 11] = [
        Self::Environment,
        Self::Files,
        Self::Certificates,
        Self::Revocation,
        Self::Configuration,
        Self::Passwords,
        Self::Acl,
        Self::Compose,
        Self::Bridges,
        Self::DynamicSecurity,
        Self::Live,
    ];

    /// As `--only` takes it, and as the headings of docs/rules.md say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Files => "files",
            Self::Certificates => "certificates",
            Self::Revocation => "revocation",
            Self::Configuration => "configuration",
            Self::Passwords => "passwords",
            Self::Acl => "acl",
            Self::Compose => "compose",
            Self::Bridges => "bridges",
            Self::DynamicSecurity => "dynamic-security",
            Self::Live => "live",
        }
    }

    /// What the ids of its rules begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Environment => "env-",
            Self::Files => "file-",
            Self::Certificates => "certificate-",
            Self::Revocation => "crl-",
            Self::Configuration => "conf-",
            Self::Passwords => "passwd-",
            Self::Acl => "acl-",
            Self::Compose => "compose-",
            Self::Bridges => "bridge-",
            Self::DynamicSecurity => "dynsec-",
            Self::Live => "live-",
        }
    }
}

pub struct Rule {
    /// Kebab-case, and begins with its topic: `acl-…`, `conf-…`, `passwd-…`, `compose-…`, `env-…`, `file-…`,
    /// `certificate-…`, `crl-…`, `bridge-…`, `dynsec-…`, `live-…`.
    pub id: &'static str,
    pub topic: Topic,
    pub severity: Severity,
    /// One line: what is wrong, in the reader's terms.
    pub title: &'static str,
    /// What happens because of it.
    pub why: &'static str,
    /// What to do; commands in backquotes.
    pub fix: &'static str,
    /// Where we know it from: a measurement with its versions, an RFC's section, an issue of Mosquitto.
    pub source: &'static str,
    pub check: fn(&Subject, &mut Found<'_>),
    /// What `doctor --fix` does about it, where that is safe.
    pub mend: Option<fn(&Subject) -> Vec<Mend>>,
    pub fires: &'static [Example],
    pub quiet: &'static [Example],
}

/// A repair that loses nothing and that nobody would refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mend {
    /// Permission bits of a file or folder of the workspace.
    Mode { path: String, mode: u32 },
    /// New contents of a file of the workspace.
    Write { path: String, contents: Vec<u8> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: &'static str,
    pub severity: Severity,
    /// In the workspace, with `/`; or absolute.
    pub path: Option<String>,
    /// From 1.
    pub line: Option<usize>,
    /// From 1, in characters.
    pub column: Option<usize>,
    /// What is wrong here, with the names, numbers and dates of this very place. Lower case, no full stop at its end.
    pub message: String,
    /// The next command, or what to write instead.
    pub hint: Option<String>,
}

impl Finding {
    pub fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = Some(hint.into());
        self
    }

    /// Where one finding weighs more or less than the rule does.
    pub fn weighs(&mut self, severity: Severity) -> &mut Self {
        self.severity = severity;
        self
    }
}

/// What a rule's check hands its findings to.
pub struct Found<'a> {
    rule: &'a Rule,
    findings: Vec<Finding>,
}

impl Found<'_> {
    /// Something wrong that has no file.
    pub fn general(&mut self, message: impl Into<String>) -> &mut Finding {
        self.push(None, None, None, message.into())
    }

    /// Something wrong with a file as a whole.
    pub fn file(&mut self, path: impl Into<String>, message: impl Into<String>) -> &mut Finding {
        self.push(Some(path.into()), None, None, message.into())
    }

    /// Something wrong at a line (from 1) and a column (from 1).
    pub fn at(
        &mut self,
        path: impl Into<String>,
        line: usize,
        column: usize,
        message: impl Into<String>,
    ) -> &mut Finding {
        self.push(Some(path.into()), Some(line), Some(column), message.into())
    }

    fn push(
        &mut self,
        path: Option<String>,
        line: Option<usize>,
        column: Option<usize>,
        message: String,
    ) -> &mut Finding {
        let (rule, severity) = (self.rule.id, self.rule.severity);
        self.findings.push(Finding { rule, severity, path, line, column, message, hint: None });
        self.findings.last_mut().expect("one was pushed")
    }
}

impl Rule {
    pub fn run(&self, subject: &Subject) -> Vec<Finding> {
        let mut found = Found { rule: self, findings: Vec::new() };
        (self.check)(subject, &mut found);
        found.findings
    }
}

/// The findings of these rules, the gravest first, then by place.
pub fn run<'a>(rules: impl IntoIterator<Item = &'a Rule>, subject: &Subject) -> Vec<Finding> {
    let mut all: Vec<Finding> = rules.into_iter().flat_map(|rule| rule.run(subject)).collect();
    for finding in &mut all {
        // a file of the container's is told by its place in the workspace
        if let Some(path) = finding.path.as_ref().filter(|path| path.starts_with("/mosquitto/")) {
            finding.path = Some(subject.key_of(path));
        }
    }
    sort(&mut all);
    all
}

/// The gravest first, then by place.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        b.severity.cmp(&a.severity).then_with(|| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)))
    });
}
