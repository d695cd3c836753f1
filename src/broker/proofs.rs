//! The proofs: who must get in does, and who must not is refused by the broker itself, for the right reason.

use rustls::pki_types::CertificateDer;
use time::OffsetDateTime;

use crate::error::Diagnose;
use crate::error::Failure;
use crate::mqtt;
use crate::mqtt::Attempt;
use crate::mqtt::Identity;
use crate::mqtt::Tls;
use crate::mqtt::Trip;
use crate::mqtt::Trouble;
use crate::passwd::User;
use crate::pki::authority::Authority;
use crate::pki::authority::Request;
use crate::pki::authority::Role;
use crate::pki::keys;
use crate::pki::keys::KeyType;
use crate::secret::Secret;

/// Where and with what the proofs are made.
pub struct Bench<'a> {
    pub host: &'a str,
    pub port: u16,
    pub trust: &'a [CertificateDer<'static>],
    /// The name that is asked for, in place of the host.
    pub name: Option<&'a str>,
    pub identity: &'a Identity,
    pub user: &'a User,
    /// Whether the listener demands client certificates.
    pub require_certificate: bool,
    /// Whether the certificate alone tells who a client is, and a login is not looked at.
    pub identity_is_user: bool,
    pub authority_name: &'a str,
    /// Another user, and a topic that the ACL gives to somebody else.
    pub intruder: Option<(&'a User, &'a str)>,
    pub now: OffsetDateTime,
}

/// One sentence about the broker, and whether it holds.
#[derive(Clone, Debug)]
pub struct Proof {
    pub who: String,
    pub expected: &'static str,
    pub holds: bool,
    /// What was seen, in words.
    pub seen: String,
}

pub const TOPIC: &str = "test/connection";

/// Makes all proofs, in a fixed order.
pub fn all(bench: &Bench<'_>) -> Result<Vec<Proof>, Failure> {
    let wrong = Secret::generate();
    let stranger = format!("nobody-{}", Secret::generate().expose());
    let (user, password) = (bench.user.name.as_str(), &bench.user.password);
    let own = Some(bench.identity);
    let mut proofs = match bench.identity_is_user {
        // no password at all: the broker would not look at it, and so cannot refuse a wrong one
        true => vec![admitted(format!("certificate `{user}`"), &bench.attempt(own, None, Some(TOPIC)))],
        false => vec![
            admitted(format!("user `{user}`"), &bench.attempt(own, Some((user, password)), Some(TOPIC))),
            refused("a wrong password", &bench.attempt(own, Some((user, &wrong)), None), Trouble::is_login),
            refused("an unknown user", &bench.attempt(own, Some((&stranger, password)), None), Trouble::is_login),
            refused("no user and password", &bench.attempt(own, None, None), Trouble::is_login),
        ],
    };
    if bench.require_certificate {
        let foreign = bench.foreign_identity()?;
        let login = Some((user, password));
        proofs.push(refused("no client certificate", &bench.attempt(None, login, None), |trouble| {
            trouble.code() == "tls-client-certificate-missing"
        }));
        proofs.push(refused(
            "a certificate of another authority",
            &bench.attempt(Some(&foreign), login, None),
            |trouble| matches!(trouble, Trouble::ClientRefused { .. } | Trouble::ClosedAfterRequest { .. }),
        ));
    }
    if let Some((other, topic)) = bench.intruder {
        let name = other.name.as_str();
        let attempt = bench.attempt(own, Some((name, &other.password)), Some(topic));
        let is_denied = |trouble: &Trouble| matches!(trouble, Trouble::Publish { code: 0x87, .. });
        proofs.push(refused(&format!("user `{name}` in `{topic}`"), &attempt, is_denied));
    }
    let plain = Attempt { tls: None, ..bench.attempt(None, Some((user, password)), None) };
    // nothing secret goes out in clear: the login is the stranger's
    let plain = Attempt { login: Some((&stranger, &wrong)), ..plain };
    proofs.push(refused("plain text without TLS", &plain, |trouble| {
        matches!(trouble, Trouble::Closed(_) | Trouble::NotMqtt(_) | Trouble::Tls(_))
    }));
    Ok(proofs)
}

impl Bench<'_> {
    pub fn attempt<'a>(
        &'a self,
        identity: Option<&'a Identity>,
        login: Option<(&'a str, &'a Secret)>,
        topic: Option<&'a str>,
    ) -> Attempt<'a> {
        Attempt {
            tls: Some(Tls { name: self.name, ..Tls::new(self.trust, identity) }),
            login,
            trip: topic.map(Trip::to),
            ..Attempt::new(self.host, self.port, client_id("proof"))
        }
    }

    /// A client certificate of an authority that has our authority's name, and is another.
    fn foreign_identity(&self) -> Result<Identity, Failure> {
        let name = self.authority_name.parse().or_else(|_| "another authority".parse())?;
        let (authority, _, _) = Authority::create(&name, 1, KeyType::P256, self.now)?;
        let request =
            Request { common_name: "stranger".parse()?, role: Role::Client, days: 1, key_type: KeyType::P256 };
        let issued = authority.issue(&request, self.now)?;
        Ok(Identity {
            chain: vec![issued.certificate.der],
            key: keys::parse_der(&issued.key_pem, "the stranger's key")?,
        })
    }
}

/// An identifier that no other client has, so that nobody is thrown out.
pub fn client_id(purpose: &str) -> String {
    format!("mqsec-{purpose}-{}", &Secret::generate().expose()[..10])
}

fn admitted(who: String, attempt: &Attempt<'_>) -> Proof {
    let expected = "gets in";
    let outcome = mqtt::attempt(attempt);
    match outcome.result {
        Ok(()) => {
            let version = outcome.seen.tls_version.unwrap_or("no TLS");
            Proof { who, expected, holds: true, seen: format!("its message came back ({version})") }
        }
        Err(trouble) => Proof { who, expected, holds: false, seen: trouble.to_string() },
    }
}

fn refused(who: &str, attempt: &Attempt<'_>, right_reason: impl Fn(&Trouble) -> bool) -> Proof {
    let (holds, seen) = match mqtt::attempt(attempt).result {
        Ok(()) => (false, "it got in".to_owned()),
        Err(trouble) if right_reason(&trouble) => (true, evidence(&trouble)),
        Err(trouble) => (false, format!("not proven: {trouble}")),
    };
    Proof { who: who.to_owned(), expected: "is refused", holds, seen }
}

/// What the broker itself said.
fn evidence(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Connack { code, .. } => format!("CONNACK {code}, not authorised"),
        Trouble::ClientRefused { alert, .. } => format!("TLS alert {}, {alert:?}", u8::from(*alert)),
        Trouble::ClosedAfterRequest { .. } => "connection closed after the certificate request".to_owned(),
        Trouble::Publish { code, .. } => format!("PUBACK {code}, not authorised"),
        Trouble::Closed(_) => "connection closed".to_owned(),
        other => other.to_string(),
    }
}
