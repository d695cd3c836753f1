//! `certs/fleet.tsv`: the devices that were issued from lists, a line each. Like the inventory it only grows, and a later line
//! of a name takes the place of an earlier one.
//!
//! ```text
//! device NAME USER KEY-TYPE DAYS NAMES PROFILE GROUPS DIGEST
//! ```
//!
//! The words are divided by tabs; NAMES and GROUPS are divided by spaces. No password and no topic stands here.

use super::row::Row;
use crate::pki::keys::KeyType;

/// A device as the roster has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device<'a> {
    pub name: &'a str,
    /// Its user in the password file and the ACL; empty where it has none.
    pub user: &'a str,
    pub key_type: KeyType,
    pub days: u32,
    pub names: &'a str,
    pub profile: &'a str,
    pub groups: &'a str,
    /// [`Row::digest`] of its row.
    pub digest: u64,
}

/// The line of a device that was issued.
pub fn line(row: &Row, key_type: KeyType, days: u32, digest: u64) -> String {
    let names: Vec<String> = row.names.iter().map(ToString::to_string).collect();
    let user = if row.has_login() || !row.topics.is_empty() || !row.groups.is_empty() { row.user() } else { "" };
    let profile = row.profile.map(|target| target.name()).unwrap_or_default();
    let (name, names, groups) = (&row.name, names.join(" "), row.groups.join(" "));
    format!("device\t{name}\t{user}\t{}\t{days}\t{names}\t{profile}\t{groups}\t{digest:016x}\n", key_type.word())
}

impl<'a> Device<'a> {
    /// A line without its end.
    pub fn parse(line: &'a str) -> Option<Self> {
        let mut words = line.strip_prefix("device\t")?.split('\t');
        let mut word = || words.next();
        let (name, user, key_type, days) = (word()?, word()?, word()?, word()?);
        let (names, profile, groups, digest) = (word()?, word()?, word()?, word()?);
        if word().is_some() || digest.len() != 16 || name.is_empty() {
            return None;
        }
        let (key_type, days) = (KeyType::from_word(key_type)?, days.parse().ok()?);
        let digest = u64::from_str_radix(digest, 16).ok()?;
        Some(Self { name, user, key_type, days, names, profile, groups, digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::row::Password;

    #[test]
    fn a_line_is_read_back() {
        let row = Row {
            name: "küche 1".parse().unwrap(),
            days: None,
            key_type: None,
            names: vec!["a.lan".parse().unwrap(), "10.0.0.1".parse().unwrap()],
            user: None,
            password: Password::Generate,
            topics: Vec::new(),
            profile: None,
            groups: vec!["a".to_owned(), "b".to_owned()],
        };
        let text = line(&row, KeyType::P256, 90, row.digest());
        let device = Device::parse(text.strip_suffix('\n').unwrap()).unwrap();
        assert_eq!((device.name, device.user, device.key_type, device.days), ("küche 1", "küche 1", KeyType::P256, 90));
        assert_eq!((device.names, device.groups, device.digest), ("a.lan 10.0.0.1", "a b", row.digest()));
        assert_eq!(Device::parse(&text[..text.len() - 3]), None);
    }
}
