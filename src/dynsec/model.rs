//! `dynamic-security.json`, typed. What we do not know is kept, so that a file of a later broker survives an edit.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Number;
use serde_json::Value;

use super::Login;

/// The whole file, its parts in the order in which a broker saves them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct File {
    /// Counts the changes; 2.1 alone.
    #[serde(rename = "changeIndex", default, skip_serializing_if = "Option::is_none")]
    pub change_index: Option<Number>,
    /// What holds where no role says anything.
    #[serde(rename = "defaultACLAccess", default)]
    pub default_access: DefaultAccess,
    #[serde(default)]
    pub clients: Vec<Client>,
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Whose roles a client without a user name has.
    #[serde(rename = "anonymousGroup", default, skip_serializing_if = "Option::is_none")]
    pub anonymous_group: Option<String>,
    #[serde(default)]
    pub roles: Vec<Role>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A missing one is false in every version (plugin's config.c).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DefaultAccess {
    #[serde(rename = "publishClientSend")]
    pub send: bool,
    #[serde(rename = "publishClientReceive")]
    pub receive: bool,
    pub subscribe: bool,
    pub unsubscribe: bool,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Client {
    pub username: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub textname: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub textdescription: Option<String>,
    /// The one identifier with which this client may connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clientid: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
    #[serde(default)]
    pub roles: Vec<RoleName>,
    #[serde(flatten)]
    pub login: Login,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A role as a client or a group has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoleName {
    pub rolename: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Number>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Group {
    pub groupname: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub textname: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub textdescription: Option<String>,
    #[serde(default)]
    pub roles: Vec<RoleName>,
    #[serde(default)]
    pub clients: Vec<Member>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A client as a group names it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Member {
    pub username: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Number>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Role {
    pub rolename: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub textname: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub textdescription: Option<String>,
    #[serde(default)]
    pub acls: Vec<Acl>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acl {
    pub acltype: AclType,
    pub topic: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Number>,
    #[serde(default)]
    pub allow: bool,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AclType {
    PublishClientSend,
    PublishClientReceive,
    SubscribeLiteral,
    SubscribePattern,
    UnsubscribeLiteral,
    UnsubscribePattern,
}

impl AclType {
    /// As the file and the requests name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PublishClientSend => "publishClientSend",
            Self::PublishClientReceive => "publishClientReceive",
            Self::SubscribeLiteral => "subscribeLiteral",
            Self::SubscribePattern => "subscribePattern",
            Self::UnsubscribeLiteral => "unsubscribeLiteral",
            Self::UnsubscribePattern => "unsubscribePattern",
        }
    }
}

impl fmt::Display for AclType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl File {
    pub fn client(&self, name: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.username == name)
    }

    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.groupname == name)
    }

    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.rolename == name)
    }

    /// As a broker of 2.0 prints it, with a newline at its end.
    pub fn print(&self) -> Vec<u8> {
        // maps have strings as keys and numbers are finite, so there is nothing that JSON cannot say
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }
}

impl RoleName {
    pub fn new(name: impl Into<String>) -> Self {
        Self { rolename: name.into(), ..Self::default() }
    }
}

impl Acl {
    pub fn new(acltype: AclType, topic: impl Into<String>, priority: i32, allow: bool) -> Self {
        let priority = Some(Number::from(priority));
        Self { acltype, topic: topic.into(), priority, allow, rest: Map::new() }
    }

    pub fn allow(acltype: AclType, topic: impl Into<String>) -> Self {
        Self::new(acltype, topic, 0, true)
    }
}

/// A priority as the plugin reads it: a whole number, and `none` where there is none.
pub(super) fn rank(priority: Option<&Number>, none: i32) -> i32 {
    priority.and_then(Number::as_f64).map_or(none, |number| number as i32)
}
