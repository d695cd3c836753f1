//! What commands share: each function reads what is there, completes it inside a transaction, and says what it did.

pub mod authority;
pub mod certificates;
pub mod configuration;
pub mod credentials;
pub mod dynsec;
pub mod external;
pub mod fleet;
pub mod host;
pub mod import;
pub mod inventory;
pub mod permissions;
pub mod reach;
pub mod renewal;
pub mod requests;
pub mod revocation;
pub mod rollover;
pub mod session;
pub mod setup;
pub mod timer;
pub mod users;

use time::OffsetDateTime;
use time::macros::format_description;

/// Name of a dated backup folder.
pub fn stamp(now: OffsetDateTime) -> String {
    // to the millisecond, so that a second replacement within a second does not overwrite the first one's backup
    now.format(format_description!("[year]-[month]-[day]T[hour]-[minute]-[second]-[subsecond digits:3]Z"))
        .unwrap_or_default()
}
