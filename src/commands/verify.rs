//! `mqsec verify`: are these certificates good?

mod broker_files;
mod evidence;
mod examine;
mod live;
mod report;
mod target;

use std::path::PathBuf;

use clap::ValueEnum;
use time::Date;
use time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use self::evidence::Evidence;
use self::report::Verdicts;
use crate::context::Context;
use crate::error::Failure;
use crate::pki::verify::As;

/// Verify certificates: period, chain, key, role, names and file modes
///
/// A target is `ca`, `broker`, a client's name, a file (PEM or DER; certificates or a revocation list), or HOST[:PORT]
/// of a live broker, whose certificates are then fetched. Without one, everything in the folder.
#[derive(clap::Args)]
pub struct Args {
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// Judge as of this day or time: 2027-01-31, 2027-01-31T12:00:00Z [default: now]
    #[arg(long, value_name = "DATE", value_parser = date)]
    at: Option<OffsetDateTime>,
    /// What the certificate is to be [default: what it says itself]
    #[arg(long = "as", value_name = "ROLE")]
    role: Option<Role>,
    /// A name by which the broker is reached (repeatable) [default for HOST: itself]
    #[arg(long, value_name = "NAME|IP")]
    host: Vec<String>,
    /// Warn when a period ends within so many days
    #[arg(long, default_value_t = 30, value_name = "DAYS")]
    warn: u32,
    /// Authorities to trust [default: certs/ca.crt]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// A revocation list to judge by (repeatable) [default: the broker's]
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
    /// The private key that belongs to a FILE
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// How long to wait for a live broker
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Role {
    Server,
    Client,
    Ca,
}

impl From<Role> for As {
    fn from(role: Role) -> Self {
        match role {
            Role::Server => Self::Server,
            Role::Client => Self::Client,
            Role::Ca => Self::Authority,
        }
    }
}

impl Args {
    fn role(&self) -> Option<As> {
        self.role.map(Into::into)
    }

    fn warn(&self) -> Duration {
        Duration::days(i64::from(self.warn))
    }
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let overview = args.targets.is_empty();
    let targets = match args.targets.as_slice() {
        [] => target::everything(context)?,
        names => target::all_named(context, names)?,
    };
    let now = args.at.unwrap_or(context.now);
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let evidence = Evidence::gather(context, args, &targets)?;
    let mut judged: Vec<_> = targets.into_iter().map(|target| examine::examine(args, &evidence, target, now)).collect();
    for finding in judged.iter_mut().flat_map(|judged| &mut judged.findings) {
        finding.hint = finding.hint.take().map(|hint| context.ui.with_folder(&hint));
    }
    Ok(context.ui.report(&Verdicts { judged, now, overview }))
}

/// A day, at its first moment, or a time; both in UTC unless the time says otherwise.
fn date(text: &str) -> Result<OffsetDateTime, String> {
    let day = || Date::parse(text, format_description!("[year]-[month]-[day]")).map(|day| day.midnight().assume_utc());
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| day())
        .map_err(|_| "neither a day (2027-01-31) nor a time (2027-01-31T12:00:00Z)".to_owned())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn dates_are_days_or_times() {
        assert_eq!(date("2027-01-31"), Ok(datetime!(2027-01-31 00:00 UTC)));
        assert_eq!(date("2027-01-31T12:00:00+02:00"), Ok(datetime!(2027-01-31 10:00 UTC)));
        for text in ["", "tomorrow", "31.01.2027", "2027-02-30", "2027-1-1", "99999-01-01"] {
            assert!(date(text).is_err(), "{text}");
        }
    }
}
