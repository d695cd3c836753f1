//! What the text after a user's name looks like: Mosquitto's own forms, and those that people bring from elsewhere.

/// The program that makes or reads a form, as far as its text tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `$7$…` or `$6$…` of Mosquitto.
    Mosquitto,
    /// `$6$salt$hash` of crypt(3): `mkpasswd -m sha-512`, `openssl passwd -6`, /etc/shadow.
    CryptSha512,
    /// `$1$`, `$5$`, `$apr1$`, `$y$`, `$gy$`, `$2…` aside.
    Crypt,
    /// `$2a$`, `$2b$`, `$2y$`: `htpasswd -B`, go-auth.
    Bcrypt,
    /// `$argon2id$` and its kin: go-auth, and Mosquitto's own tool where it was built with argon2 (nobody does).
    Argon2,
    /// `PBKDF2$sha512$100000$salt$hash` of mosquitto-go-auth and mosquitto-auth-plug.
    GoAuth,
    /// `{SHA}…`, `{SSHA}…` of LDAP and htpasswd.
    Ldap,
    /// Begins with `$` and is none of these.
    Unknown,
    /// No hash at all.
    Plain,
    Empty,
}

impl Form {
    pub fn of(text: &[u8]) -> Self {
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| text.starts_with(prefix.as_bytes()));
        match text {
            [] => Self::Empty,
            _ if begins(&["$7$"]) => Self::Mosquitto,
            _ if begins(&["$6$"]) && is_crypt(text) => Self::CryptSha512,
            _ if begins(&["$6$"]) => Self::Mosquitto,
            _ if begins(&["$2a$", "$2b$", "$2y$", "$2x$"]) => Self::Bcrypt,
            _ if begins(&["$argon2id$", "$argon2i$", "$argon2d$"]) => Self::Argon2,
            _ if begins(&["PBKDF2$", "$pbkdf2"]) => Self::GoAuth,
            _ if begins(&["$1$", "$5$", "$apr1$", "$y$", "$gy$", "$3$", "$md5"]) => Self::Crypt,
            _ if begins(&["{SHA}", "{SSHA}", "{SHA512}", "{SSHA512}", "{CRYPT}", "{BCRYPT}"]) => Self::Ldap,
            _ if begins(&["$"]) => Self::Unknown,
            _ => Self::Plain,
        }
    }

    /// What is wrong with it for a broker, after "line 3 (user `a`)".
    pub fn told(self) -> &'static str {
        match self {
            Self::Mosquitto => "has a hash of Mosquitto's",
            Self::CryptSha512 => {
                "has a `$6$` hash of crypt (mkpasswd, openssl passwd, /etc/shadow), which is not Mosquitto's `$6$`"
            }
            Self::Crypt => "has a hash of crypt (mkpasswd, openssl passwd, htpasswd), which Mosquitto does not read",
            Self::Bcrypt => "has a bcrypt hash, which Mosquitto does not read",
            Self::Argon2 => "has an argon2 hash, which no released Mosquitto reads",
            Self::GoAuth => "has a PBKDF2 hash of mosquitto-go-auth, which Mosquitto itself does not read",
            Self::Ldap => "has a hash of LDAP's form, which Mosquitto does not read",
            Self::Unknown => "has a hash of a kind that Mosquitto does not know",
            Self::Plain => "holds no hash (a password in clear?)",
            Self::Empty => "has no hash",
        }
    }
}

/// crypt(3) has `rounds=` or a salt of at most 16 letters, and 86 letters of `./0-9A-Za-z` without padding; Mosquitto's
/// 64 bytes have 88 in base64, of which the last two are `==`.
fn is_crypt(text: &[u8]) -> bool {
    let mut parts = text[3..].split(|byte| *byte == b'$');
    let first = parts.next().unwrap_or_default();
    let rounds = first.starts_with(b"rounds=");
    let salt = if rounds { parts.next().unwrap_or_default() } else { first };
    let hash = parts.next().unwrap_or_default();
    let letters = hash.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/'));
    rounds || salt.len() <= 16 && hash.len() == 86 && letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_other_programs_are_known() {
        // made with mkpasswd, htpasswd -B, go-auth's pw, argon2
        for (text, form) in [
            (
                "$6$mZKNW6fGnkAlWp0X$JvGpRuu7fFoFSfQ6p3qZ4R2Pp5NlmUb2YY/qN2tXvKxNF1cLZ11Gq4DBGRbFRcFii2HzzeOk+vbf37rqMZCdLA==",
                Form::Mosquitto,
            ),
            (
                "$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSuNp2xS0ktL3nh/",
                Form::CryptSha512,
            ),
            ("$6$rounds=5000$saltsalt$x", Form::CryptSha512),
            ("$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe", Form::Bcrypt),
            ("$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA", Form::Argon2),
            (
                "PBKDF2$sha512$100000$os24lcPr9cJt2QDVWssblQ==$BK1BQ2wbwU1zNxv3Ml3wLuu5//hPop3/LvaPYjjCwdBvnpwusnukJPpcXQzyyjOlZdieXTx6sXAcX4WnZRZZnw==",
                Form::GoAuth,
            ),
            ("$y$j9T$abc$def", Form::Crypt),
            ("$apr1$abc$def", Form::Crypt),
            ("{SHA}abc", Form::Ldap),
            ("$x$", Form::Unknown),
            ("secret", Form::Plain),
            ("", Form::Empty),
        ] {
            assert_eq!(Form::of(text.as_bytes()), form, "{text}");
        }
    }
}
