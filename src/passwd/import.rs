//! Users from elsewhere: lines of `user:password` or `user:HASH`, as other people's files have them.

use std::collections::HashMap;

use super::Fault;
use super::Form;
use super::Hash;
use super::UserName;
use crate::secret::Secret;
use crate::series::Series;

/// What a file had for a user.
#[derive(Clone, Debug)]
pub enum Given {
    Password(Secret),
    /// One that Mosquitto itself reads; it is kept as it is.
    Hash(Hash),
}

#[derive(Clone, Debug)]
pub struct Newcomer {
    pub name: UserName,
    pub given: Given,
    pub line: usize,
}

/// A line that cannot be taken over; never with a password in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub line: usize,
    pub what: String,
    /// The password itself is needed, since nothing but it gives another hash.
    pub foreign: bool,
}

#[derive(Debug, Default)]
pub struct Import {
    pub users: Vec<Newcomer>,
    pub refused: Vec<Refused>,
}

/// Reads the lines. With `plain` everything behind the first colon is a password, even if it looks like a hash.
pub fn import(bytes: &[u8], plain: bool) -> Import {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let mut import = Import::default();
    let mut first: HashMap<String, usize> = HashMap::new();
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let number = at + 1;
        if line.starts_with(b"#") || line.trim_ascii().is_empty() {
            continue;
        }
        match newcomer(line, number, plain) {
            Err((what, foreign)) => import.refused.push(Refused { line: number, what, foreign }),
            Ok(user) => match first.get(user.name.as_str()) {
                Some(first) => {
                    let what = format!("the user `{}` stands in line {first} already", user.name);
                    import.refused.push(Refused { line: number, what, foreign: false });
                }
                None => {
                    first.insert(user.name.to_string(), number);
                    import.users.push(user);
                }
            },
        }
    }
    import
}

fn newcomer(line: &[u8], number: usize, plain: bool) -> Result<Newcomer, (String, bool)> {
    let wrong = |what: &str| (what.to_owned(), false);
    let line = std::str::from_utf8(line).map_err(|_| wrong("the line is not UTF-8"))?;
    let line = line.strip_suffix('\r').unwrap_or(line);
    let (name, rest) = line.split_once(':').ok_or_else(|| wrong("there is no colon between a user and a password"))?;
    let name = UserName::parse(name.trim_ascii()).map_err(|error| (error.to_string(), false))?;
    let user = |what: String, foreign| (format!("the user `{name}` {what}"), foreign);
    let hash = rest.split(':').next().unwrap_or_default().trim_ascii();
    let given = match Form::of(hash.as_bytes()) {
        _ if rest.is_empty() => return Err(user("has no password".to_owned(), false)),
        _ if plain => Given::Password(Secret::new(rest)),
        Form::Mosquitto => {
            let decoded = [Series::V20, Series::V21].map(|series| Hash::decode(hash.as_bytes(), series));
            let [old, new] = decoded;
            Given::Hash(old.or(new).map_err(|fault| user(fault.to_string(), true))?)
        }
        Form::Plain if rest.contains('\0') => return Err(user("has a NUL byte in the password".to_owned(), false)),
        Form::Plain | Form::Empty if rest.len() > 65535 => {
            return Err(user(format!("has a password of {} bytes; MQTT allows 65535", rest.len()), false));
        }
        Form::Plain | Form::Empty => Given::Password(Secret::new(rest)),
        Form::Unknown => {
            let what = "has something that begins with `$` and is no hash of Mosquitto's (a password? then: --plain)";
            return Err(user(what.to_owned(), false));
        }
        form => return Err(user(Fault::Kind(form).to_string(), true)),
    };
    Ok(Newcomer { name, given, line: number })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "$7$101$uqlEjUl/QvvS6PRi$mE1WdCbrVlhO7xxEE8N2hdawlP20N+z3E6LTSD5vhGvFXTaUJPtlZgd3km/ByXe0l6Bkk4z0RNAFh5g3imDPwg==";

    #[test]
    fn passwords_and_hashes_are_told_apart() {
        let text = format!("\u{feff}# users\r\na:p:a ss\r\nb:{OLD}:x\r\n\r\nc: y ");
        let import = import(text.as_bytes(), false);
        assert_eq!(import.refused, []);
        let told = |user: &Newcomer| match &user.given {
            Given::Password(password) => format!("{}={}={}", user.line, user.name, password.expose()),
            Given::Hash(hash) => format!("{}={}={hash}", user.line, user.name),
        };
        let told: Vec<_> = import.users.iter().map(told).collect();
        assert_eq!(told, ["2=a=p:a ss".to_owned(), format!("3=b={OLD}"), "5=c= y ".to_owned()]);
    }

    #[test]
    fn what_cannot_be_taken_is_told_by_its_line_and_without_secrets() {
        let text = "good:x\nno colon\n:x\na:\nb:$2y$05$abc\nc:PBKDF2$sha512$1$a$b\nd:$argon2id$v=19$x\ne:$secret\ngood:y\nf:$7$0$AAAA$AAAA\ng:$6$saltsalt$x\n";
        let mut import = import(text.as_bytes(), false);
        let lines: Vec<_> = import.refused.iter().map(|refused| refused.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        assert_eq!(import.refused.iter().filter(|refused| refused.foreign).count(), 5);
        assert!(import.refused.iter().all(|refused| !refused.what.contains("secret")));
        assert_eq!(import.users.remove(0).name.as_str(), "good");
    }

    #[test]
    fn plain_takes_everything_for_a_password() {
        let import = import(format!("a:{OLD}\nb:$secret\n").as_bytes(), true);
        assert!(import.users.iter().all(|user| matches!(user.given, Given::Password(_))));
        assert_eq!(import.users.len(), 2);
    }
}
