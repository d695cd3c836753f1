//! What the broker did, line by line, beside what was expected.

use serde_json::Value;
use serde_json::json;

use super::ask::Seen;
use super::plan::Asked;
use super::plan::Plan;
use crate::error::printable;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::paint;

pub(super) struct Proven {
    pub(super) plan: Plan,
    pub(super) answers: Vec<Seen>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Agrees,
    Differs,
    Open,
}

fn verdict(asked: &Asked, seen: &Seen) -> Verdict {
    let allowed = match seen {
        Seen::Allowed(_) => true,
        Seen::Denied(_) => false,
        Seen::Unproven(_) => return Verdict::Open,
    };
    // where the series differ, the broker says which one it is
    if asked.expected.is_none_or(|expected| expected == allowed) { Verdict::Agrees } else { Verdict::Differs }
}

impl Proven {
    fn rows(&self) -> impl Iterator<Item = (&Asked, &Seen, Verdict)> {
        let both = self.plan.questions.iter().zip(&self.answers);
        both.map(|(asked, seen)| (asked, seen, verdict(asked, seen)))
    }

    fn count(&self, wanted: Verdict) -> usize {
        self.rows().filter(|(.., verdict)| *verdict == wanted).count()
    }
}

fn words(seen: &Seen) -> (&'static str, &str) {
    match seen {
        Seen::Allowed(how) => ("may", how),
        Seen::Denied(how) => ("may not", how),
        Seen::Unproven(why) => ("not provable, because", why),
    }
}

impl Report for Proven {
    fn text(&self, _fancy: bool) -> String {
        let row = |(asked, seen, verdict): (&Asked, &Seen, Verdict)| {
            let mark = match verdict {
                Verdict::Agrees => paint(Tone::Good, "ok"),
                Verdict::Differs => paint(Tone::Bad, "NO"),
                Verdict::Open => paint(Tone::Warn, "??"),
            };
            let may = if asked.expected == Some(false) { "may not" } else { "may" };
            let user = asked.user.as_deref().map_or("-".to_owned(), printable);
            let sentence = format!("{user} {may} {} {}", asked.access, printable(&asked.named));
            let (word, how) = words(seen);
            let seen = match verdict {
                Verdict::Differs => format!("the broker: {word}: {how}"),
                Verdict::Open => format!("{word} {how}"),
                Verdict::Agrees => how.to_owned(),
            };
            vec![mark, sentence, printable(&seen)]
        };
        let mut text = crate::ui::columns(&self.rows().map(row).collect::<Vec<_>>());
        for (what, why) in &self.plan.left_out {
            text.push_str(&format!("  not asked: {}: {why}\n", printable(what)));
        }
        let (agree, differ, open) =
            (self.count(Verdict::Agrees), self.count(Verdict::Differs), self.count(Verdict::Open));
        text.push_str(&format!("{agree} of {} proven as expected", self.answers.len()));
        if differ > 0 {
            text.push_str(&format!(", {differ} otherwise: has the broker read the file? mqsec up"));
        }
        if open > 0 {
            text.push_str(&format!(", {open} not provable"));
        }
        text + "\n"
    }

    fn json(&self) -> Value {
        let row = |(asked, seen, verdict): (&Asked, &Seen, Verdict)| {
            let (_, how) = words(seen);
            let allowed = match seen {
                Seen::Allowed(_) => Some(true),
                Seen::Denied(_) => Some(false),
                Seen::Unproven(_) => None,
            };
            json!({
                "user": asked.user, "access": asked.access.to_string(), "topic": asked.named, "asked_on": asked.topic,
                "line": asked.line, "expected": asked.expected, "allowed": allowed, "evidence": how,
                "agrees": (verdict != Verdict::Open).then_some(verdict == Verdict::Agrees),
            })
        };
        let rows: Vec<Value> = self.rows().map(row).collect();
        let left_out: Vec<Value> =
            self.plan.left_out.iter().map(|(what, why)| json!({ "what": what, "why": why })).collect();
        json!({
            "schema": "mqsec/acl-prove/1", "proven": self.count(Verdict::Agrees), "otherwise": self.count(Verdict::Differs),
            "not_provable": self.count(Verdict::Open), "answers": rows, "not_asked": left_out,
        })
    }

    /// 1: the broker does something else. 2: nothing is known to be wrong, and not all is proven.
    fn status(&self) -> u8 {
        match (self.count(Verdict::Differs), self.count(Verdict::Open)) {
            (0, 0) => 0,
            (0, _) => 2,
            _ => 1,
        }
    }
}
