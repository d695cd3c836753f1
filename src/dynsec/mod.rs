//! The dynamic security plugin: its file, the requests that it takes, and what becomes of a password file and an ACL in
//! it.
//!
//! The file is JSON that the broker itself rewrites at each change. Mosquitto 2.0 keeps a password as `password`, `salt`
//! (12 bytes) and `iterations`; 2.1 writes `encoded_password`, which 2.0 does not see: the client is there and cannot log
//! in. Both load the former, so that is what we write.

pub mod access;
pub mod change;
pub mod control;
pub mod import;
pub mod initial;
pub mod lint;
mod login;
mod model;
mod plugin;
mod reading;

pub use login::Login;
pub use model::Acl;
pub use model::AclType;
pub use model::Client;
pub use model::DefaultAccess;
pub use model::File;
pub use model::Group;
pub use model::Member;
pub use model::Role;
pub use model::RoleName;
pub use plugin::CONFIG_FILE;
pub use plugin::NAME as PLUGIN;
pub use plugin::Use;
pub use plugin::beside;
pub use plugin::candidates;
pub use plugin::is_per_listener;
pub use plugin::is_true;
pub use plugin::uses;
pub use plugin::with_plugin;
pub use reading::Places;
pub use reading::Unreadable;
pub use reading::parse;
