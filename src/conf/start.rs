//! Whether a broker starts with a configuration and the files that it names, and what it then opens.
//!
//! The order is that of the broker (20:mosquitto.c:495-600, 21:mosquitto.c:440-580): options, user, pid file, database,
//! plugins, passwords, ACL, shared keys, then one listener after the other, each with its TLS files. The first thing that
//! fails is the one that it tells. Files of bridges are opened when the bridge connects, and stop nothing.

mod cause;
mod ciphers;
mod files;
mod listeners;
mod tls;

use super::reading::Place;
use super::reading::Reading;
use crate::series::Series;

pub use cause::Cause;
pub use cause::Why;
pub use ciphers::Suits;
pub use ciphers::suits;

/// Why a file gives no contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    Missing,
    /// It is there, and the broker's user may not read it.
    Denied,
    /// It is a folder, or no file at all.
    NoFile,
}

/// What becomes of an attempt to listen on an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    Free,
    /// Another program listens there.
    Taken,
    /// The address is not this machine's.
    NotHere,
    /// The port is below 1024 and the user may not.
    NotPermitted,
    /// The name means no address.
    Unresolved,
}

/// What a start asks of the machine, with the rights that the broker has by then.
pub trait Machine {
    fn read(&self, path: &str) -> Result<Vec<u8>, Unreadable>;

    /// Whether the last part of the path is a symbolic link.
    fn is_link(&self, path: &str) -> bool;

    fn is_folder(&self, path: &str) -> bool;

    /// Whether the file can be written, or made where it is missing.
    fn may_write(&self, path: &str) -> bool;

    /// What happens on listening there; `None` is every address.
    fn port(&self, address: Option<&str>, port: u16) -> Port;

    fn has_user(&self, name: &str) -> bool;

    /// Whether root starts the broker, so that `user` matters.
    fn is_root(&self) -> bool;

    fn has_interface(&self, name: &str) -> bool;
}

/// What comes of the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    Runs(Vec<Opens>),
    Stops(Box<Stop>),
}

/// A listener that the broker opens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opens {
    /// None is every address of IPv4 and IPv6.
    pub address: Option<String>,
    /// The network interface whose addresses these are.
    pub interface: Option<String>,
    pub port: u16,
    pub unix_path: Option<String>,
    /// `mqtt`, `websockets` or `http_api`.
    pub protocol: &'static str,
    pub tls: bool,
    /// Nobody asked for it.
    pub hidden: bool,
}

/// What ends the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    pub cause: Cause,
    /// In the configuration, or in the file that it names.
    pub place: Place,
    /// The broker's exit status.
    pub status: i32,
}

impl Stop {
    fn new(cause: Cause, place: &Place, status: i32) -> Box<Self> {
        Box::new(Self { cause, place: place.clone(), status })
    }
}

/// Invalid input, unknown error, and errno, as the broker numbers its errors.
const INVALID: i32 = 3;
const UNKNOWN: i32 = 13;
const ERRNO: i32 = 14;

/// What a broker of the reading's series does with it on this machine.
pub fn predict(reading: &Reading, machine: &dyn Machine) -> Start {
    match stop(reading, machine) {
        Ok(opens) => Start::Runs(opens),
        Err(stop) => Start::Stops(stop),
    }
}

fn stop(reading: &Reading, machine: &dyn Machine) -> Result<Vec<Opens>, Box<Stop>> {
    let old = reading.series == Series::V20;
    if let Some(problem) = reading.stopped() {
        return Err(Stop::new(Cause::Conf(Box::new(problem.what.clone())), &problem.place, INVALID));
    }
    if let Some(user) = reading.global.last("user").filter(|_| machine.is_root()) {
        let spared = matches!(user.text.as_str(), "root" | "mosquitto");
        if !spared && !machine.has_user(&user.text) {
            let status = if old { 1 } else { INVALID };
            return Err(Stop::new(Cause::User { name: user.text.clone() }, &user.place, status));
        }
    }
    if let Some(pid) = reading.global.last("pid_file").filter(|pid| !machine.may_write(&pid.text)) {
        let status = if old { 1 } else { ERRNO };
        return Err(Stop::new(Cause::PidFile { path: pid.text.clone() }, &pid.place, status));
    }
    files::database(reading, machine)?;
    files::plugins(reading, machine)?;
    files::security(reading, machine)?;
    listeners::open(reading, machine)
}
