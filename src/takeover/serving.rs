//! What the listeners show in a handshake: the certificate that is on the disk, or another one.

use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use rustls::pki_types::CertificateDer;

use super::Served;
use super::loaded::is_stuck;
use crate::broker::Engine;
use crate::broker::other::Target;
use crate::checks::Subject;
use crate::conf::reading::Listener;
use crate::conf::reading::Reading;
use crate::mqtt;
use crate::mqtt::Peek;
use crate::pki::parsed::Certificate;
use crate::workspace::Workspace;
use crate::workspace::fs;

/// A broker that was told reads its files at once; one with many clients and slow hashes takes some seconds.
const PATIENCE: Duration = Duration::from_secs(15);
/// One handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// A TLS listener, and what it ought to show.
pub(super) struct Door {
    name: String,
    /// None where it is not reached from this machine.
    at: Option<(String, u16)>,
    leaf: Certificate,
    /// Where that lies.
    file: PathBuf,
    /// It shows the old one until the broker is started anew.
    stuck: bool,
    /// What it showed before the broker was told.
    before: Option<CertificateDer<'static>>,
}

/// Every TLS listener of the configuration that clients use.
pub(super) fn doors(workspace: &Workspace, subject: &Subject, reading: &Reading, engine: &Engine) -> Vec<Door> {
    let door = |listener: &Listener| {
        let path = subject.resolve(&listener.options.last("certfile")?.text);
        let read = subject.certificates(&path)?;
        let leaf = read.as_ref().as_ref().ok()?.list.first()?.clone();
        let name = match listener.is_websockets() {
            true => format!("{} (websockets)", listener.port),
            false => listener.port.to_string(),
        };
        let at = address(subject, listener, engine);
        let file = workspace.path(&path);
        Some(Door { name, at, leaf, file, stuck: is_stuck(listener, reading.series), before: None })
    };
    let counts = |listener: &&Listener| listener.is_tls() && !listener.is_http_api() && listener.unix_path.is_none();
    reading.listeners.iter().filter(counts).filter_map(door).collect()
}

/// Where this machine reaches a listener: of a container, as its ports are published.
fn address(subject: &Subject, listener: &Listener, engine: &Engine) -> Option<(String, u16)> {
    let in_container = match engine {
        Engine::Docker(_) => true,
        Engine::Native(_) => false,
        Engine::Other(other) => matches!(other.target, Target::Container(_)),
    };
    let direct = || (mqtt::dial_host(listener.address.as_deref()), listener.port);
    let Some(service) = subject.service().filter(|_| in_container) else { return Some(direct()) };
    if service.network_mode.as_ref().is_some_and(|mode| mode.value == "host") {
        return Some(direct());
    }
    if listener.is_local() {
        return None;
    }
    let holds = |range: (u16, u16)| (range.0..=range.1).contains(&listener.port);
    let port = service.ports.iter().find(|port| port.host.is_some() && holds(port.container))?;
    let host = port.host?.0 + (listener.port - port.container.0);
    Some((mqtt::dial_host(port.address.as_deref()), host))
}

/// Remembers what each listener shows before the broker is told.
pub(super) fn look_before(doors: &mut [Door]) {
    for door in doors {
        door.before = door.shown().ok();
    }
}

/// Whether a listener that could have it shows another certificate than the one on the disk.
pub(super) fn is_behind(doors: &[Door]) -> bool {
    let differs = |door: &Door| !door.stuck && door.shown().is_ok_and(|shown| shown != door.leaf.der);
    doors.iter().any(differs)
}

/// Takes over what was remembered of the same listeners.
pub(super) fn remember(doors: &mut [Door], earlier: &[Door]) {
    for door in doors {
        let known = earlier.iter().find(|known| known.name == door.name);
        door.before = known.and_then(|known| known.before.clone());
    }
}

/// Where the listener of a port is reached.
pub(super) fn reached_at(doors: &[Door], port: u16) -> Option<(String, u16)> {
    doors.iter().find(|door| door.name == port.to_string())?.at.clone()
}

/// Two handshakes on the first listener that can be reached: a broker that has answered both has come round to its
/// signals in between.
pub(super) fn knock_twice(doors: &[Door]) {
    if let Some(door) = doors.iter().find(|door| door.at.is_some()) {
        let _ = door.shown().and_then(|_| door.shown());
    }
}

/// Asks until each listener shows what is on the disk, or it is known that it does not.
pub(super) fn ask(doors: &mut [Door], authorities: &[Certificate]) -> Vec<Served> {
    let end = Instant::now() + PATIENCE;
    loop {
        let seen: Vec<Result<CertificateDer<'static>, String>> = doors.iter().map(Door::shown).collect();
        // another mqsec may have put a newer one there, and told the broker of it
        for (door, seen) in doors.iter_mut().zip(&seen) {
            if seen.as_ref().is_ok_and(|seen| *seen != door.leaf.der) {
                door.look_again();
            }
        }
        let waits = |(door, seen): (&Door, &Result<CertificateDer<'static>, String>)| {
            door.at.is_some() && !door.stuck && seen.as_ref().ok() != Some(&door.leaf.der)
        };
        if Instant::now() >= end || !doors.iter().zip(&seen).any(waits) {
            return doors.iter().zip(seen).map(|(door, seen)| door.served(seen, authorities)).collect();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Door {
    /// The certificate that is shown now.
    fn shown(&self) -> Result<CertificateDer<'static>, String> {
        let Some((host, port)) = &self.at else { return Err("it is not reached from this machine".to_owned()) };
        let peek = Peek { host, port: *port, name: None, version: None, timeout: HANDSHAKE };
        match mqtt::peek(&peek) {
            Ok(peeked) => peeked.chain.into_iter().next().ok_or_else(|| "it showed no certificate".to_owned()),
            Err(trouble) => Err(trouble.to_string()),
        }
    }

    /// What is on the disk now.
    fn look_again(&mut self) {
        let bytes = fs::read(&self.file).ok().flatten();
        let found = bytes.and_then(|bytes| Certificate::all_from_pem(&bytes, "").ok());
        if let Some(leaf) = found.and_then(|found| found.into_iter().next()) {
            self.leaf = leaf;
        }
    }

    fn served(&self, seen: Result<CertificateDer<'static>, String>, authorities: &[Certificate]) -> Served {
        let (shown, mut note) = match seen {
            Ok(der) => (Certificate::from_der(der), None),
            Err(words) => (None, Some(words)),
        };
        let fits = self.at.is_none() || shown.as_ref().is_some_and(|shown| shown.der == self.leaf.der);
        if let Some(shown) = shown.as_ref().filter(|_| !fits) {
            let is_old = self.before.as_ref() == Some(&shown.der);
            let is_ours = authorities.iter().any(|authority| shown.raw_issuer == authority.raw_subject);
            note = Some(match () {
                () if self.stuck => {
                    "Mosquitto 2.0 reads the certificate of secure websockets at its start alone: it needs a restart"
                        .to_owned()
                }
                () if !is_ours => format!(
                    "another program answers there, or the broker has other files: it shows a certificate of `{}`",
                    shown.issuer
                ),
                () if is_old => "it shows the old certificate still; see why: mqsec logs".to_owned(),
                () => "it shows another certificate of this authority".to_owned(),
            });
        }
        Served {
            listener: self.name.clone(),
            expected_serial: self.leaf.serial.clone(),
            served_serial: shown.map(|shown| shown.serial),
            fits,
            note,
        }
    }
}
