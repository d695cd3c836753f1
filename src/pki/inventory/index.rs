//! The inventory in the form of `openssl ca`: its `index.txt`.

use super::Entry;
use super::Reason;
use super::Revoked;

/// A line of `index.txt`: state, end, revocation, serial number, file, subject. `certificate` is nothing for a revocation of a
/// certificate that is not known; `end` is then told in its place.
pub fn index_line(certificate: Option<&Entry<'_>>, revoked: Option<&Revoked<'_>>, expired: bool, end: &str) -> String {
    let end = compact(certificate.map_or(end, |entry| entry.not_after));
    let serial = certificate.map_or_else(|| revoked.map_or("00", |entry| &entry.serial), |entry| entry.serial);
    let file = certificate.map(|entry| entry.file()).filter(|file| !file.is_empty());
    let name = certificate.map_or_else(|| "unknown".into(), |entry| entry.name());
    let (state, revocation) = match revoked {
        Some(Revoked { date, reason, .. }) => ('R', compact(date) + reason_word(*reason)),
        None if expired => ('E', String::new()),
        None => ('V', String::new()),
    };
    let zero = if serial.len() % 2 == 1 { "0" } else { "" };
    let file = file.as_deref().unwrap_or("unknown");
    format!("{state}\t{end}\t{revocation}\t{zero}{serial}\t{}\t/CN={}\n", one_line(file), one_line(&name))
}

/// openssl knows no withdrawn privilege, and stops at what it does not know.
fn reason_word(reason: Reason) -> &'static str {
    match reason {
        Reason::Unspecified | Reason::PrivilegeWithdrawn => "",
        Reason::KeyCompromise => ",keyCompromise",
        Reason::AffiliationChanged => ",affiliationChanged",
        Reason::Superseded => ",superseded",
        Reason::CessationOfOperation => ",cessationOfOperation",
    }
}

/// `2026-11-21T19:25:18Z` as UTCTime, and from 2050 on as GeneralizedTime, as RFC 5280 has it.
fn compact(date: &str) -> String {
    let digits: String = date.chars().filter(char::is_ascii_digit).collect();
    let short = digits.get(..4).is_some_and(|year| ("1950".."2050").contains(&year));
    format!("{}Z", if short { &digits[2..] } else { &digits })
}

/// What is not plain ASCII is written as openssl writes it.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' => line.push(char::from(byte)),
            _ => line.push_str(&format!("\\x{byte:02X}")),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::super::Line;
    use super::*;

    #[test]
    fn dates_serials_and_names_are_in_openssl_s_form() {
        let line = "issued\tABC\tclient\tü\\tx\t2026-01-01T00:00:00Z\t2050-01-02T03:04:05Z\t01\t\t".to_owned()
            + &"ab".repeat(32);
        let Some(Line::Issued(entry)) = Line::parse(&line) else { panic!() };
        assert_eq!(
            index_line(Some(&entry), None, false, ""),
            "V\t20500102030405Z\t\t0ABC\tunknown\t/CN=\\xC3\\xBC\\x09x\n"
        );
        let revoked = Revoked {
            serial: "0F".into(),
            issuer: "01".into(),
            date: "2049-12-31T23:59:59Z".into(),
            reason: Reason::Superseded,
        };
        assert_eq!(
            index_line(None, Some(&revoked), false, "2036-01-01T00:00:00Z"),
            "R\t360101000000Z\t491231235959Z,superseded\t0F\tunknown\t/CN=unknown\n"
        );
    }
}
