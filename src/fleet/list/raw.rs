//! What a line says, not yet held to anything, made into a row.

use std::borrow::Cow;

use zeroize::Zeroize;

use super::Problem;
use crate::error::printable;
use crate::export::Target;
use crate::fleet::row::Password;
use crate::fleet::row::Row;
use crate::fleet::row::Topic;
use crate::fleet::topics;
use crate::passwd::UserName;
use crate::pki::keys::KeyType;
use crate::pki::names::BrokerName;
use crate::pki::names::ClientName;
use crate::secret::Secret;

/// Several words of one cell.
#[derive(Debug)]
pub(super) enum Words<'a> {
    /// Divided as a cell is.
    Cell(Cow<'a, str>),
    /// An array of JSON's.
    List(Vec<Cow<'a, str>>),
}

impl Default for Words<'_> {
    fn default() -> Self {
        Self::Cell(Cow::Borrowed(""))
    }
}

impl Words<'_> {
    /// Each word, without blanks around it; in a cell they are divided by these.
    fn each(&self, dividers: &'static [char]) -> impl Iterator<Item = &str> {
        let (cell, list) = match self {
            Self::Cell(cell) => (&**cell, &[][..]),
            Self::List(list) => ("", list.as_slice()),
        };
        let list = list.iter().map(AsRef::as_ref);
        cell.split(dividers).chain(list).map(str::trim).filter(|word| !word.is_empty())
    }
}

#[derive(Default)]
pub(super) struct Raw<'a> {
    pub name: Cow<'a, str>,
    pub days: Cow<'a, str>,
    pub key_type: Cow<'a, str>,
    pub names: Words<'a>,
    pub user: Cow<'a, str>,
    pub password: Cow<'a, str>,
    /// A password that begins or ends with a blank is meant.
    pub exact: bool,
    pub generate: bool,
    pub topics: Words<'a>,
    pub profile: Cow<'a, str>,
    pub groups: Words<'a>,
}

impl Drop for Raw<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(password) = &mut self.password {
            password.zeroize();
        }
    }
}

/// The most that MQTT carries.
const LONGEST_PASSWORD: usize = 65535;
/// A hundred years.
pub(super) const MOST_DAYS: u32 = 36500;

impl Raw<'_> {
    pub(super) fn row(&self) -> Result<Row, Problem> {
        const WORDS: &[char] = &[' ', ';'];
        let told = |error: &dyn std::fmt::Display| Problem(printable(&error.to_string()));
        let name: ClientName = self.name.trim().parse().map_err(|error| told(&error))?;
        let user = match self.user.trim() {
            "" => None,
            user => Some(UserName::parse(user).map_err(|error| told(&error))?),
        };
        let names = self.names.each(WORDS).map(|name| {
            name.parse::<BrokerName>().map_err(|error| Problem(format!("`names`: {}", printable(&error.to_string()))))
        });
        let user_or_name = user.as_ref().map_or(name.as_str(), UserName::as_str);
        let topics = self.topics.each(&[';']).map(|text| topics::topic(text, name.as_str(), user_or_name));
        let row = Row {
            days: self.days()?,
            key_type: self.key_type()?,
            names: names.collect::<Result<_, _>>()?,
            password: self.password()?,
            topics: topics.collect::<Result<Vec<Topic>, _>>()?,
            profile: self.profile()?,
            groups: self.groups.each(WORDS).map(str::to_owned).collect(),
            user,
            name,
        };
        if row.needs_user() && row.user.is_none() {
            // the name is the user then
            UserName::parse(row.name.as_str()).map_err(|error| {
                Problem(format!(
                    "the device's name is its user's, and {}; give it a `user`",
                    printable(&error.to_string())
                ))
            })?;
        }
        Ok(row)
    }

    fn days(&self) -> Result<Option<u32>, Problem> {
        let text = self.days.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let days = text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
        let wrong =
            || Problem(format!("`days` is `{}`: a whole number from 1 to {MOST_DAYS} belongs there", shown(text)));
        days.ok_or_else(wrong).map(Some)
    }

    fn key_type(&self) -> Result<Option<KeyType>, Problem> {
        let text = self.key_type.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let key = KeyType::from_word(text).or_else(|| KeyType::from_word(&text.to_lowercase().replace(['-', ' '], "")));
        let wrong = || {
            Problem(format!(
                "`key_type` is `{}`: one of p256, p384, ed25519, rsa2048, rsa3072, rsa4096 belongs there",
                shown(text)
            ))
        };
        key.ok_or_else(wrong).map(Some)
    }

    fn profile(&self) -> Result<Option<Target>, Problem> {
        let text = self.profile.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let target =
            Target::from_name(text).or_else(|| Target::from_name(&text.to_lowercase().replace(['_', ' '], "-")));
        let wrong = || Problem(format!("`profile` is `{}`, which is no target of mqsec export", shown(text)));
        target.ok_or_else(wrong).map(Some)
    }

    /// Never says what the password is.
    fn password(&self) -> Result<Password, Problem> {
        let text = &*self.password;
        let blank = text.trim() != text;
        match text {
            _ if self.generate && !text.is_empty() => {
                Err(Problem::new("a password is given, and one is to be made up: only one of them is meant"))
            }
            _ if self.generate => Ok(Password::Generate),
            _ if text.trim().is_empty() && !self.exact => Ok(Password::None),
            "" => Ok(Password::None),
            "generate" => Ok(Password::Generate),
            _ if text.len() > LONGEST_PASSWORD => {
                Err(Problem(format!("the password has {} bytes; MQTT allows {LONGEST_PASSWORD}", text.len())))
            }
            // a C program's text ends at a NUL, and no tool's command line and no other list carries the rest
            _ if text.contains(char::is_control) => {
                Err(Problem::new("the password has a control character (a tab, a newline, a NUL …)"))
            }
            _ if blank && !self.exact => Err(Problem::new(
                "the password begins or ends with a blank: remove it, or put the password in quotation marks if it is meant",
            )),
            _ => Ok(Password::Given(Secret::new(text))),
        }
    }
}

/// A cell's text as it may stand in a sentence.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    printable(&short)
}
