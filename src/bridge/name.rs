//! A bridge's name: the `connection` of the configuration, and the name of a file and a folder.

use std::fmt;
use std::str::FromStr;

use super::BridgeError;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BridgeName(String);

impl BridgeName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BridgeName {
    type Err = BridgeError;

    fn from_str(name: &str) -> Result<Self, BridgeError> {
        let fits = (1..=40).contains(&name.len())
            && name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && !name.ends_with('.')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        if fits { Ok(Self(name.to_owned())) } else { Err(BridgeError::Name(crate::error::printable(name))) }
    }
}

impl fmt::Display for BridgeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_folder() {
        for name in ["site", "Site-2.b_c", "1"] {
            assert!(name.parse::<BridgeName>().is_ok(), "{name}");
        }
        for name in ["", "..", ".a", "a/b", "a\\b", "-a", "a b", "a.", "ü", "a\n", &"x".repeat(41)] {
            assert!(name.parse::<BridgeName>().is_err(), "{name:?}");
        }
    }
}
