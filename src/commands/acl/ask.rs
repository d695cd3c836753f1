//! `mqsec acl test` and `mqsec acl why`.

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use super::file::AclFile;
use crate::acl;
use crate::acl::Access;
use crate::acl::Because;
use crate::acl::Coverage;
use crate::acl::Decision;
use crate::acl::Question;
use crate::acl::Received;
use crate::acl::Step;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::error::printable;
use crate::series::Series;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::paint;

#[derive(clap::Args)]
pub(super) struct Args {
    /// USER (or -) CLIENT_ID read|write TOPIC
    ///
    /// `-` is a client without a user name. With `read`, TOPIC may be a filter or `$share/GROUP/FILTER`: the answer is then
    /// whether all, some or none of its topics arrive, and only all is exit status 0.
    #[arg(value_names = ["USER", "CLIENT_ID", "ACCESS", "TOPIC"], num_args = 3..=4, required = true)]
    words: Vec<String>,
    /// A client without a user name; USER is left out
    #[arg(long)]
    anonymous: bool,
    /// The series to ask [default: 2.0 and 2.1]
    #[arg(long)]
    target: Option<Series>,
}

/// The question that the words ask.
fn question(args: &Args) -> Result<Question<'_>, Failure> {
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    let (user, client_id, access, topic) = match (args.anonymous, words.as_slice()) {
        (true, [client_id, access, topic]) => (None, *client_id, *access, *topic),
        (false, ["-", client_id, access, topic]) => (None, *client_id, *access, *topic),
        (false, [user, client_id, access, topic]) => (Some(*user), *client_id, *access, *topic),
        _ => {
            return Err(Plain::new("acl-question", "a question has a user, a client id, an access and a topic")
                .hint("mqsec acl test USER CLIENT_ID read|write TOPIC; `-` as USER is a client without a user name")
                .into());
        }
    };
    let access = match access {
        "read" => Access::Read,
        "write" => Access::Write,
        other => {
            return Err(Plain::new("acl-question", format!("`{}` is neither `read` nor `write`", printable(other)))
                .hint("mqsec acl test USER CLIENT_ID read|write TOPIC; who subscribes reads")
                .into());
        }
    };
    Ok(Question { user, client_id, access, topic })
}

/// What one series answers.
struct Answer {
    series: Series,
    verdict: Verdict,
    steps: Vec<Step>,
}

#[derive(PartialEq)]
enum Verdict {
    Topic(Decision),
    Filter(Box<Received>),
}

impl Verdict {
    fn is_allowed(&self) -> bool {
        match self {
            Self::Topic(decision) => decision.allowed,
            Self::Filter(received) => received.coverage == Some(Coverage::All),
        }
    }
}

pub(super) fn test(context: &Context<'_>, file: Option<&Path>, args: &Args) -> Result<u8, Failure> {
    ask(context, file, args, false)
}

pub(super) fn why(context: &Context<'_>, file: Option<&Path>, args: &Args) -> Result<u8, Failure> {
    ask(context, file, args, true)
}

fn ask(context: &Context<'_>, file: Option<&Path>, args: &Args, walk: bool) -> Result<u8, Failure> {
    let question = question(args)?;
    let is_topic = acl::is_topic(question.topic.as_bytes());
    let shared = question.access == Access::Read && question.topic.starts_with("$share/");
    let file = AclFile::must_find(context, file)?;
    let mut answers = Vec::new();
    for (series, rules) in file.rules(&Series::targets(args.target))? {
        let (decision, steps) = rules.why(&question);
        let verdict = if is_topic && !shared {
            Verdict::Topic(decision)
        } else {
            let received = match question.access {
                Access::Read => acl::received(&rules, &question),
                Access::Write => None,
            };
            Verdict::Filter(Box::new(received.ok_or_else(|| no_topic(&question))?))
        };
        answers.push(Answer { series, verdict, steps });
    }
    Ok(context.ui.report(&Told { file: &file, question, answers, walk }))
}

fn no_topic(question: &Question<'_>) -> Plain {
    let what = match question.access {
        Access::Read => "is neither a topic nor a filter",
        Access::Write => "is no topic: who publishes names one topic, without + and #",
    };
    Plain::new("acl-topic-invalid", format!("`{}` {what}", printable(question.topic)))
        .hint("one level is `a/+/b`, a whole subtree is `a/#`")
}

struct Told<'a> {
    file: &'a AclFile,
    question: Question<'a>,
    answers: Vec<Answer>,
    walk: bool,
}

impl Told<'_> {
    /// Series that answer alike, together.
    fn groups(&self) -> Vec<(Vec<Series>, &Answer)> {
        let mut groups: Vec<(Vec<Series>, &Answer)> = Vec::new();
        for answer in &self.answers {
            let alike = |other: &&mut (Vec<Series>, &Answer)| {
                other.1.verdict == answer.verdict && (!self.walk || other.1.steps == answer.steps)
            };
            match groups.iter_mut().find(alike) {
                Some(group) => group.0.push(answer.series),
                None => groups.push((vec![answer.series], answer)),
            }
        }
        groups
    }

    fn because(&self, decision: &Decision) -> String {
        decision.by.map_or_else(|| decision.because.words().to_owned(), |line| self.file.at(line))
    }

    fn verdict(&self, verdict: &Verdict) -> String {
        match verdict {
            Verdict::Topic(decision) => {
                let word = if decision.allowed { paint(Tone::Good, "allowed") } else { paint(Tone::Bad, "denied") };
                format!("{word}: {}\n", self.because(decision))
            }
            Verdict::Filter(received) => self.received(received),
        }
    }

    fn received(&self, received: &Received) -> String {
        let (tone, word) = match received.coverage {
            Some(Coverage::All) => (Tone::Good, "all topics of it arrive"),
            Some(Coverage::Some) => (Tone::Warn, "some topics of it arrive, some do not"),
            Some(Coverage::None) => (Tone::Bad, "no topic of it arrives"),
            None => (Tone::Warn, "the file has too many lines that meet here to tell for all topics"),
        };
        let mut text = format!("{}\n", paint(tone, word));
        for (what, example) in [("arrives", &received.delivered), ("does not", &received.withheld)] {
            if let Some((topic, decision)) = example {
                text.push_str(&format!("  {what}, for example: {topic}: {}\n", self.because(decision)));
            }
        }
        text
    }

    fn steps(&self, answer: &Answer) -> String {
        let user =
            self.question.user.map_or("a client without a user name".to_owned(), |user| format!("user `{user}`"));
        if answer.steps.is_empty() {
            return format!("  no line is asked for {user}\n");
        }
        let rows: Vec<Vec<String>> = answer
            .steps
            .iter()
            .map(|step| {
                let text = printable(&self.file.document.text(step.line));
                vec![step.line.to_string(), text, step.considered.words().to_owned()]
            })
            .collect();
        format!(
            "the lines for {user}, in the broker's order (deny first, then the file's; patterns last):\n{}",
            crate::ui::columns(&rows)
        )
    }

    /// What a reader should know of a refusal.
    fn note(&self) -> &'static str {
        let denied = self.answers.iter().any(|answer| !answer.verdict.is_allowed());
        match self.question.access {
            _ if !denied => "",
            Access::Read => "the broker never refuses SUBSCRIBE for this file: it grants it, and does not deliver\n",
            Access::Write => "a client of MQTT 3.1.1 is told that its message was taken; MQTT 5 says 0x87\n",
        }
    }
}

impl Report for Told<'_> {
    fn text(&self, _fancy: bool) -> String {
        let mut text = String::new();
        let groups = self.groups();
        for (series, answer) in &groups {
            if self.walk {
                text.push_str(&self.steps(answer));
            }
            text.push_str(&format!("Mosquitto {}: {}", Series::names(series), self.verdict(&answer.verdict)));
        }
        if groups.len() > 1 && !self.walk {
            text.push_str("the two series differ: see mqsec acl why\n");
        }
        text + self.note()
    }

    fn json(&self) -> Value {
        let decided = |decision: &Decision| {
            let line = decision.by.map(|line| self.file.document.text(line));
            json!({ "allowed": decision.allowed, "line": decision.by, "text": line, "because": decision.because.name() })
        };
        let example = |found: &Option<(String, Decision)>| {
            found.as_ref().map(|(topic, decision)| json!({ "topic": topic, "decision": decided(decision) }))
        };
        let answers: Vec<Value> = self
            .answers
            .iter()
            .map(|answer| {
                let mut object = match &answer.verdict {
                    Verdict::Topic(decision) => decided(decision),
                    Verdict::Filter(received) => json!({
                        "allowed": answer.verdict.is_allowed(),
                        "receives": match received.coverage {
                            Some(Coverage::All) => "all",
                            Some(Coverage::Some) => "some",
                            Some(Coverage::None) => "none",
                            None => "unknown",
                        },
                        "filter": received.filter,
                        "lines": received.lines,
                        "arrives": example(&received.delivered),
                        "withheld": example(&received.withheld),
                    }),
                };
                object["target"] = answer.series.to_string().into();
                if self.walk {
                    let step = |step: &Step| json!({ "line": step.line, "text": self.file.document.text(step.line), "considered": step.considered.words() });
                    object["steps"] = answer.steps.iter().map(step).collect();
                }
                object
            })
            .collect();
        json!({
            "schema": if self.walk { "mqsec/acl-why/1" } else { "mqsec/acl-test/1" },
            "file": self.file.shown,
            "user": self.question.user,
            "client_id": self.question.client_id,
            "access": self.question.access.to_string(),
            "topic": self.question.topic,
            "allowed": self.status() == 0,
            "answers": answers,
        })
    }

    fn status(&self) -> u8 {
        let unknown = |answer: &Answer| match &answer.verdict {
            Verdict::Topic(decision) => decision.because == Because::Stop,
            Verdict::Filter(received) => received.coverage.is_none(),
        };
        if self.answers.iter().any(unknown) {
            return 2;
        }
        u8::from(!self.answers.iter().all(|answer| answer.verdict.is_allowed()))
    }
}
