//! Which finding leads when there are several.
//!
//! The order of webpki's `Error::rank` is the model (periods before names, names before signatures), with one change: a
//! certificate of another authority is told before the names in it, because issuing it anew mends both.

/// Codes, the most useful first: what must be mended before anything else can be right, and what explains the rest.
pub(super) const USEFUL_FIRST: [&str; 39] = [
    "ca-missing",
    "chain-wrong-order",
    "ca-file-holds-leaf",
    "ca-expired",
    "certificate-expired",
    "certificate-not-yet-valid",
    "certificate-revoked",
    "key-mismatch",
    "key-encrypted",
    "key-unreadable",
    "certificate-bad-signature",
    "certificate-same-subject-as-issuer",
    "certificate-self-signed",
    "certificate-other-authority",
    "chain-intermediate-missing",
    "ca-root-missing",
    "certificate-unknown-issuer",
    "certificate-version",
    "certificate-weak-key",
    "certificate-weak-signature",
    "certificate-is-authority",
    "ca-not-an-authority",
    "certificate-wrong-role",
    "name-outside-constraints",
    "chain-too-long",
    "certificate-common-name-only",
    "certificate-without-names",
    "tls-name-mismatch",
    "crl-expired",
    "crl-not-yet-valid",
    "crl-bad-signature",
    "crl-other-issuer",
    "crl-missing",
    "ca-cannot-sign-crl",
    "certificate-serial-twice",
    "key-readable-by-others",
    "certificate-expiring",
    "crl-expiring",
    "certificate-outlives-issuer",
];

/// Smaller is more useful; a code that is not in the list comes last.
pub(super) fn of(code: &str) -> usize {
    USEFUL_FIRST.iter().position(|known| *known == code).unwrap_or(USEFUL_FIRST.len())
}
