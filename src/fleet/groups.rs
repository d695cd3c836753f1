//! What the devices of a group may do: a file of ACL lines below `group NAME`, with `{name}` and `{user}` to be filled in.
//!
//! ```text
//! group sensors
//! topic write sensors/{name}/#
//! topic read commands/{name}
//! ```

use std::collections::HashMap;

use super::list::Problem;
use super::row::Topic;
use super::topics::Template;
use crate::error::Diagnose;
use crate::error::printable;

/// The groups, by name.
#[derive(Debug, Default)]
pub struct Groups {
    by_name: HashMap<String, Vec<Template<'static>>>,
}

/// What is wrong with a file of groups, by line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {} of the groups: {}", wrong[0].0, wrong[0].1)]
pub struct GroupsError {
    wrong: Vec<(usize, String)>,
}

impl Diagnose for GroupsError {
    fn code(&self) -> &'static str {
        "fleet-groups-invalid"
    }

    fn details(&self) -> Vec<String> {
        const MOST: usize = 50;
        let mut lines: Vec<String> =
            self.wrong.iter().skip(1).take(MOST).map(|(line, what)| format!("line {line}: {what}")).collect();
        if self.wrong.len() > MOST + 1 {
            lines.push(format!("and {} more", self.wrong.len() - MOST - 1));
        }
        lines
    }

    fn hints(&self) -> Vec<String> {
        vec!["below a line `group NAME` belong lines such as: topic write sensors/{name}/#".to_owned()]
    }
}

impl Groups {
    pub fn parse(bytes: &[u8]) -> Result<Self, GroupsError> {
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let mut groups = Self::default();
        let mut wrong = Vec::new();
        let mut current: Option<String> = None;
        for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let read = match std::str::from_utf8(line) {
                Ok(text) => groups.line(text.trim(), &mut current),
                Err(_) => Err(Problem::new("the line is not UTF-8")),
            };
            if let Err(Problem(what)) = read {
                wrong.push((at + 1, what));
            }
        }
        if wrong.is_empty() { Ok(groups) } else { Err(GroupsError { wrong }) }
    }

    fn line(&mut self, text: &str, current: &mut Option<String>) -> Result<(), Problem> {
        if text.is_empty() || text.starts_with('#') {
            return Ok(());
        }
        let (word, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        let rest = rest.trim();
        match word {
            "group" => {
                let name = rest.to_owned();
                // what is wrong with it is told once; the lines below are held to the rest
                *current = Some(name.clone());
                if name.is_empty() || name.contains([' ', '\t', ';', ',', '"']) || name.contains(char::is_control) {
                    return Err(Problem(format!("`{}` is no name of a group: one word is", printable(&name))));
                }
                match self.by_name.insert(name.clone(), Vec::new()) {
                    None => Ok(()),
                    Some(_) => Err(Problem(format!("the group `{name}` stands there twice"))),
                }
            }
            "topic" => {
                let template = Template::parse(rest)?;
                // with plain names, so that a filter that never fits is told here and not for each device
                template.fill("name", "user")?;
                match current.as_ref() {
                    None => Err(Problem::new("a topic in front of the first `group NAME`")),
                    Some(name) => {
                        self.by_name.entry(name.clone()).or_default().push(template.into_owned());
                        Ok(())
                    }
                }
            }
            "pattern" => Err(Problem::new(
                "a `pattern` is every client's, whatever its group: write `topic`, with {user} for %u and {name} for %c",
            )),
            "user" => Err(Problem::new("a `user` has no place among groups: its topics stand in the list")),
            _ => Err(Problem(format!("`{}` is neither `group` nor `topic`", printable(word)))),
        }
    }

    pub fn has(&self, group: &str) -> bool {
        self.by_name.contains_key(group)
    }

    /// In the order of their names.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.by_name.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The lines of a group for one device; nothing where there is no such group.
    pub fn topics(&self, group: &str, name: &str, user: &str) -> Option<Vec<Topic>> {
        // what does not fit this device was told when its row was checked
        self.filled(group, name, user)?.ok()
    }

    pub(super) fn filled(&self, group: &str, name: &str, user: &str) -> Option<Result<Vec<Topic>, Problem>> {
        Some(self.by_name.get(group)?.iter().map(|template| template.fill(name, user)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acl::Grant;
    use crate::fleet::list::Form;

    const FILE: &str =
        "\u{feff}# the groups\r\ngroup sensors\r\n  topic write s/{name}/#\r\ntopic c/{user}\n\ngroup empty\n";

    #[test]
    fn a_group_s_topics_are_filled_in() {
        let groups = Groups::parse(FILE.as_bytes()).unwrap();
        let topic = |grant, filter: &str| Topic { grant, filter: filter.to_owned() };
        let expected = vec![topic(Grant::Write, "s/a/#"), topic(Grant::ReadWrite, "c/b")];
        assert_eq!(groups.topics("sensors", "a", "b"), Some(expected));
        assert_eq!(groups.topics("empty", "a", "b"), Some(Vec::new()));
        assert_eq!(groups.topics("others", "a", "b"), None);
        assert_eq!(groups.names(), ["empty", "sensors"]);
    }

    #[test]
    fn wrong_lines_are_told_by_their_numbers() {
        let file = "topic a\ngroup a b\ngroup x\ngroup x\ntopic b/#/c\npattern read %u/#\nuser a\ntopics a\ngroup\ntopic {id}\n";
        let error = Groups::parse(file.as_bytes()).unwrap_err();
        let lines: Vec<usize> = error.wrong.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 2, 4, 5, 6, 7, 8, 9, 10]);
        assert!(error.to_string().starts_with("line 1 of the groups: a topic in front of"), "{error}");
        assert!(error.details()[3].contains("write `topic`, with {user} for %u"), "{:?}", error.details());
        assert!(Groups::parse(b"group a\ntopic \xff\n").is_err());
    }

    #[test]
    fn a_row_is_held_to_its_groups() {
        let groups = Groups::parse(FILE.as_bytes()).unwrap();
        let form = Form::detect(b"name,groups,topics\n", None).unwrap().form;
        let check = |line: &str| {
            let row = form.row(line.as_bytes()).unwrap().unwrap();
            row.check(&groups, Default::default()).map(|()| row.all_topics(&groups).len()).map_err(|problem| problem.0)
        };
        assert_eq!(check("a,sensors empty,read x"), Ok(3));
        assert!(check("a,sensor,").unwrap_err().contains("no group `sensor` in the file of --groups (empty, sensors)"));
        assert!(check("a+b,sensors,").unwrap_err().contains("cannot be filled in with `a+b`"));
    }
}
