//! The broker is asked: do devices that were just issued get in, and is one refused on another one's topic?

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use crate::acl::Access;
use crate::broker::proofs::client_id;
use crate::commands::taking_over::Taken;
use crate::conf::Listener;
use crate::context::Context;
use crate::error::Diagnose;
use crate::error::Failure;
use crate::mqtt;
use crate::mqtt::Attempt;
use crate::mqtt::Identity;
use crate::mqtt::Tls;
use crate::mqtt::Trip;
use crate::mqtt::Trouble;
use crate::pki::input;
use crate::pki::keys;
use crate::provision::configuration;
use crate::provision::credentials;
use crate::provision::fleet::worker::Sample;
use crate::workspace::layout;

/// One sentence about the broker, and whether it holds.
pub(super) struct Proof {
    pub(super) what: String,
    pub(super) holds: bool,
    pub(super) seen: String,
}

impl Proof {
    pub(super) fn json(&self) -> Value {
        json!({ "what": self.what, "holds": self.holds, "seen": self.seen })
    }
}

/// Asks with a few devices, where a broker of this folder runs.
pub(super) fn all(context: &Context<'_>, taken: &Taken, samples: &[Sample]) -> Result<Vec<Proof>, Failure> {
    let listeners = configuration::listeners(&context.workspace)?;
    let Some(listener) = listeners.iter().find(|one| one.tls && !one.websockets) else { return Ok(Vec::new()) };
    if taken.outcome.is_none() || !taken.holds() {
        return Ok(Vec::new());
    }
    let anchors = credentials::broker_trust(&context.workspace, &context.workspace.path(layout::CA_CERT))?;
    let trust: Vec<_> = anchors.into_iter().map(|certificate| certificate.der).collect();
    let mut proofs = Vec::new();
    for (at, sample) in samples.iter().enumerate() {
        let Some(identity) = identity(sample) else { continue };
        let ask = |topic: Option<&str>| attempt(listener, &trust, &identity, sample, topic);
        let own = own_topic(sample, true);
        let (admitted, seen) = match ask(own.as_deref()) {
            Ok(()) if own.is_some() => (true, "got in, and its message came back".to_owned()),
            Ok(()) => (true, "got in".to_owned()),
            // no login of its own, and the listener wants one: the certificate was good
            Err(trouble) if sample.password.is_none() && trouble.is_login() => continue,
            Err(trouble) => (false, format!("{trouble} [{}]", trouble.code())),
        };
        proofs.push(Proof { what: format!("device `{}` gets in", sample.name), holds: admitted, seen });
        let neighbour = samples.iter().cycle().skip(at + 1).take(samples.len() - 1);
        let theirs = neighbour.filter_map(|other| Some((other, own_topic(other, false)?)));
        let foreign = theirs.filter(|(other, topic)| other.user != sample.user && is_own_alone(other, sample, topic));
        if let Some((other, topic)) = foreign.take(1).next().filter(|_| admitted) {
            let (holds, seen) = match ask(Some(&topic)) {
                Err(Trouble::Publish { code: 0x87, .. }) => (true, "refused: not authorized".to_owned()),
                Ok(()) => (false, "was let through: look at the ACL, mqsec acl why".to_owned()),
                Err(trouble) => (false, format!("{trouble} [{}]", trouble.code())),
            };
            proofs.push(Proof {
                what: format!("device `{}` in `{topic}` of `{}`", sample.name, other.name),
                holds,
                seen,
            });
        }
    }
    Ok(proofs)
}

fn identity(sample: &Sample) -> Option<Identity> {
    let key = keys::parse_der(sample.key_pem.as_ref()?, "the device's key").ok()?;
    let chain = input::certificates(sample.chain_pem.as_bytes(), "the device's certificate").ok()?.list;
    Some(Identity { chain: chain.into_iter().map(|certificate| certificate.der).collect(), key })
}

fn attempt(
    listener: &Listener,
    trust: &[rustls::pki_types::CertificateDer<'static>],
    identity: &Identity,
    sample: &Sample,
    topic: Option<&str>,
) -> Result<(), Trouble> {
    let host = mqtt::dial_host(listener.address.as_deref());
    let login = sample.password.as_ref().map(|password| (sample.user.as_str(), password));
    let attempt = Attempt {
        tls: Some(Tls::new(trust, Some(identity))),
        login,
        trip: topic.map(Trip::to),
        timeout: Duration::from_secs(10),
        ..Attempt::new(&host, listener.port, client_id("fleet"))
    };
    mqtt::attempt(&attempt).result
}

/// A topic below one of its filters, which it may write, and read where that is asked.
fn own_topic(sample: &Sample, read: bool) -> Option<String> {
    let fits = |grant: crate::acl::Grant| grant.allows(Access::Write) && (!read || grant.allows(Access::Read));
    let filter = sample.topics.iter().find(|topic| fits(topic.grant)).map(|topic| topic.filter.as_str())?;
    Some(crate::acl::topic_below(filter, "mqsec-proof"))
}

/// Whether a topic is one device's and not the other's, by their names: what a group shares proves nothing.
fn is_own_alone(owner: &Sample, other: &Sample, topic: &str) -> bool {
    let has = |name: &str| topic.split('/').any(|level| level == name);
    has(&owner.name) && !has(&other.name)
}
