//! Every rule fires on its examples, stays quiet on the others, and says what it is.
//!
//! One workspace is made as `up` makes it, without a broker; each example changes a copy of its snapshot. To run the
//! rules of one name: `MQSEC_RULES=acl- cargo test --test it doctor::examples`.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use mqsec::checks;
use mqsec::checks::Example;
use mqsec::checks::Folder;
use mqsec::checks::Rule;
use mqsec::checks::Runtime;
use mqsec::checks::Subject;
use mqsec::checks::rules;
use mqsec::provision::configuration::Wish;
use mqsec::provision::setup;
use mqsec::series::Series;
use mqsec::snapshot;
use mqsec::workspace::Transaction;
use mqsec::workspace::Workspace;
use time::OffsetDateTime;

use crate::support::Sandbox;

struct Fresh {
    folder: Folder,
    now: OffsetDateTime,
    root: String,
    runtime: Runtime,
}

impl Fresh {
    fn subject(&self, container: bool, targets: &[Series]) -> Subject {
        let runtime = Runtime { container, ..self.runtime };
        let mut subject = Subject::new(self.folder.clone(), self.now, targets.to_vec(), runtime);
        subject.root.clone_from(&self.root);
        subject.group_named = Some(true);
        subject
    }
}

/// The files of `up`, written by another user than root wherever that can be done.
fn fresh() -> &'static Fresh {
    static FRESH: OnceLock<Fresh> = OnceLock::new();
    FRESH.get_or_init(|| {
        let sandbox = Sandbox::new();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&sandbox.dir, Some(1000), Some(1000)).unwrap();
        }
        let workspace = Workspace::at(sandbox.dir.clone());
        let now = OffsetDateTime::now_utc();
        let mut change = Transaction::begin(&workspace).unwrap();
        setup::complete(&mut change, &["broker.example".parse().unwrap()], &Wish::default(), now).unwrap();
        change.commit().unwrap();
        workspace.make_dir("log").unwrap();
        workspace.make_dir("data").unwrap();
        workspace.give_to_broker().unwrap();
        let subject = snapshot::take(&workspace, now, Series::RELEASED.to_vec());
        assert!(subject.runtime.container, "a compose file and no other engine is a container");
        Fresh { folder: subject.folder, now, root: subject.root, runtime: subject.runtime }
    })
}

fn chosen() -> Vec<&'static Rule> {
    let wanted = std::env::var("MQSEC_RULES").unwrap_or_default();
    rules::all().filter(|rule| rule.id.starts_with(&wanted)).collect()
}

fn told(rule: &Rule, example: &Example) -> Vec<checks::Finding> {
    let mut subject = fresh().subject(false, Series::RELEASED);
    for change in example.changes {
        change.apply(&mut subject);
    }
    rule.run(&subject)
}

#[test]
fn every_rule_fires_on_its_examples() {
    let mut silent = Vec::new();
    for rule in chosen() {
        assert!(!rule.fires.is_empty(), "{} has no example that fires", rule.id);
        for example in rule.fires {
            let findings = told(rule, example);
            if findings.is_empty() {
                silent.push(format!("{}: {}", rule.id, example.name));
            }
            for finding in findings {
                assert!(!finding.message.is_empty() && !finding.message.ends_with('.'), "{finding:?}");
                assert!(finding.line.is_none() || finding.path.is_some(), "{finding:?}");
                assert!(finding.line != Some(0) && finding.column != Some(0), "{finding:?}");
            }
        }
    }
    assert!(silent.is_empty(), "these stay quiet: {silent:#?}");
}

#[test]
fn every_rule_stays_quiet_on_its_others() {
    let mut loud = Vec::new();
    for rule in chosen() {
        assert!(!rule.quiet.is_empty(), "{} has no example on which it stays quiet", rule.id);
        for example in rule.quiet {
            if let Some(finding) = told(rule, example).first() {
                loud.push(format!("{}: {}: {finding:?}", rule.id, example.name));
            }
        }
    }
    assert!(loud.is_empty(), "these fire: {loud:#?}");
}

#[test]
fn a_fresh_workspace_has_no_findings() {
    let targets: [&[Series]; 3] = [Series::RELEASED, &[Series::V20], &[Series::V21]];
    for (container, targets) in [true, false].into_iter().flat_map(|c| targets.map(|targets| (c, targets))) {
        let findings = checks::run(rules::all(), &fresh().subject(container, targets));
        assert!(findings.is_empty(), "container: {container}, for {targets:?}: {findings:#?}");
    }
}

#[test]
fn no_rule_falls_over_what_is_missing_or_strange() {
    let all: Vec<String> = fresh().folder.iter().map(|(path, _)| path.to_owned()).collect();
    let rubbish: [&[u8]; 4] = [b"", b"\0\xff\xfe\x80", b"\xef\xbb\xbf# x\r\n\tx: [", &[b'x'; 70_000]];
    for path in &all {
        let mut subject = fresh().subject(true, Series::RELEASED);
        subject.folder.remove(path);
        checks::run(chosen(), &subject);
        for bytes in rubbish {
            let mut subject = fresh().subject(false, Series::RELEASED);
            if let Some(file) = subject.folder.file_mut(path).filter(|file| file.bytes.is_some()) {
                file.bytes = Some(bytes.to_vec());
                checks::run(chosen(), &subject);
            }
        }
    }
    checks::run(chosen(), &Subject::new(Folder::default(), fresh().now, Vec::new(), fresh().runtime.clone()));
}

#[test]
fn every_rule_says_what_it_is() {
    let mut ids = BTreeSet::new();
    for rule in rules::all() {
        let id = rule.id;
        assert!(ids.insert(id), "`{id}` is twice there");
        assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{id}");
        assert!(id.starts_with(rule.topic.prefix()), "`{id}` does not begin with {}", rule.topic.prefix());
        for (what, text, most) in
            [("title", rule.title, 100), ("why", rule.why, 700), ("fix", rule.fix, 500), ("source", rule.source, 400)]
        {
            let length = text.chars().count();
            assert!((8..=most).contains(&length), "{id}: {what} has {length} characters, 8 to {most} are allowed");
            assert_eq!(text, text.trim(), "{id}: {what}");
        }
        assert!(!rule.title.ends_with('.'), "{id}: a title has no full stop");
        let named = rule.fires.iter().chain(rule.quiet).all(|example| !example.name.is_empty());
        assert!(named, "{id}: an example without a name");
    }
}
