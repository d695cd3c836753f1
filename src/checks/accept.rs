//! What somebody has looked at and lets stand, with the reason: a comment in the file, or a line of `.mqsec-accept`.
//!
//! `# mqsec: accept RULE-ID reason` stands on the line above the finding; a finding about the whole file is met by one
//! anywhere in it. A line of `.mqsec-accept` is `RULE-ID [PATH[:LINE]] reason`. Password files are never looked into: a
//! comment there makes `mosquitto_passwd` drop what follows.

use super::Finding;
use super::Folder;
use super::Kind;
use super::Rule;
use super::Severity;
use super::Subject;
use super::Topic;
use super::rules;

pub const FILE: &str = ".mqsec-accept";
const MARK: &str = "mqsec: accept";

/// Rules of the engine itself: they look at findings, not at files.
pub const WITHOUT_REASON: Rule = Rule {
    id: "accept-without-reason",
    topic: Topic::Environment,
    severity: Severity::Warning,
    title: "a finding is accepted without a reason",
    why: "Whoever reads it next cannot tell whether the reason still holds. The finding is told as before.",
    fix: "write the reason behind the rule's id: `# mqsec: accept RULE-ID because …`",
    source: "mqsec's own form",
    check: |_, _| {},
    mend: None,
    fires: &[],
    quiet: &[],
};

pub const UNUSED: Rule = Rule {
    id: "accept-unused",
    topic: Topic::Environment,
    severity: Severity::Note,
    title: "an acceptance matches no finding",
    why: "What it accepted is gone, or stands elsewhere; left there, it hides the next finding of that kind.",
    fix: "remove the line; or move it above the line that it is about",
    source: "mqsec's own form",
    check: |_, _| {},
    mend: None,
    fires: &[],
    quiet: &[],
};

struct Acceptance {
    rule: String,
    reason: String,
    /// Where it stands.
    path: String,
    line: usize,
    /// What it is about: a file (none: every one), and a line of it.
    about: Option<String>,
    about_line: Option<usize>,
    used: bool,
}

/// A finding that somebody accepted, and why.
pub struct Accepted {
    pub finding: Finding,
    pub reason: String,
    /// Whether the acceptance stands in the file itself.
    pub in_source: bool,
}

/// Parts the findings into those that stand and those that are accepted, and tells what is wrong with the acceptances.
/// `ran` says whether a rule was asked at all.
pub fn part(subject: &Subject, findings: Vec<Finding>, ran: &dyn Fn(&str) -> bool) -> (Vec<Finding>, Vec<Accepted>) {
    let mut all = gather(subject);
    let (mut standing, mut accepted) = (Vec::new(), Vec::new());
    for finding in findings {
        let found = all.iter_mut().find(|one| one.rule == finding.rule && one.is_about(&finding));
        match found {
            Some(one) => {
                one.used = true;
                if one.reason.is_empty() {
                    standing.push(finding);
                } else {
                    let (reason, in_source) = (one.reason.clone(), one.path != FILE);
                    accepted.push(Accepted { finding, reason, in_source });
                }
            }
            None => standing.push(finding),
        }
    }
    for one in &all {
        let at = |rule: &Rule, message: String, hint: &str| Finding {
            rule: rule.id,
            severity: rule.severity,
            path: Some(one.path.clone()),
            line: Some(one.line),
            column: None,
            message,
            hint: Some(hint.to_owned()),
        };
        let id = &one.rule;
        if one.reason.is_empty() {
            let message = format!("`{id}` is accepted here without a reason, so it is told");
            standing.push(at(&WITHOUT_REASON, message, "write the reason behind the rule's id"));
        } else if !rules::all().any(|rule| rule.id == id) {
            let nearest = nearest(id).map(|known| format!("the nearest one: {known}"));
            let hint = nearest.unwrap_or_else(|| "list them: mqsec doctor --list".to_owned());
            standing.push(at(&UNUSED, format!("there is no rule `{id}` to accept"), &hint));
        } else if !one.used && ran(id) {
            let message = format!("`{id}` finds nothing here that could be accepted");
            standing.push(at(&UNUSED, message, "remove the line, or move it above the line that it is about"));
        }
    }
    super::sort(&mut standing);
    (standing, accepted)
}

/// The known id that is spelled most like this one.
pub fn nearest(id: &str) -> Option<&'static str> {
    let known = rules::all().map(|rule| rule.id);
    known
        .map(|known| (strsim::jaro_winkler(known, id), known))
        .filter(|(near, _)| *near > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

impl Acceptance {
    fn is_about(&self, finding: &Finding) -> bool {
        let same_file = self.about.is_none() || self.about == finding.path;
        let same_line = match (self.about_line, finding.line) {
            (Some(wanted), Some(line)) => wanted == line,
            (Some(_), None) => self.path != FILE,
            (None, _) => true,
        };
        same_file && same_line
    }
}

fn gather(subject: &Subject) -> Vec<Acceptance> {
    let mut all = listed(&subject.folder);
    let passwords = subject.password_files();
    for (path, file) in subject.folder.iter() {
        let readable =
            matches!(file.kind, Kind::File | Kind::Link(_)) && !path.starts_with("certs/") && !path.starts_with('/');
        if readable && !passwords.iter().any(|other| other == path) && !path.ends_with(".passwd") && path != FILE {
            in_file(path, file.bytes.as_deref().unwrap_or_default(), &mut all);
        }
    }
    all
}

/// The comments of one file. Several may stand above one line.
fn in_file(path: &str, bytes: &[u8], all: &mut Vec<Acceptance>) {
    if !bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes()) {
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().collect();
    let comment = |line: &str| Some(line.trim().strip_prefix('#')?.trim_start().strip_prefix(MARK)?.trim().to_owned());
    for (at, line) in lines.iter().enumerate() {
        let Some(rest) = comment(line) else { continue };
        let (rule, reason) = rest.split_once(char::is_whitespace).unwrap_or((&rest, ""));
        let below = lines[at + 1..].iter().position(|line| comment(line).is_none()).map(|more| at + 2 + more);
        all.push(Acceptance {
            rule: rule.to_owned(),
            reason: reason.trim().to_owned(),
            path: path.to_owned(),
            line: at + 1,
            about: Some(path.to_owned()),
            about_line: Some(below.unwrap_or(usize::MAX)),
            used: false,
        });
    }
}

/// The lines of `.mqsec-accept`.
fn listed(folder: &Folder) -> Vec<Acceptance> {
    let text = String::from_utf8_lossy(folder.bytes(FILE).unwrap_or_default()).into_owned();
    let mut all = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (rule, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let (path, number) = match word.rsplit_once(':') {
            Some((path, number)) if number.parse::<usize>().is_ok() => (path, number.parse().ok()),
            _ => (word, None),
        };
        let inner_dot = path.trim_end_matches('.').contains('.');
        let is_path = folder.file(path).is_some() || path.contains('/') || inner_dot || number.is_some();
        let (about, about_line, reason) =
            if is_path { (Some(path.to_owned()), number, after) } else { (None, None, rest) };
        let (rule, reason) = (rule.to_owned(), reason.trim().to_owned());
        all.push(Acceptance { rule, reason, path: FILE.to_owned(), line: at + 1, about, about_line, used: false });
    }
    all
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::checks::Runtime;
    use crate::series::Series;

    fn subject(files: &[(&str, &str)]) -> Subject {
        let (now, runtime) = (datetime!(2026-11-21 12:00 UTC), Runtime { uid: 1, gid: 1, container: false });
        let mut subject = Subject::new(Folder::default(), now, Series::RELEASED.to_vec(), runtime);
        for (path, text) in files {
            subject.write(path, text.as_bytes().to_vec());
        }
        subject
    }

    fn finding(path: &str, line: Option<usize>) -> Finding {
        let rule = rules::all().next().unwrap().id;
        let (severity, path, message) = (Severity::Error, Some(path.to_owned()), "x".to_owned());
        Finding { rule, severity, path, line, column: None, message, hint: None }
    }

    fn told(files: &[(&str, &str)], finding: Finding) -> (Vec<&'static str>, usize) {
        let (standing, accepted) = part(&subject(files), vec![finding], &|_| true);
        (standing.iter().map(|finding| finding.rule).collect(), accepted.len())
    }

    #[test]
    fn a_comment_accepts_what_stands_below_it() {
        let id = rules::all().next().unwrap().id;
        let text = format!("a 1\n# mqsec: accept {id} it is a test\n# mqsec: accept other-x y\nb 2\nc 3\n");
        let path = "config/mosquitto.conf";
        assert_eq!(told(&[(path, &text)], finding(path, Some(4))), (vec!["accept-unused"], 1));
        assert_eq!(told(&[(path, &text)], finding(path, Some(5))), (vec![id, "accept-unused", "accept-unused"], 0));
        assert_eq!(told(&[(path, &text)], finding(path, None)).1, 1);
        let bare = format!("# mqsec: accept {id}\nb 2\n");
        assert_eq!(told(&[(path, &bare)], finding(path, Some(2))), (vec![id, "accept-without-reason"], 0));
    }

    #[test]
    fn a_line_of_the_list_accepts_by_file_and_line() {
        let id = rules::all().next().unwrap().id;
        for (line, accepted) in [
            (format!("{id} it is a test"), 1),
            (format!("{id} config/x it is"), 1),
            (format!("{id} config/x:3 it is"), 1),
            (format!("{id} config/x:4 it is"), 0),
            (format!("{id} config/y it is"), 0),
            (format!("{id} config/x"), 0),
            (id.to_owned(), 0),
        ] {
            assert_eq!(told(&[(FILE, &line)], finding("config/x", Some(3))).1, accepted, "{line}");
        }
    }
}
