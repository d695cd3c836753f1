//! When a certificate is due, and its renewal with the settings of the last time.

use time::Duration;
use time::OffsetDateTime;

use instant_acme::CertificateIdentifier;

use super::BY;
use super::Line;
use super::Obtained;
use super::Purpose;
use super::Settings;
use super::order;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki;
use crate::pki::parsed::Certificate;
use crate::provision::certificates;
use crate::provision::external;
use crate::provision::external::Installed;
use crate::workspace::Workspace;

/// What is asked of a renewal.
#[derive(Clone, Copy, Debug, Default)]
pub struct Renew {
    /// Due so many days before the end, whatever the authority suggests.
    pub within: Option<u32>,
    pub force: bool,
    pub dry_run: bool,
}

/// Whether a certificate is to be renewed now, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    Now(String),
    /// From when on it will be.
    Later(OffsetDateTime, String),
}

/// What a renewal did.
pub struct Renewal {
    pub settings: Settings,
    pub due: Due,
    /// The certificate that is served, or will be.
    pub certificate: Certificate,
    /// None where nothing was due, and after a dry run.
    pub installed: Option<Installed>,
    pub rehearsed: bool,
    /// What the reader should know beside.
    pub notes: Vec<String>,
}

/// Renews the broker's certificate where an ACME authority issued it and it is due. `Ok(None)` where none did.
pub fn renew(workspace: &Workspace, asked: Renew, now: OffsetDateTime) -> Result<Option<Renewal>, Failure> {
    if external::origin(workspace)?.is_none_or(|origin| origin.by != BY) {
        return Ok(None);
    }
    let (Some(settings), Some(certificate)) =
        (super::kept_settings(workspace)?, certificates::broker_certificate(workspace)?)
    else {
        return Ok(None);
    };
    let (due, unasked) = due(workspace, &settings, &certificate, asked, now)?;
    let mut notes: Vec<String> = unasked.into_iter().collect();
    let (installed, certificate) = match (&due, asked.dry_run) {
        (_, true) => {
            let obtained = obtain(workspace, &settings.clone().rehearsal(), Purpose::Trial, now)?;
            notes.extend(obtained.notes(workspace));
            (None, obtained.certificate().clone())
        }
        (Due::Later(..), false) => (None, certificate),
        (Due::Now(_), false) => {
            let obtained = obtain(workspace, &settings, Purpose::Serve, now)?;
            let installed = super::install(workspace, &settings, &obtained, now)?;
            notes.extend(obtained.notes(workspace));
            (Some(installed), obtained.certificate().clone())
        }
    };
    Ok(Some(Renewal { settings, due, certificate, installed, rehearsed: asked.dry_run, notes }))
}

/// The terms were agreed to when the first one was issued.
fn obtain(
    workspace: &Workspace,
    settings: &Settings,
    purpose: Purpose,
    now: OffsetDateTime,
) -> Result<Obtained, Failure> {
    super::obtain(workspace, settings, purpose, &|_| true, now)
}

fn due(
    workspace: &Workspace,
    settings: &Settings,
    certificate: &Certificate,
    asked: Renew,
    now: OffsetDateTime,
) -> Result<(Due, Option<String>), Failure> {
    if asked.force {
        return Ok((Due::Now("it was asked for".to_owned()), None));
    }
    let by_time = by_time(certificate, asked.within, now);
    if asked.within.is_some() || matches!(by_time, Due::Now(_)) {
        return Ok((by_time, None));
    }
    Ok(match suggested(workspace, settings, certificate) {
        Ok(Some((start, end))) => (by_window(certificate, start, end, now), None),
        Ok(None) => (by_time, None),
        // it is asked again with the next run, long before the end
        Err(plain) => (by_time, Some(format!("the authority was not asked when it wants a renewal: {plain}"))),
    })
}

/// A third of the life before its end, or so many days.
fn by_time(certificate: &Certificate, within: Option<u32>, now: OffsetDateTime) -> Due {
    let end = certificate.not_after;
    let from = match within {
        Some(days) => end - Duration::days(i64::from(days)),
        None => end - (end - certificate.not_before) / 3,
    };
    match now >= from {
        true => Due::Now(format!("it ends {}", pki::in_words(end, now))),
        false => Due::Later(from, "a third of its life before its end".to_owned()).within(within),
    }
}

impl Due {
    fn within(self, within: Option<u32>) -> Self {
        match (self, within) {
            (Self::Later(from, _), Some(days)) => Self::Later(from, format!("{days} days before its end")),
            (own, _) => own,
        }
    }
}

/// A moment inside of the authority's window, the same at each run, and another one for each certificate. What would be due
/// before the next day's run is due now.
fn by_window(certificate: &Certificate, start: OffsetDateTime, end: OffsetDateTime, now: OffsetDateTime) -> Due {
    let share = certificate.serial.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let chosen = start + (end - start).max(Duration::ZERO) * (f64::from(share) / f64::from(u32::MAX));
    match chosen <= now + Duration::DAY {
        true => Due::Now("the authority suggests it".to_owned()),
        false => Due::Later(chosen, "as the authority suggests".to_owned()),
    }
}

type Window = (OffsetDateTime, OffsetDateTime);

/// The authority's renewal information (RFC 9773); nothing where it has none.
fn suggested(workspace: &Workspace, settings: &Settings, certificate: &Certificate) -> Result<Option<Window>, Plain> {
    let words = |failure: Failure| Plain::new("acme-unreachable", failure.message());
    let line = Line::open(settings).map_err(words)?;
    if !order::Directory::fetch(&line.http, &settings.directory)?.has_renewal_info {
        return Ok(None);
    }
    let Some(kept) = super::account(workspace, &settings.directory).map_err(words)? else { return Ok(None) };
    let Ok(id) = CertificateIdentifier::try_from(&certificate.der) else { return Ok(None) };
    line.runtime.block_on(async {
        let account = order::restore(&line.http, settings, kept).await?;
        let about = super::problem::About::new(settings, line.http.retry_after());
        match account.renewal_info(&id).await {
            Ok((info, _)) => Ok(Some((info.suggested_window.start, info.suggested_window.end))),
            Err(error) => Err(super::problem::error(error, &about)),
        }
    })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::pki::authority::Authority;
    use crate::pki::keys::KeyType;

    /// From a day before to nine days after.
    fn certificate(now: OffsetDateTime) -> Certificate {
        let (authority, _, _) = Authority::create(&"a".parse().unwrap(), 9, KeyType::P256, now).unwrap();
        authority.certificate
    }

    #[test]
    fn the_last_third_of_a_life_is_due() {
        let now = datetime!(2026-05-01 00:00 UTC);
        let one = certificate(now);
        let third = (one.not_after - one.not_before) / 3;
        let at = |time| by_time(&one, None, time);
        assert!(matches!(at(now), Due::Later(from, _) if from == one.not_after - third));
        assert!(matches!(at(one.not_after - third), Due::Now(_)));
        assert!(matches!(at(one.not_after + Duration::DAY), Due::Now(_)));
        assert!(matches!(by_time(&one, Some(300), now), Due::Now(_)));
        assert!(matches!(by_time(&one, Some(1), now), Due::Later(..)));
    }

    #[test]
    fn the_authoritys_window_is_kept_and_is_the_same_each_time() {
        let now = datetime!(2026-05-01 00:00 UTC);
        let one = certificate(now);
        let ahead = (now + Duration::days(10), now + Duration::days(12));
        let Due::Later(chosen, _) = by_window(&one, ahead.0, ahead.1, now) else { panic!("not yet") };
        assert!(ahead.0 <= chosen && chosen <= ahead.1);
        assert_eq!(by_window(&one, ahead.0, ahead.1, now), by_window(&one, ahead.0, ahead.1, now));
        // what was revoked by its authority has a window in the past
        assert!(matches!(by_window(&one, now - Duration::days(3), now - Duration::days(2), now), Due::Now(_)));
        assert!(matches!(by_window(&one, chosen, chosen, chosen - Duration::HOUR), Due::Now(_)));
    }
}
