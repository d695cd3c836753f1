//! What a subscription brings: SUBSCRIBE is never refused by an ACL file, and each message is asked about when it is
//! delivered. So a filter receives all, some or none of the topics that it covers.

use std::collections::BTreeSet;

use super::Because;
use super::Decision;
use super::Entry;
use super::Question;
use super::Rules;
use super::matching::Names;
use super::matching::covers;
use super::matching::expand;
use super::matching::expand_levels;
use super::matching::is_filter;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    All,
    Some,
    None,
}

/// The answer about a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// None: too many cases to try, and those that were tried agree.
    pub coverage: Option<Coverage>,
    /// A topic that is delivered, and one that is not, with what decides.
    pub delivered: Option<(String, Decision)>,
    pub withheld: Option<(String, Decision)>,
    /// The lines that decide, from 1.
    pub lines: Vec<usize>,
    /// The filter without `$share/GROUP/`.
    pub filter: String,
}

/// So many topics are tried before the answer stays open.
const MOST: usize = 20_000;

/// What `$share/GROUP/FILTER` subscribes to; None where that is no such subscription.
fn shared(filter: &str) -> Option<&str> {
    let (group, rest) = filter.strip_prefix("$share/")?.split_once('/')?;
    let fits = !group.is_empty() && !group.contains(['+', '#']) && !rest.is_empty();
    fits.then_some(rest)
}

/// What a client receives that subscribes to `question.topic`, or to which of its topics it may publish; None where that is
/// no filter.
///
/// One topic is tried for each way in which the lines can tell topics apart: at each level every name that stands there in
/// a line, and one that stands in none.
pub fn received(rules: &Rules, question: &Question<'_>) -> Option<Received> {
    let filter = if question.topic.starts_with("$share") { shared(question.topic)? } else { question.topic };
    if !is_filter(filter.as_bytes()) {
        return None;
    }
    let names = Names {
        client_id: question.client_id.as_bytes(),
        user: question.user.filter(|name| !name.is_empty()).map(str::as_bytes),
    };
    // as each series replaces the variables: a topic more is tried than one of them needs, none is left out
    let patterns =
        rules.patterns().flat_map(|entry| [expand_levels(&entry.filter, names), expand(&entry.filter, names)]);
    let filters: Vec<Vec<u8>> =
        rules.topics_of(question.user).map(|entry: &Entry| entry.filter.clone()).chain(patterns).collect();
    let filters: Vec<Vec<String>> =
        filters.iter().map(|filter| String::from_utf8_lossy(filter).split('/').map(str::to_owned).collect()).collect();
    let asked: Vec<&str> = filter.split('/').collect();
    let mut search = Search { rules, question, filter, found: Received::empty(filter), tried: 0 };
    let alive: Vec<&[String]> = filters.iter().map(Vec::as_slice).collect();
    search.level(&asked, &alive, &mut Vec::new());
    let mut found = search.found;
    found.coverage = match (&found.delivered, &found.withheld) {
        (Some(_), Some(_)) => Some(Coverage::Some),
        _ if search.tried >= MOST => None,
        (Some(_), None) => Some(Coverage::All),
        (None, _) => Some(Coverage::None),
    };
    found.lines.sort_unstable();
    found.lines.dedup();
    Some(found)
}

impl Received {
    fn empty(filter: &str) -> Self {
        Self { coverage: None, delivered: None, withheld: None, lines: Vec::new(), filter: filter.to_owned() }
    }
}

struct Search<'a> {
    rules: &'a Rules,
    question: &'a Question<'a>,
    filter: &'a str,
    found: Received,
    tried: usize,
}

impl Search<'_> {
    /// Goes on from a beginning of levels, with what is left of the filter and of the lines that still can match.
    fn level(&mut self, asked: &[&str], alive: &[&[String]], path: &mut Vec<String>) {
        if !path.is_empty() && matches!(asked, [] | ["#"]) {
            self.try_topic(&path.join("/"));
        }
        let Some((&head, tail)) = asked.split_first() else { return };
        if self.tried >= MOST || path.len() > 200 {
            return;
        }
        let open = head == "#";
        let named: BTreeSet<&str> = alive
            .iter()
            .filter_map(|rest| rest.first().map(String::as_str))
            .filter(|level| !matches!(*level, "+" | "#"))
            .collect();
        let mut options: Vec<String> = match head {
            "+" | "#" => named.iter().map(|name| (*name).to_owned()).collect(),
            literal => vec![literal.to_owned()],
        };
        if matches!(head, "+" | "#") {
            // neither + nor # covers a first level that begins with $
            options.retain(|name| !path.is_empty() || !name.starts_with('$'));
            options.push(self.stranger(&named));
        }
        for option in options {
            let next: Vec<&[String]> = alive
                .iter()
                .filter_map(|rest| match rest {
                    [only] if only == "#" => Some(*rest),
                    [first, rest @ ..] if first == "+" || *first == option => Some(rest),
                    _ => None,
                })
                .collect();
            path.push(option);
            let deeper = if open { asked } else { tail };
            let settled = open && next.iter().all(|rest| matches!(*rest, [only] if only == "#"));
            if settled {
                self.try_topic(&path.join("/"));
                path.push(self.stranger(&BTreeSet::new()));
                self.try_topic(&path.join("/"));
                path.pop();
            } else {
                self.level(deeper, &next, path);
            }
            path.pop();
        }
    }

    /// A name that no line has at this place.
    fn stranger(&self, named: &BTreeSet<&str>) -> String {
        (0..)
            .map(|n| if n == 0 { "any".to_owned() } else { format!("any{n}") })
            .find(|name| !named.contains(&**name))
            .unwrap_or_default()
    }

    fn try_topic(&mut self, topic: &str) {
        if covers(self.filter.as_bytes(), topic.as_bytes(), None) != Ok(true) {
            return;
        }
        self.tried += 1;
        let decision = self.rules.decide(&Question { topic, ..*self.question });
        if decision.because == Because::NotATopic {
            return;
        }
        self.found.lines.extend(decision.by);
        let place = if decision.allowed { &mut self.found.delivered } else { &mut self.found.withheld };
        place.get_or_insert_with(|| (topic.to_owned(), decision));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acl::Access;
    use crate::acl::Document;
    use crate::series::Series;

    fn ask(text: &str, filter: &str) -> Option<(Coverage, Vec<usize>)> {
        let rules = Rules::of(&Document::parse(text.as_bytes()), Series::V21);
        let question = Question { user: Some("bob"), client_id: "c", access: Access::Read, topic: filter };
        received(&rules, &question).map(|found| (found.coverage.unwrap(), found.lines))
    }

    #[test]
    fn all_some_or_none() {
        let text =
            "user bob\ntopic read a/#\ntopic deny a/+/secret\ntopic read b/+/c\ntopic write w\npattern read u/%u/#\n";
        for (filter, expected, lines) in [
            ("a/#", Coverage::Some, vec![2, 3]),
            ("a", Coverage::All, vec![2]),
            ("a/x/secret", Coverage::None, vec![3]),
            ("a/x/+", Coverage::Some, vec![2, 3]),
            ("a/+", Coverage::All, vec![2]),
            ("b/+/c", Coverage::All, vec![4]),
            ("b/#", Coverage::Some, vec![4]),
            ("#", Coverage::Some, vec![2, 3, 4, 6]),
            ("w", Coverage::None, vec![]),
            ("u/bob/#", Coverage::All, vec![6]),
            ("u/+", Coverage::Some, vec![6]),
            ("$SYS/#", Coverage::None, vec![]),
            ("$share/g/a/+", Coverage::All, vec![2]),
        ] {
            assert_eq!(ask(text, filter), Some((expected, lines)), "{filter}");
        }
        for bad in ["a/#/b", "$share/g", "$share//a", "$share/+/a", ""] {
            assert_eq!(ask(text, bad), None, "{bad}");
        }
        assert_eq!(ask("user bob\ntopic #\n", "#"), Some((Coverage::All, vec![2])));
        assert_eq!(ask("user bob\ntopic #\ntopic deny a/b/c/d/#\n", "#"), Some((Coverage::Some, vec![2, 3])));
        assert_eq!(ask("user bob\ntopic +\ntopic +/#\n", "#"), Some((Coverage::All, vec![2, 3])));
    }
}
