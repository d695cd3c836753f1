//! What is to be asked: users, topics without wildcards, and what is expected.

use std::collections::BTreeSet;

use crate::acl;
use crate::acl::Access;
use crate::acl::Document;
use crate::acl::Expectation;
use crate::acl::Question;
use crate::acl::Rules;
use crate::acl::Scope;
use crate::broker::proofs;
use crate::commands::acl::file::AclFile;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::provision::users;
use crate::series::Series;

/// The level that stands for a wildcard: nobody else's topic has it.
pub(super) const LEVEL: &str = "mqsec-prove";
/// More questions than this are no proof, but a load test.
const MOST: usize = 20_000;

pub(super) struct Asked {
    pub user: Option<String>,
    pub client_id: Option<String>,
    pub access: Access,
    /// As it was named.
    pub named: String,
    /// Without wildcards.
    pub topic: String,
    /// What is expected; None where the two series of the broker differ.
    pub expected: Option<bool>,
    /// The line of the expectations, or the deciding one of the ACL file.
    pub line: Option<usize>,
}

pub(super) struct Plan {
    pub questions: Vec<Asked>,
    /// What is not asked, and why.
    pub left_out: Vec<(String, String)>,
    /// The file's rules, to find who can watch and who can send a control message.
    pub rules: Rules,
}

/// A topic that a filter covers.
pub(super) fn instance(filter: &str) -> String {
    if filter == "$SYS/#" {
        // the one that every broker has
        return "$SYS/broker/uptime".to_owned();
    }
    let level = |level: &str| if matches!(level, "+" | "#") { LEVEL.to_owned() } else { level.to_owned() };
    filter.split('/').map(level).collect::<Vec<_>>().join("/")
}

impl Plan {
    pub(super) fn of_expectations(expectations: Vec<Expectation>, file: &AclFile) -> Self {
        let asked = |expectation: Expectation| Asked {
            user: expectation.user,
            client_id: expectation.client_id,
            access: expectation.access,
            topic: instance(&expectation.topic),
            named: expectation.topic,
            expected: Some(expectation.allowed),
            line: Some(expectation.line),
        };
        // a workspace without an ACL lets everybody watch
        let open = Document::parse(
            b"topic readwrite #\ntopic readwrite $SYS/#\npattern readwrite #\npattern readwrite $SYS/#\n",
        );
        let document = if file.exists { &file.document } else { &open };
        Self {
            questions: expectations.into_iter().map(asked).collect(),
            left_out: Vec::new(),
            rules: Rules::of(document, Series::V21),
        }
    }

    /// Every user of `.env` with every topic of the file.
    pub(super) fn of_file(context: &Context<'_>, file: &AclFile, every_topic: bool) -> Result<Self, Failure> {
        let known: Vec<String> = users::env_file(&context.workspace)?
            .map(|env| env.users.iter().map(|user| user.name.to_string()).collect())
            .unwrap_or_default();
        let rules = Rules::of(&file.document, Series::V21);
        let old = Rules::of(&file.document, Series::V20);
        let mut left_out: Vec<(String, String)> = Vec::new();
        let named = rules.reading().sections.iter().map(|(_, name)| String::from_utf8_lossy(name).into_owned());
        for user in named.collect::<BTreeSet<_>>() {
            if !known.contains(&user) {
                left_out.push((format!("user `{user}`"), "its password is not in .env".to_owned()));
            }
        }
        let mut topics: BTreeSet<String> = BTreeSet::from([proofs::TOPIC.to_owned()]);
        for entry in rules.reading().entries.iter().filter(|entry| entry.scope != Scope::Pattern) {
            let topic = entry.topic();
            if !acl::is_topic(&entry.filter) || every_topic {
                topics.insert(topic);
            } else if topic != proofs::TOPIC && !left_out.iter().any(|(what, _)| *what == format!("topic `{topic}`")) {
                let why = "somebody may listen there: with --every-topic it is asked too".to_owned();
                left_out.push((format!("topic `{topic}`"), why));
            }
        }
        let mut questions = Vec::new();
        for (index, user) in known.iter().enumerate() {
            let client_id = proofs::client_id("prove");
            let other = &known[(index + 1) % known.len()];
            let patterns = rules.patterns().map(acl::Entry::topic).flat_map(|pattern| {
                let named = |user: &str| pattern.replace("%u", &acl::level(user)).replace("%c", &client_id);
                [named(user), named(other)]
            });
            let own: BTreeSet<String> =
                topics.iter().cloned().chain(patterns).filter(|topic| acl::is_filter(topic.as_bytes())).collect();
            for named in own {
                let topic = instance(&named);
                for access in [Access::Read, Access::Write] {
                    let question = Question { user: Some(user), client_id: &client_id, access, topic: &topic };
                    let (new, old) = (rules.decide(&question), old.decide(&question));
                    questions.push(Asked {
                        user: Some(user.clone()),
                        client_id: Some(client_id.clone()),
                        access,
                        named: named.clone(),
                        topic: topic.clone(),
                        expected: (new.allowed == old.allowed).then_some(new.allowed),
                        line: new.by,
                    });
                }
            }
            if questions.len() > MOST {
                return Err(Plain::new(
                    "acl-matrix-large",
                    format!("more than {MOST} questions: too many to ask a broker that serves others"),
                )
                .hint("choose some of them in a file of expectations: mqsec acl prove FILE")
                .into());
            }
        }
        Ok(Self { questions, left_out, rules })
    }
}
