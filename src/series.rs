//! The series of Mosquitto about which something is said: they read the same file differently.

use std::fmt;

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum Series {
    /// 2.0.x
    #[value(name = "2.0")]
    V20,
    /// 2.1.x
    #[value(name = "2.1")]
    V21,
    /// 3.0, which is announced: `acl_file`, `password_file` and `per_listener_settings` go
    #[value(name = "3.0")]
    V30,
}

impl Series {
    /// Those that are out, and that a workspace serves unless told otherwise.
    pub const RELEASED: &'static [Self] = &[Self::V20, Self::V21];

    /// The series of a version such as `2.0.21`.
    pub fn of_version(version: &str) -> Option<Self> {
        let mut numbers = version.split('.').map(|part| part.parse::<u32>().ok());
        match (numbers.next()??, numbers.next()??) {
            (2, 0) => Some(Self::V20),
            (2, _) => Some(Self::V21),
            (3.., _) => Some(Self::V30),
            _ => None,
        }
    }

    /// The one that was asked for, or those that are out.
    pub fn targets(asked: Option<Self>) -> Vec<Self> {
        asked.map_or_else(|| Self::RELEASED.to_vec(), |series| vec![series])
    }

    /// `2.0 and 2.1`, `2.1`.
    pub fn names(series: &[Self]) -> String {
        series.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
    }
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V20 => "2.0",
            Self::V21 => "2.1",
            Self::V30 => "3.0",
        })
    }
}
