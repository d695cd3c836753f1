//! What somebody expects of a broker: `alice may write sensors/alice/#; bob may not read sensors/alice/#`.
//!
//! A sentence a line, or with `;` between; `#` in column 1 begins a comment. USER may stand in quotes, and `-` is a client
//! without a user name. `as ID` before `may` is the client id.

use super::Access;
use super::matching::is_filter;
use crate::error::Diagnose;
use crate::error::printable;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// From 1.
    pub line: usize,
    pub user: Option<String>,
    pub client_id: Option<String>,
    pub allowed: bool,
    pub access: Access,
    pub topic: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: `{text}` is no expectation: {reason}")]
pub struct ExpectationError {
    line: usize,
    text: String,
    reason: &'static str,
}

impl Diagnose for ExpectationError {
    fn code(&self) -> &'static str {
        "acl-expectation"
    }

    fn hints(&self) -> Vec<String> {
        vec![
            "write, for example: alice may write sensors/alice/#".to_owned(),
            "or: bob may not read sensors/alice/#".to_owned(),
        ]
    }
}

/// The sentences of a text, `readwrite` as two.
pub fn expectations(text: &str) -> Result<Vec<Expectation>, ExpectationError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('#') {
            continue;
        }
        for sentence in line.split(';').map(str::trim).filter(|sentence| !sentence.is_empty()) {
            let error = |reason| {
                let text = printable(sentence).chars().take(120).collect();
                ExpectationError { line: index + 1, text, reason }
            };
            found.extend(parse(sentence, index + 1).map_err(error)?);
        }
    }
    Ok(found)
}

fn parse(sentence: &str, line: usize) -> Result<Vec<Expectation>, &'static str> {
    let (user, rest) = name(sentence)?;
    let (client_id, rest) = match rest.strip_prefix("as ") {
        Some(rest) => name(rest.trim_start()).map(|(id, rest)| (Some(id.to_owned()), rest))?,
        None => (None, rest),
    };
    let rest = rest.strip_prefix("may ").ok_or("behind the user stands `may`")?.trim_start();
    let (allowed, rest) = rest.strip_prefix("not ").map_or((true, rest), |rest| (false, rest.trim_start()));
    let (word, topic) = rest.split_once(' ').ok_or("it names an access and a topic")?;
    let accesses: &[Access] = match word {
        "read" => &[Access::Read],
        "write" => &[Access::Write],
        "readwrite" => &[Access::Read, Access::Write],
        _ => return Err("the access is read, write or readwrite"),
    };
    let topic = topic.trim();
    if !is_filter(topic.as_bytes()) {
        return Err("the last part is no topic");
    }
    let user = (user != "-").then(|| user.to_owned());
    let one = |access: &Access| Expectation {
        line,
        user: user.clone(),
        client_id: client_id.clone(),
        allowed,
        access: *access,
        topic: topic.to_owned(),
    };
    Ok(accesses.iter().map(one).collect())
}

/// A word, or what stands in quotes; and what follows.
fn name(text: &str) -> Result<(&str, &str), &'static str> {
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            let (name, rest) = rest.split_once(quote).ok_or("a quote does not end")?;
            return Ok((name, rest.trim_start()));
        }
    }
    let (name, rest) = text.split_once(' ').ok_or("it begins with a user")?;
    Ok((name, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences() {
        let text = "# of the field\nalice may write sensors/alice/#; bob may not read sensors/alice/#\n\n'two words' as id-1 may readwrite a b\n- may not read $SYS/#";
        let found = expectations(text).unwrap();
        let shown: Vec<String> = found
            .iter()
            .map(|e| {
                format!(
                    "{} {:?} {:?} {} {} {}",
                    e.line,
                    e.user.as_deref(),
                    e.client_id.as_deref(),
                    e.allowed,
                    e.access,
                    e.topic
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "2 Some(\"alice\") None true write sensors/alice/#",
                "2 Some(\"bob\") None false read sensors/alice/#",
                "4 Some(\"two words\") Some(\"id-1\") true read a b",
                "4 Some(\"two words\") Some(\"id-1\") true write a b",
                "5 None None false read $SYS/#",
            ]
        );
        for wrong in [
            "alice",
            "alice write x",
            "alice may x",
            "alice may own x",
            "alice may read",
            "alice may read a#",
            "'a may read x",
        ] {
            assert!(expectations(wrong).is_err(), "{wrong}");
        }
    }
}
