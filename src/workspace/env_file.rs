//! The `.env` file: `USER_n`/`PASS_n` pairs and `BROKER_CN`.
//!
//! dotenvy reads the values, but it truncates `PASS_1=pa$$word` to `pa` and `Strong #Pass` to `Strong` without a word,
//! and its error texts hold the whole line. So each line is first read by the letter, and a value that dotenvy would
//! read otherwise is refused with its line and the remedy; dotenvy's own errors are never shown.

use std::collections::BTreeMap;
use std::collections::HashSet;

use super::Workspace;
use super::layout;
use super::utf8;
use crate::error::Diagnose;
use crate::error::Failure;
use crate::error::Plain;
use crate::passwd::User;
use crate::passwd::UserName;
use crate::secret::Secret;

/// What mqsec takes from a `.env` file.
#[derive(Debug, Default)]
pub struct EnvFile {
    /// In the order of their numbers.
    pub users: Vec<User>,
    pub broker_cn: Option<String>,
}

/// Everything that is wrong in a `.env` file, in the order of its lines.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` line {}: {}", problems[0].line, problems[0].what)]
pub struct EnvError {
    path: String,
    problems: Vec<Problem>,
}

#[derive(Debug)]
struct Problem {
    line: usize,
    code: &'static str,
    what: String,
    remedy: String,
}

impl EnvError {
    /// Line, what is wrong there, and the remedy, for each problem.
    pub fn places(&self) -> impl Iterator<Item = (usize, &str, &str)> {
        self.problems.iter().map(|problem| (problem.line, problem.what.as_str(), problem.remedy.as_str()))
    }
}

impl Diagnose for EnvError {
    fn code(&self) -> &'static str {
        self.problems[0].code
    }

    fn details(&self) -> Vec<String> {
        self.problems.iter().skip(1).map(|problem| format!("line {}: {}", problem.line, problem.what)).collect()
    }

    fn hints(&self) -> Vec<String> {
        let mut hints: Vec<String> = Vec::new();
        for problem in &self.problems {
            if !hints.contains(&problem.remedy) {
                hints.push(problem.remedy.clone());
            }
        }
        hints
    }
}

impl EnvFile {
    pub fn parse(text: &str, path: &str) -> Result<Self, EnvError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut problems = Vec::new();
        let mut values: BTreeMap<String, (usize, Secret)> = BTreeMap::new();
        let mut unreadable: Vec<String> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line_number = number + 1;
            let Some((key, raw)) = assignment(line) else { continue };
            if !is_ours(key) {
                continue;
            }
            match value(key, raw) {
                Ok(value) => {
                    if let Some((first, _)) = values.insert(key.to_owned(), (line_number, value)) {
                        problems.push(Problem {
                            line: line_number,
                            code: "env-duplicate",
                            what: format!("`{key}` stands twice, first in line {first}"),
                            remedy: "remove one of the two lines".to_owned(),
                        });
                    }
                }
                Err((code, what)) => {
                    unreadable.push(key.to_owned());
                    problems.push(Problem {
                        line: line_number,
                        code,
                        what: format!("the value of `{key}` {what}"),
                        remedy: format!("write it in single quotes: {key}='...' (when it holds a single quote or ends with a backslash: in double quotes, with a backslash before $, \" and \\)"),
                    });
                }
            }
        }
        let mut file = Self { users: Vec::new(), broker_cn: None };
        if let Some((_, name)) = values.remove("BROKER_CN") {
            file.broker_cn = Some(name.expose().to_owned()).filter(|name| !name.is_empty());
        }
        file.users = pairs(values, &unreadable, &mut problems);
        if problems.is_empty() {
            return Ok(file);
        }
        problems.sort_by_key(|problem| problem.line);
        Err(EnvError { path: path.to_owned(), problems })
    }
}

/// Joins `USER_n` with `PASS_n`, ordered by number.
fn pairs(values: BTreeMap<String, (usize, Secret)>, unreadable: &[String], problems: &mut Vec<Problem>) -> Vec<User> {
    let number = |key: &str| key[5..].parse::<u64>().unwrap_or(u64::MAX);
    // maps, because a file may have ten thousand users
    let (names, mut passwords): (BTreeMap<_, _>, BTreeMap<_, _>) =
        values.into_iter().partition(|(key, _)| key.starts_with("USER_"));
    let mut users: Vec<(u64, User)> = Vec::new();
    let mut known: HashSet<String> = HashSet::new();
    for (key, (line, name)) in names {
        let mut problem = |code, what: String, remedy: String| problems.push(Problem { line, code, what, remedy });
        let wanted = format!("PASS_{}", &key[5..]);
        let password = passwords.remove(&wanted);
        let name = match UserName::parse(name.expose()) {
            Ok(name) => name,
            Err(error) => {
                problem("user-name-invalid", error.to_string(), format!("choose another name for `{key}`"));
                continue;
            }
        };
        if known.contains(name.as_str()) {
            problem(
                "env-duplicate",
                format!("the user `{name}` is named twice"),
                format!("remove `{key}` and `{wanted}`: one user has one password"),
            );
        }
        match password {
            // its value has been told already
            None if unreadable.contains(&wanted) => {}
            None => problem(
                "env-password-missing",
                format!("`{key}` (`{name}`) has no `{wanted}`"),
                format!("add a line: {wanted}='...'"),
            ),
            Some((_, password)) if password.expose().is_empty() => problem(
                "env-password-missing",
                format!("`{wanted}` is empty, and a broker never accepts an empty password"),
                format!("give `{wanted}` a password"),
            ),
            Some((_, password)) => {
                known.insert(name.to_string());
                users.push((number(&key), User { name, password }));
            }
        }
    }
    for (key, (line, _)) in passwords {
        let user = format!("USER_{}", &key[5..]);
        if unreadable.contains(&user) {
            continue;
        }
        problems.push(Problem {
            line,
            code: "env-user-missing",
            what: format!("`{key}` has no `{user}`"),
            remedy: format!("add a line: {user}=name"),
        });
    }
    users.sort_by_key(|(number, _)| *number);
    users.into_iter().map(|(_, user)| user).collect()
}

/// One value that is no user's: of a file that may have other mistakes.
pub fn single(workspace: &Workspace, wanted: &str) -> Result<Option<String>, Failure> {
    let Some(bytes) = workspace.read(layout::ENV)? else { return Ok(None) };
    let path = workspace.show(layout::ENV);
    let text = utf8(bytes, &path)?;
    let mut lines = text.trim_start_matches('\u{feff}').lines().filter_map(assignment);
    let Some((key, raw)) = lines.find(|(key, _)| *key == wanted) else { return Ok(None) };
    let found = value(key, raw).map_err(|(code, what)| {
        Plain::new(code, format!("`{path}`: the value of `{key}` {what}"))
            .hint(format!("write it in single quotes: {key}='...'"))
    })?;
    Ok(Some(found.expose().to_owned()))
}

fn is_ours(key: &str) -> bool {
    let numbered = key.strip_prefix("USER_").or(key.strip_prefix("PASS_"));
    key == "BROKER_CN" || numbered.is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Splits `KEY=value`; comments, blank lines and lines of another form give nothing.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    if line.starts_with('#') {
        return None;
    }
    let (key, raw) = line.split_once('=')?;
    Some((key.trim_end(), raw.trim()))
}

/// The value by the letter, where dotenvy reads the same.
fn value(key: &str, raw: &str) -> Result<Secret, (&'static str, &'static str)> {
    let secret = key.starts_with("PASS_");
    let literal = match raw.as_bytes().first() {
        Some(b'\'') => quoted_single(raw)?,
        Some(b'"') => quoted_double(raw)?,
        _ => unquoted(raw, secret)?,
    };
    let line = Secret::new(format!("{key}={raw}\n"));
    let read = dotenvy::from_read_iter(line.expose().as_bytes()).next();
    match read {
        Some(Ok((_, value))) if value == literal.expose() => Ok(literal),
        // an empty value is an answer, not an error
        None if literal.expose().is_empty() => Ok(literal),
        _ => Err(("env-value-ambiguous", "can be read in more than one way")),
    }
}

fn unquoted(raw: &str, secret: bool) -> Result<Secret, (&'static str, &'static str)> {
    const AMBIGUOUS: &str = "env-value-ambiguous";
    if raw.contains('$') {
        return Err((AMBIGUOUS, "would be cut at its `$`, which names a variable outside single quotes"));
    }
    let comment = raw.match_indices('#').find(|(at, _)| *at == 0 || raw[..*at].ends_with([' ', '\t']));
    let raw = match comment {
        Some(_) if secret => {
            return Err((AMBIGUOUS, "would be cut before its ` #`, which starts a comment outside quotes"));
        }
        Some((at, _)) => raw[..at].trim_end(),
        None => raw,
    };
    if raw.contains(['\\', '\'', '"']) {
        return Err((AMBIGUOUS, "has a quote or a backslash, which mean something outside single quotes"));
    }
    if raw.contains(char::is_whitespace) {
        return Err((AMBIGUOUS, "has a space outside quotes"));
    }
    Ok(Secret::new(raw))
}

fn quoted_single(raw: &str) -> Result<Secret, (&'static str, &'static str)> {
    match raw[1..].split_once('\'') {
        Some((inner, rest)) if only_comment(rest) => Ok(Secret::new(inner)),
        Some(_) => Err(("env-value-ambiguous", "goes on after its closing quote")),
        None => Err(("env-value-ambiguous", "has an opening quote that is not closed in its line")),
    }
}

fn quoted_double(raw: &str) -> Result<Secret, (&'static str, &'static str)> {
    let mut text = zeroize::Zeroizing::new(String::with_capacity(raw.len()));
    let mut rest = raw[1..].char_indices();
    while let Some((at, letter)) = rest.next() {
        match letter {
            '"' if only_comment(&raw[at + 2..]) => return Ok(Secret::new(text.as_str())),
            '"' => return Err(("env-value-ambiguous", "goes on after its closing quote")),
            '$' => {
                return Err(("env-value-ambiguous", "has a `$` in double quotes, where it names a variable"));
            }
            '\\' => match rest.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, escaped @ ('\\' | '"' | '$' | '\''))) => text.push(escaped),
                _ => {
                    return Err((
                        "env-value-ambiguous",
                        "has a backslash in double quotes before a letter that needs none",
                    ));
                }
            },
            _ => text.push(letter),
        }
    }
    Err(("env-value-ambiguous", "has an opening quote that is not closed in its line"))
}

fn only_comment(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(raw: &str) -> Result<String, &'static str> {
        EnvFile::parse(&format!("USER_1=u\nPASS_1={raw}\n"), ".env")
            .map(|file| file.users[0].password.expose().to_owned())
            .map_err(|error| error.code())
    }

    #[test]
    fn the_example_of_the_replaced_system_is_read() {
        let text = "# User Credentials\nUSER_1=admin\nPASS_1=StrongPassword!123\nUSER_2=client\nPASS_2=AnotherSecurePass\n\n# Broker Configuration\nBROKER_CN=mqtt.yourdomain.com  # Must match TLS cert\n";
        let file = EnvFile::parse(text, ".env").unwrap();
        assert_eq!(file.broker_cn.as_deref(), Some("mqtt.yourdomain.com"));
        let users: Vec<_> = file.users.iter().map(|u| (u.name.as_str(), u.password.expose())).collect();
        assert_eq!(users, [("admin", "StrongPassword!123"), ("client", "AnotherSecurePass")]);
    }

    #[test]
    fn what_dotenvy_would_shorten_is_refused() {
        for raw in ["pa$$word", "pa$word", "pa$1x", "x${HOME}y", "Strong #Pass", "#abc", "abc  # mine", "\"pa$word\""] {
            assert_eq!(one(raw), Err("env-value-ambiguous"), "{raw}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for raw in ["a b", "a\\b", "ab\"cd", "a'b c'd", "'open", "\"open", "'a'b", "\"a\\qb\""] {
            assert_eq!(one(raw), Err("env-value-ambiguous"), "{raw}");
        }
    }

    #[test]
    fn values_keep_every_letter() {
        for (raw, value) in [
            ("Strong#Pass", "Strong#Pass"),
            ("'pa$$word'", "pa$$word"),
            ("'Strong #Pass'", "Strong #Pass"),
            ("'a\\b \"c\"'", "a\\b \"c\""),
            ("\"it's \\$5 \\\"now\\\" \\\\\"", "it's $5 \"now\" \\"),
            ("ünïcödé!;&|()<>`", "ünïcödé!;&|()<>`"),
            ("a=b=c", "a=b=c"),
            ("'quoted' # with a comment", "quoted"),
        ] {
            assert_eq!(one(raw).as_deref(), Ok(value), "{raw}");
        }
    }

    #[test]
    fn numbers_order_the_users_and_may_have_gaps() {
        let text = "\u{feff}USER_10=ten\r\nPASS_10=x\r\nexport USER_2 = two\r\nPASS_2= y\r\nOTHER=$x\r\n";
        let names: Vec<_> =
            EnvFile::parse(text, ".env").unwrap().users.iter().map(|user| user.name.to_string()).collect();
        assert_eq!(names, ["two", "ten"]);
    }

    #[test]
    fn every_problem_is_told_with_its_line_and_without_the_password() {
        let text = "USER_1=a:b\nPASS_1=secret1\nUSER_2=x\nUSER_3=y\nPASS_3=\nPASS_4=secret4\nUSER_5=x\nPASS_5=sec$ret5\nUSER_6=z\nUSER_6=z\nPASS_6=q\n";
        let error = EnvFile::parse(text, ".env").unwrap_err();
        let told = format!("{error}\n{}\n{}", error.details().join("\n"), error.hints().join("\n"));
        for part in ["line 1", "line 3", "line 4", "line 6", "line 8", "line 10", "PASS_2", "USER_4"] {
            assert!(told.contains(part), "{part} in {told}");
        }
        assert!(!told.contains("sec$ret5") && !told.contains("secret"), "{told}");
    }
}
