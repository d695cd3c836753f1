//! YAML as a tree that knows the line and the column of everything in it.
//!
//! saphyr-parser gives events; an alias is a second reference to the same node here, so that a file of a few lines
//! cannot grow to gigabytes.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::Event;
use saphyr_parser::Parser;
use saphyr_parser::ScalarStyle;

/// Deeper nesting than this is nothing that a person wrote.
const DEEPEST: usize = 64;

#[derive(Debug)]
pub struct Node {
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub value: Value,
}

#[derive(Debug)]
pub enum Value {
    /// Its text, and whether it was quoted: `"true"` is no truth value.
    Scalar(String, bool),
    List(Vec<Rc<Node>>),
    Map(Vec<(Rc<Node>, Rc<Node>)>),
}

/// Where a file stops being YAML, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlError {
    pub line: usize,
    pub column: usize,
    pub what: String,
}

enum Open {
    List(Vec<Rc<Node>>),
    Map(Vec<(Rc<Node>, Rc<Node>)>, Option<Rc<Node>>),
}

struct Level {
    open: Open,
    anchor: usize,
    line: usize,
    column: usize,
}

/// The first document of a file; nothing where it is empty.
pub fn parse(text: &str) -> Result<Option<Rc<Node>>, YamlError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut levels, mut anchors): (Vec<Level>, HashMap<usize, Rc<Node>>) = (Vec::new(), HashMap::new());
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| YamlError {
            line: error.marker().line().max(1),
            column: error.marker().col() + 1,
            what: error.info().to_owned(),
        })?;
        let (line, column) = (span.start.line().max(1), span.start.col() + 1);
        let problem = |what: &str| YamlError { line, column, what: what.to_owned() };
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = Value::Scalar(text.into_owned(), style != ScalarStyle::Plain);
                (Rc::new(Node { line, column, value }), anchor)
            }
            Event::Alias(anchor) => (
                anchors.get(&anchor).cloned().ok_or_else(|| problem("an alias of an anchor that is not complete"))?,
                0,
            ),
            Event::SequenceStart(anchor, _) => {
                levels.push(Level { open: Open::List(Vec::new()), anchor, line, column });
                if levels.len() > DEEPEST {
                    return Err(problem("nested too deeply"));
                }
                continue;
            }
            Event::MappingStart(anchor, _) => {
                levels.push(Level { open: Open::Map(Vec::new(), None), anchor, line, column });
                if levels.len() > DEEPEST {
                    return Err(problem("nested too deeply"));
                }
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match levels.pop() {
                Some(level) => close(level),
                None => continue,
            },
            Event::DocumentEnd | Event::StreamEnd => return Ok(None),
            _ => continue,
        };
        if anchor != 0 {
            anchors.insert(anchor, Rc::clone(&node));
        }
        match levels.last_mut().map(|level| &mut level.open) {
            None => return Ok(Some(complete(text, node)?)),
            Some(Open::List(list)) => list.push(node),
            Some(Open::Map(entries, key)) => match key.take() {
                None => {
                    if let Some(name) = node.text()
                        && name != "<<"
                        && let Some((first, _)) = entries.iter().find(|(key, _)| key.text() == Some(name))
                    {
                        return Err(problem(&format!("the key `{name}` stands twice, first in line {}", first.line)));
                    }
                    *key = Some(node);
                }
                Some(key) => entries.push((key, node)),
            },
        }
    }
    Ok(None)
}

/// What follows the document must be well formed too, or compose refuses the file.
fn complete(text: &str, node: Rc<Node>) -> Result<Rc<Node>, YamlError> {
    for event in Parser::new_from_str(text) {
        event.map_err(|error| YamlError {
            line: error.marker().line().max(1),
            column: error.marker().col() + 1,
            what: error.info().to_owned(),
        })?;
    }
    Ok(node)
}

fn close(level: Level) -> (Rc<Node>, usize) {
    let value = match level.open {
        Open::List(list) => Value::List(list),
        Open::Map(entries, _) => Value::Map(merged(entries)),
    };
    (Rc::new(Node { line: level.line, column: level.column, value }), level.anchor)
}

/// `<<: *defaults` brings the entries that the map has not itself.
fn merged(entries: Vec<(Rc<Node>, Rc<Node>)>) -> Vec<(Rc<Node>, Rc<Node>)> {
    let (merges, mut own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| key.text() == Some("<<"));
    for (_, from) in merges {
        let maps = match &from.value {
            Value::List(list) => list.clone(),
            _ => vec![from],
        };
        for map in maps {
            let Value::Map(entries) = &map.value else { continue };
            for (key, value) in entries {
                if !own.iter().any(|(mine, _)| mine.text() == key.text()) {
                    own.push((Rc::clone(key), Rc::clone(value)));
                }
            }
        }
    }
    own
}

impl Node {
    /// A scalar's text.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// A plain truth value.
    pub fn truth(&self) -> Option<bool> {
        match &self.value {
            Value::Scalar(text, false) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" => Some(true),
                "false" | "no" | "off" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value of a map's key.
    pub fn at(&self, name: &str) -> Option<&Rc<Self>> {
        self.entries().find(|(key, _)| key.text() == Some(name)).map(|(_, value)| value)
    }

    pub fn entries(&self) -> impl Iterator<Item = (&Rc<Self>, &Rc<Self>)> {
        let entries = match &self.value {
            Value::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        entries.iter().map(|(key, value)| (key, value))
    }

    /// What a list holds; a scalar stands for a list of itself.
    pub fn items(self: &Rc<Self>) -> Vec<Rc<Self>> {
        match &self.value {
            Value::List(list) => list.clone(),
            Value::Scalar(text, _) if !text.is_empty() => vec![Rc::clone(self)],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_its_place() {
        let root = parse("# c\nservices:\n  mqtt:\n    image: \"a:b\"\n    ports: [1, '2']\n").unwrap().unwrap();
        let service = root.at("services").unwrap().at("mqtt").unwrap();
        let image = service.at("image").unwrap();
        assert_eq!((image.text(), image.line, image.column), (Some("a:b"), 4, 12));
        assert_eq!(service.at("ports").unwrap().items().len(), 2);
    }

    #[test]
    fn what_is_no_yaml_says_where() {
        for (text, line) in [("a: b\n c: d\n", 2), ("a: [1\n", 2), ("a: 1\na: 2\n", 2), ("a:\n\tb: 1\n", 2)] {
            let error = parse(text).unwrap_err();
            assert!(error.line.abs_diff(line) <= 1, "{text:?} {error:?}");
        }
        assert!(parse("").unwrap().is_none());
        assert!(parse("# only a comment\n").unwrap().is_none());
    }

    #[test]
    fn aliases_cost_nothing_and_merges_keep_what_is_own() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for at in 1..40 {
            bomb.push_str(&format!("a{at}: &a{at} [{}]\n", vec![format!("*a{}", at - 1); 9].join(", ")));
        }
        assert!(parse(&bomb).unwrap().is_some());
        let root = parse("x: &d {a: 1, b: 2}\ny:\n  <<: *d\n  b: 3\n").unwrap().unwrap();
        let y = root.at("y").unwrap();
        assert_eq!((y.at("a").unwrap().text(), y.at("b").unwrap().text()), (Some("1"), Some("3")));
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
