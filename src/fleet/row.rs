//! A row of the list: one device, as its owner wants it.

use sha2::Digest;
use sha2::Sha256;

use super::groups::Groups;
use super::list::Problem;
use crate::acl::Grant;
use crate::error::printable;
use crate::export::Target;
use crate::passwd::UserName;
use crate::pki::keys::KeyType;
use crate::pki::names::BrokerName;
use crate::pki::names::ClientName;
use crate::secret::Secret;

/// What the device may do with which topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    pub grant: Grant,
    /// A topic filter, in which nothing is left to be filled in.
    pub filter: String,
}

/// The password that a device gets.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Password {
    /// It logs in with its certificate alone.
    #[default]
    None,
    Given(Secret),
    /// One is made up.
    Generate,
}

#[derive(Debug)]
pub struct Row {
    pub name: ClientName,
    pub days: Option<u32>,
    pub key_type: Option<KeyType>,
    /// The names of the certificate's SAN; most devices need none.
    pub names: Vec<BrokerName>,
    /// None: the device's name.
    pub user: Option<UserName>,
    pub password: Password,
    /// Its own, without those of its groups.
    pub topics: Vec<Topic>,
    /// The device's kind: its files are made in that form too.
    pub profile: Option<Target>,
    pub groups: Vec<String>,
}

impl Row {
    pub fn user(&self) -> &str {
        self.user.as_ref().map_or(self.name.as_str(), UserName::as_str)
    }

    pub fn has_login(&self) -> bool {
        self.password != Password::None
    }

    /// Whether the broker's files have a word on it: a password, or topics.
    pub fn needs_user(&self) -> bool {
        self.has_login() || !self.topics.is_empty() || !self.groups.is_empty()
    }

    /// Its own topics and those of its groups.
    pub fn all_topics(&self, groups: &Groups) -> Vec<Topic> {
        let (name, user) = (self.name.as_str(), self.user());
        let of_groups = self.groups.iter().filter_map(|group| groups.topics(group, name, user)).flatten();
        self.topics.iter().cloned().chain(of_groups).collect()
    }

    /// Holds it to what stands outside of the list: the groups, and what its target takes; `key_type` is for a row that has none.
    pub fn check(&self, groups: &Groups, key_type: KeyType) -> Result<(), Problem> {
        for group in &self.groups {
            let Some(filled) = groups.filled(group, self.name.as_str(), self.user()) else {
                let known = groups.names();
                let known = if known.is_empty() { "none is known".to_owned() } else { known.join(", ") };
                return Err(Problem(format!(
                    "there is no group `{}` in the file of --groups ({known})",
                    printable(group)
                )));
            };
            filled?;
        }
        if let Some(target) = self.profile {
            let key = self.key_type.unwrap_or(key_type);
            target.takes(key).map_err(|why| Problem(format!("`{}` cannot use an {key} key: {why}", target.name())))?;
        }
        Ok(())
    }

    /// Tells a row that was changed since its device was issued from one that was not. Of a password it has whether
    /// there is one: what this is written to is no password file, and could be asked fast.
    pub fn digest(&self) -> u64 {
        let mut all = Vec::with_capacity(256);
        let mut word = |text: &str| {
            all.extend_from_slice(&(text.len() as u64).to_le_bytes());
            all.extend_from_slice(text.as_bytes());
        };
        word(self.name.as_str());
        word(&self.days.map(|days| days.to_string()).unwrap_or_default());
        word(&self.key_type.map(|key| key.to_string()).unwrap_or_default());
        word(&self.names.len().to_string());
        self.names.iter().for_each(|name| word(&name.to_string()));
        word(self.user());
        word(match &self.password {
            Password::None => "none",
            // whether it is the same is asked of the password file, which was made to be asked
            Password::Given(_) => "given",
            Password::Generate => "generated",
        });
        word(&self.topics.len().to_string());
        for Topic { grant, filter } in &self.topics {
            word(grant.word());
            word(filter);
        }
        word(self.profile.map(Target::name).unwrap_or_default());
        self.groups.iter().for_each(|group| word(group));
        let digest = Sha256::digest(&all);
        u64::from_le_bytes(std::array::from_fn(|at| digest[at]))
    }
}
