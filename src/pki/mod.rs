//! Certificates: names, keys, the authority that issues, its CRL, and the judge.

pub mod advice;
pub mod authority;
pub mod constraints;
pub mod crl;
pub mod csr;
pub mod encrypted;
pub mod input;
pub mod inventory;
pub mod keys;
pub mod mint;
pub mod names;
pub mod parsed;
pub(crate) mod signature;
pub mod verify;

use time::Duration;
use time::OffsetDateTime;

use crate::error::Diagnose;
use crate::error::Kind;

/// How long certificates are dated back, for devices whose clocks are late.
pub const BACKDATE: Duration = Duration::hours(24);

/// A certificate or key that cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    #[error("`{path}` holds {found}, not {wanted}")]
    WrongContent { path: String, wanted: &'static str, found: String },
    #[error("the authority's key `{key}` does not belong to its certificate `{cert}`")]
    KeyMismatch { key: String, cert: String },
    #[error("the authority's certificate `{path}` cannot issue: {reason}")]
    NotAnAuthority { path: String, reason: String },
    #[error("the authority's certificate `{path}` ended on {}", short_date(*on))]
    AuthorityExpired { path: String, on: OffsetDateTime },
    #[error("`{path}` is encrypted in a way that mqsec does not open")]
    OldEncryption { path: String },
    #[error("the passphrase does not open `{path}`")]
    WrongPassphrase { path: String },
    #[error("the authority may not issue for {}", outside.join(", "))]
    OutsideConstraints { outside: Vec<String>, permitted: String },
    #[error("making the {what} failed")]
    Issue { what: &'static str, source: rcgen::Error },
}

impl Diagnose for PkiError {
    fn code(&self) -> &'static str {
        match self {
            Self::WrongContent { found, .. } if found.contains("encrypted") => "key-encrypted",
            Self::WrongContent { .. } => "pem-wrong-content",
            Self::KeyMismatch { .. } => "ca-key-mismatch",
            Self::NotAnAuthority { .. } => "ca-not-an-authority",
            Self::AuthorityExpired { .. } => "ca-expired",
            Self::OldEncryption { .. } => "key-encryption-old",
            Self::WrongPassphrase { .. } => "ca-passphrase-wrong",
            Self::OutsideConstraints { .. } => "name-outside-constraints",
            Self::Issue { .. } => "certificate-not-made",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::OutsideConstraints { .. } => Kind::No,
            _ => Kind::Unanswered,
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::OutsideConstraints { permitted, .. } => vec![format!("its name constraints permit {permitted}")],
            _ => Vec::new(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::WrongContent { path, .. } if self.code() == "key-encrypted" => {
                vec![format!(
                    "decrypt it: openssl pkey -in {path} -out {path}.plain, and put that in its place, mode 0600"
                )]
            }
            Self::WrongContent { .. } => vec![
                "put the right file there (certs/backup/ may have it), or move certificate and key away and run this again"
                    .to_owned(),
            ],
            Self::KeyMismatch { .. } => vec![
                "put back the file that belongs here (certs/backup/ may have it)".to_owned(),
                "or make a new authority, and every certificate anew: mqsec ca init --force".to_owned(),
            ],
            Self::NotAnAuthority { .. } | Self::AuthorityExpired { .. } => {
                vec!["make a new authority, and every certificate anew: mqsec ca init --force".to_owned()]
            }
            Self::OldEncryption { path } => vec![format!(
                "write it in the present form: openssl pkcs8 -topk8 -in {path} -out {path}.new, then put that in its place"
            )],
            Self::WrongPassphrase { .. } => vec![
                "try again; where it comes from a file or the environment: mqsec --ca-passphrase-file FILE up"
                    .to_owned(),
            ],
            Self::OutsideConstraints { .. } => vec![
                "take names that it permits: mqsec broker-cert NAME --san-only; what it permits: mqsec ca show"
                    .to_owned(),
            ],
            Self::Issue { .. } => Vec::new(),
        }
    }
}

/// `2027-11-21`.
pub fn short_date(time: OffsetDateTime) -> String {
    time.date().to_string()
}

/// Days until or since, in words: "in 212 days", "3 hours ago".
pub fn in_words(time: OffsetDateTime, now: OffsetDateTime) -> String {
    let distance = time - now;
    // rounded, so that a certificate of 365 days ends "in 365 days" a second later
    let minutes = (distance.whole_seconds().unsigned_abs() + 30) / 60;
    let (count, unit) = match minutes {
        0..=119 => (minutes, "minute"),
        120..=2879 => ((minutes + 30) / 60, "hour"),
        _ => ((minutes + 720) / 1440, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if distance.is_negative() { format!("{count} {unit}{plural} ago") } else { format!("in {count} {unit}{plural}") }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn distances_are_told_in_words() {
        let now = datetime!(2026-01-01 00:00 UTC);
        assert_eq!(in_words(now + Duration::days(212), now), "in 212 days");
        assert_eq!(in_words(now - Duration::hours(3), now), "3 hours ago");
        assert_eq!(in_words(now + Duration::minutes(1), now), "in 1 minute");
        assert_eq!(short_date(now), "2026-01-01");
    }
}
