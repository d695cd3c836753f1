//! The columns that a list can have, and how their names are spelled.

/// What a cell says of its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Name,
    Days,
    KeyType,
    Names,
    User,
    Password,
    Topics,
    Profile,
    Groups,
    /// Whether a password is made up; JSON's alone.
    Generate,
}

/// The names that the documents give them.
pub(super) const KNOWN: [&str; 9] =
    ["name", "days", "key_type", "names", "user", "password", "topics", "profile", "groups"];

impl Column {
    /// By its name in the head line, in whatever case, and however its words are divided.
    pub fn of(name: &str) -> Option<Self> {
        let letters = name.chars().filter(|letter| !matches!(letter, ' ' | '-' | '_' | '.'));
        let plain: String = letters.flat_map(char::to_lowercase).collect();
        Some(match plain.as_str() {
            "name" | "device" | "devicename" | "client" | "clientname" | "commonname" | "cn" => Self::Name,
            "days" | "validdays" | "validity" => Self::Days,
            "keytype" | "key" => Self::KeyType,
            "names" | "san" | "sans" | "sannames" | "subjectaltnames" => Self::Names,
            "user" | "username" | "login" => Self::User,
            "password" | "passwd" => Self::Password,
            "topics" | "topic" | "acl" | "acltopics" => Self::Topics,
            "profile" | "target" => Self::Profile,
            "groups" | "group" => Self::Groups,
            "generate" => Self::Generate,
            _ => return None,
        })
    }

    /// As the documents write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            _ => KNOWN[self as usize],
        }
    }

    /// The known column that this one is a misspelling of.
    pub(super) fn near(name: &str) -> Option<&'static str> {
        let name = name.to_lowercase();
        let far = |known: &&str| strsim::damerau_levenshtein(known, &name);
        KNOWN.into_iter().min_by_key(far).filter(|known| far(known) <= 2)
    }
}
