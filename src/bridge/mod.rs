//! Bridges to other brokers: the block of options, in the order that every series reads, and what the other side must
//! allow for it.
//!
//! TLS is on only where `bridge_cafile` stands; `connection` comes first, because the broker ends over any other order; the
//! client id is fixed, because the default has the container's host name and changes with it (measured with 2.0.21 and
//! 2.1.2).

mod name;
mod remote;
mod topic;

use std::fmt;

use crate::error::Diagnose;
use crate::secret::Secret;

pub use name::BridgeName;
pub use remote::Remote;
pub use topic::Direction;
pub use topic::Topic;

#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    #[error("`{0}` is no name for a bridge: letters, digits, `-`, `_` and `.`, 40 at most, a letter or digit first")]
    Name(String),
    #[error("`{0}` is not HOST or HOST:PORT")]
    Remote(String),
    #[error("the topic `{topic}` {what}")]
    Topic { topic: String, what: String },
    #[error("the {what} `{value}` cannot stand in a line of the configuration")]
    Line { what: &'static str, value: String },
}

impl Diagnose for BridgeError {
    fn code(&self) -> &'static str {
        match self {
            Self::Name(_) => "bridge-name-invalid",
            Self::Remote(_) => "bridge-remote-invalid",
            Self::Topic { .. } => "bridge-topic-invalid",
            Self::Line { .. } => "bridge-value-invalid",
        }
    }
}

/// What the other broker has to allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    Read,
    Write,
    ReadWrite,
}

/// Paths of the files as the broker opens them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    pub ca: String,
    pub cert: String,
    pub key: String,
}

#[derive(Clone, Debug)]
pub struct Bridge {
    pub name: BridgeName,
    pub remote: Remote,
    pub client_id: String,
    pub user: String,
    pub password: Secret,
    pub files: Files,
    /// At least one.
    pub topics: Vec<Topic>,
}

impl Bridge {
    /// The file for `include_dir`. Its last line ends with a newline.
    pub fn render(&self) -> Result<String, BridgeError> {
        let Self { name, remote, client_id, user, password, files, topics } = self;
        for (what, value) in [("user name", user.as_str()), ("client id", client_id), ("path", &files.ca)] {
            if !is_value(value) {
                return Err(BridgeError::Line { what, value: value.to_owned() });
            }
        }
        if !is_value(password.expose()) {
            // never the password itself
            return Err(BridgeError::Line { what: "password", value: "[redacted]".to_owned() });
        }
        let topics: String = topics.iter().map(|topic| format!("topic {topic}\n")).collect();
        Ok(format!(
            "\
# The bridge `{name}`, written by mqsec. It holds a password: keep it mode 0600.
connection {name}
address {address}

# Who this broker is over there. The client id is fixed, so that the session is found again.
remote_clientid {client_id}
remote_username {user}
remote_password {password}

# TLS, which only bridge_cafile switches on, with the other broker's name compared; never bridge_insecure.
bridge_cafile {ca}
bridge_certfile {cert}
bridge_keyfile {key}

# 3.1.1, with the bit by which a broker knows a bridge and sends nothing back to it.
bridge_protocol_version mqttv311
try_private true
# What is not delivered yet waits for the connection.
cleansession false
restart_timeout 5 60
# The state is told here alone: over there it would need a right of its own.
notifications true
notifications_local_only true

# topic PATTERN [out|in|both] [QOS] [LOCAL-PREFIX] [REMOTE-PREFIX]
{topics}",
            address = remote.address(),
            password = password.expose(),
            ca = files.ca,
            cert = files.cert,
            key = files.key,
        ))
    }
}

/// The rights that the topics need on the other side, each filter once.
pub fn needs(topics: &[Topic]) -> Vec<(String, Access)> {
    let mut needs: Vec<(String, Access)> = Vec::new();
    for topic in topics {
        let access = match topic.direction {
            Direction::Out => Access::Write,
            Direction::In => Access::Read,
            Direction::Both => Access::ReadWrite,
        };
        let filter = topic.remote();
        match needs.iter_mut().find(|(known, _)| *known == filter) {
            Some((_, known)) if *known != access => *known = Access::ReadWrite,
            Some(_) => {}
            None => needs.push((filter, access)),
        }
    }
    needs
}

/// Whether the broker reads a value back as it was written: blanks at the ends are cut off, a line ends at its end.
fn is_value(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.chars().any(char::is_control)
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::ReadWrite => "readwrite",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conf::reading::NoFiles;
    use crate::conf::reading::Reading;
    use crate::series::Series;

    fn bridge(password: &str) -> Bridge {
        Bridge {
            name: "site".parse().unwrap(),
            remote: "broker.example:8884".parse().unwrap(),
            client_id: "bridge-site-1".to_owned(),
            user: "bridge site".to_owned(),
            password: Secret::new(password),
            files: Files { ca: "a b/ca.crt".to_owned(), cert: "c".to_owned(), key: "k".to_owned() },
            topics: vec!["sensors/# out 1".parse().unwrap(), "cmd/# in 1 \"\" site/".parse().unwrap()],
        }
    }

    #[test]
    fn every_series_reads_what_is_rendered() {
        let text = bridge("p#ss w$rd").render().unwrap();
        for series in Series::RELEASED {
            let reading = Reading::read("bridge.conf", text.as_bytes(), &NoFiles, *series);
            assert!(reading.problems.is_empty(), "{:?}", reading.problems);
            let [read] = &reading.bridges[..] else { panic!("one bridge") };
            assert_eq!(read.addresses(), [("broker.example".to_owned(), 8884)]);
            assert!(read.is_tls());
            for (key, value) in [
                ("remote_password", "p#ss w$rd"),
                ("remote_username", "bridge site"),
                ("bridge_cafile", "a b/ca.crt"),
                ("topic", "cmd/# in 1 \"\" site/"),
            ] {
                assert_eq!(read.options.last(key).map(|value| value.text.as_str()), Some(value), "{key}");
            }
        }
    }

    #[test]
    fn what_would_not_come_back_is_refused_without_telling_the_password() {
        for password in ["", " x", "x ", "a\nb", "a\0b"] {
            let error = bridge(password).render().unwrap_err();
            assert_eq!(error.code(), "bridge-value-invalid");
            assert!(error.to_string().contains("[redacted]"));
        }
    }

    #[test]
    fn the_other_side_is_asked_for_no_more_than_is_needed() {
        let topics = ["a/# out", "b/# in", "c/# both", "a/# in", "d out 1 \"\" x/"].map(|text| text.parse().unwrap());
        let needs = needs(&topics);
        let told: Vec<_> = needs.iter().map(|(filter, access)| format!("{access} {filter}")).collect();
        assert_eq!(told, ["readwrite a/#", "read b/#", "readwrite c/#", "write x/d"]);
    }
}
