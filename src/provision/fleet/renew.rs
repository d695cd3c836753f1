//! Devices whose files are in the folder get new certificates, some hundred in one change, signed by all processors.

use std::num::NonZero;
use std::thread;

use time::Duration;
use time::OffsetDateTime;

use crate::error::Failure;
use crate::pki::authority::Authority;
use crate::provision::renewal;
use crate::provision::renewal::Limit;
use crate::provision::renewal::Office;
use crate::provision::renewal::Renewed;
use crate::provision::renewal::Signed;
use crate::provision::renewal::Target;
use crate::provision::renewal::Verdict;
use crate::secret::random_bytes;
use crate::workspace::Transaction;
use crate::workspace::Workspace;

pub struct Wish {
    pub limit: Limit,
    pub rekey: bool,
    /// None: as long as the list had it.
    pub days: Option<u32>,
    /// The ends are moved forward by up to so many hundredths of the life.
    pub jitter: u32,
}

/// A device, and how long its certificates last.
#[derive(Clone, Debug)]
pub struct One {
    pub target: Target,
    pub days: u32,
}

/// As many are changed at once: each has four files, and a process may have a thousand open.
pub const CHUNK: usize = 200;
/// With new keys it has eight.
pub const CHUNK_WITH_KEYS: usize = 100;

pub enum Done {
    Renewed(Box<Renewed>),
    /// It was not due any more, or is not for this command; and why.
    Left(String),
    Failed(Failure),
}

/// What is read and unlocked once for all chunks.
pub struct Desk {
    office: Office,
    issuer: Authority,
}

impl Desk {
    pub fn open(workspace: &Workspace, now: OffsetDateTime) -> Result<Self, Failure> {
        let change = Transaction::begin(workspace)?;
        let office = Office::open(&change, now)?;
        let issuer = office.hierarchy.unlock(&change, now)?;
        Ok(Self { office, issuer })
    }

    /// Renews some, in one change; gives what became of each, in their order.
    pub fn renew(
        self,
        workspace: &Workspace,
        devices: &[One],
        wish: &Wish,
        now: OffsetDateTime,
    ) -> Result<(Self, Vec<Done>), Failure> {
        let mut change = Transaction::begin(workspace)?;
        let Self { office, mut issuer } = self;
        // somebody may have changed the authority, or revoked one of these
        let mut office = office.again(&change, now)?;
        if office.hierarchy.issuer().der != issuer.certificate.der {
            issuer = office.hierarchy.unlock(&change, now)?;
        }
        let signed = sign_all(&change, (&office, &issuer), devices, wish, now);
        let (mut done, mut renewed) = (Vec::with_capacity(devices.len()), Vec::new());
        for one in signed {
            match one {
                Ok(Ok(signed)) => {
                    done.push(None);
                    renewed.push(renewal::write(&mut change, &office, signed, now)?);
                }
                Ok(Err(why)) => done.push(Some(Done::Left(why))),
                Err(failure) => done.push(Some(Done::Failed(failure))),
            }
        }
        office.noted(&renewed);
        change.commit()?;
        let mut renewed = renewed.into_iter();
        let done = done
            .into_iter()
            .filter_map(|done| done.or_else(|| renewed.next().map(|renewed| Done::Renewed(Box::new(renewed)))));
        let done = done.collect();
        Ok((Self { office, issuer }, done))
    }
}

/// A certificate, or why there is none.
type Answer = Result<Result<Signed, String>, Failure>;

fn sign_all(
    change: &Transaction<'_>,
    desk: (&Office, &Authority),
    devices: &[One],
    wish: &Wish,
    now: OffsetDateTime,
) -> Vec<Answer> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = devices.len().div_ceil(cores).max(1);
    let sign =
        |share: &[One]| -> Vec<Answer> { share.iter().map(|device| sign(change, desk, device, wish, now)).collect() };
    let sign = &sign;
    thread::scope(|scope| {
        let workers: Vec<_> = devices.chunks(share).map(|share| scope.spawn(move || sign(share))).collect();
        let done = workers.into_iter().zip(devices.chunks(share));
        // a worker that did not come back has its devices done here
        done.flat_map(|(worker, share)| worker.join().unwrap_or_else(|_| sign(share))).collect()
    })
}

fn sign(
    change: &Transaction<'_>,
    desk: (&Office, &Authority),
    device: &One,
    wish: &Wish,
    now: OffsetDateTime,
) -> Answer {
    let asked = renewal::Wish { limit: wish.limit, rekey: wish.rekey, days: wish.days };
    let due = match renewal::judge(change, desk.0, &device.target, &asked, now) {
        Verdict::Due(due) => due,
        Verdict::Fresh(_) => return Ok(Err("it is not due any more".to_owned())),
        Verdict::Left(why) => return Ok(Err(why)),
        Verdict::Failed(failure) => return Err(failure),
    };
    let key = due.make_key()?;
    let days = wish.days.unwrap_or(device.days);
    let signed = renewal::sign(change, desk, &due, key.as_ref(), (Some(days), sooner(days, wish.jitter)), now)?;
    Ok(signed.ok_or_else(|| "another mqsec has renewed it".to_owned()))
}

/// A moment of the last part of its life, at random.
fn sooner(days: u32, jitter: u32) -> Duration {
    let most = u64::from(days) * 86_400 * u64::from(jitter) / 100;
    let random = u64::from_le_bytes(random_bytes());
    Duration::seconds(i64::try_from(random % (most + 1)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_moved_within_their_part_and_not_all_alike() {
        let day = |days| Duration::days(days);
        let all: Vec<Duration> = (0..200).map(|_| sooner(100, 10)).collect();
        assert!(all.iter().all(|one| (Duration::ZERO..=day(10)).contains(one)));
        assert!(all.iter().any(|one| *one < day(2)) && all.iter().any(|one| *one > day(8)), "{all:?}");
        assert_eq!(sooner(100, 0), Duration::ZERO);
    }
}
