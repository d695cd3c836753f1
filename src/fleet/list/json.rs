//! A line of JSON Lines. Its errors never show a value, for it may be a password.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

use super::Column;
use super::Problem;
use super::column::KNOWN;
use super::raw::Raw;
use super::raw::Words;
use super::raw::shown;

pub(super) fn read(line: &str) -> Result<Raw<'_>, Problem> {
    if !line.trim_start().starts_with('{') {
        return Err(Problem::new("no JSON object: each line is one, in braces"));
    }
    let mut deserializer = serde_json::Deserializer::from_str(line);
    let raw = deserializer.deserialize_map(Object).and_then(|raw| deserializer.end().map(|()| raw));
    raw.map_err(|error| {
        let text = error.to_string();
        // there is one line alone, whose number is told by others
        let what = text.split(" at line ").next().unwrap_or_default();
        match error.classify() {
            serde_json::error::Category::Data => Problem::new(what),
            _ => Problem(format!("no JSON (character {}): {what}", error.column())),
        }
    })
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Raw<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object a line")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw<'de>, A::Error> {
        let mut raw = Raw::default();
        raw.exact = true;
        let mut seen = 0_u16;
        while let Some(key) = map.next_key::<Value<'de>>()? {
            let key = key.text().unwrap_or_default();
            let Some(column) = Column::of(&key) else {
                return Err(Error::custom(format!(
                    "`{}` is no key of a device: {} are",
                    shown(&key),
                    KNOWN.join(", ")
                )));
            };
            let bit = 1 << column as u16;
            if seen & bit != 0 {
                return Err(Error::custom(format!("the key `{}` stands there twice", column.name())));
            }
            seen |= bit;
            let value: Value<'de> = map.next_value()?;
            let wrong = |what: &str| A::Error::custom(format!("`{}` is {what}", column.name()));
            let text = |value: Value<'de>| value.text().ok_or_else(|| wrong("no text"));
            let words = |value: Value<'de>| value.words().ok_or_else(|| wrong("neither a text nor an array of texts"));
            match (column, value) {
                (Column::Days, Value::Number(days)) => raw.days = Cow::Owned(days.to_string()),
                (Column::Generate, Value::Truth(truth)) => raw.generate = truth,
                (Column::Generate, _) => return Err(wrong("neither true nor false")),
                (Column::Name, value) => raw.name = text(value)?,
                (Column::Days, value) => raw.days = text(value)?,
                (Column::KeyType, value) => raw.key_type = text(value)?,
                (Column::User, value) => raw.user = text(value)?,
                (Column::Password, value) => raw.password = text(value)?,
                (Column::Profile, value) => raw.profile = text(value)?,
                (Column::Names, value) => raw.names = words(value)?,
                (Column::Topics, value) => raw.topics = words(value)?,
                (Column::Groups, value) => raw.groups = words(value)?,
            }
        }
        if seen & (1 << Column::Name as u16) == 0 {
            return Err(Error::custom("there is no `name`"));
        }
        Ok(raw)
    }
}

/// A value of one of the kinds that a device's keys have.
enum Value<'a> {
    Text(Cow<'a, str>),
    Number(u64),
    Truth(bool),
    List(Vec<Cow<'a, str>>),
    Null,
    /// Something else.
    Other,
}

impl<'a> Value<'a> {
    /// A text, or none where there is null; nothing for all else.
    fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null => Some(Cow::Borrowed("")),
            _ => None,
        }
    }

    fn words(self) -> Option<Words<'a>> {
        match self {
            Self::List(list) => Some(Words::List(list)),
            other => other.text().map(Words::Cell),
        }
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value<'de>, E> {
        Ok(Value::Truth(truth))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
        Ok(Value::Other)
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value<'de>, A::Error> {
        let mut list = Vec::new();
        let mut texts = true;
        while let Some(value) = seq.next_element()? {
            match value {
                Value::Text(text) => list.push(text),
                _ => texts = false,
            }
        }
        Ok(if texts { Value::List(list) } else { Value::Other })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }
}
