//! A session that is open before the broker is told, and must be open afterwards.

use std::time::Duration;

use rustls::pki_types::CertificateDer;

use super::serving;
use super::serving::Door;
use crate::error::Failure;
use crate::mqtt::Attempt;
use crate::mqtt::Conversation;
use crate::mqtt::Identity;
use crate::mqtt::Tls;
use crate::mqtt::Trouble;
use crate::passwd::User;
use crate::provision::configuration;
use crate::provision::credentials;
use crate::provision::credentials::Paths;
use crate::provision::session::Probe;
use crate::provision::setup;
use crate::provision::users;
use crate::secret::Secret;
use crate::workspace::Workspace;

/// Who it is: the first user of `.env`, with the client certificate of that name.
pub(super) struct Witness {
    host: String,
    port: u16,
    trust: Vec<CertificateDer<'static>>,
    /// The name that is asked for in the certificate, where it is not the host's.
    name: Option<String>,
    identity: Option<Identity>,
    user: Option<User>,
    client_id: String,
}

impl Witness {
    /// Nobody, with the reason, where the folder has nobody who could log in.
    pub(super) fn find(workspace: &Workspace, doors: &[Door]) -> Result<Self, String> {
        let words = |failure: Failure| failure.message();
        let probe = Probe::load(workspace).map_err(words)?;
        let user = users::env_file(workspace).map_err(words)?.and_then(|env| env.users.into_iter().next());
        let by_certificate = configuration::identity_is_user(workspace, &probe.listener).map_err(words)?;
        let mut identity = None;
        if probe.listener.require_certificate {
            let user = user.as_ref().ok_or("`.env` names no user, so nobody is known who could log in")?;
            let paths = Paths::of(workspace, Some(&setup::client_of(user)));
            let (cert, key) = paths.pair.as_ref().ok_or("there is no client certificate")?;
            identity = Some(credentials::identity(cert, key).map_err(words)?.0);
        }
        if user.is_none() && !by_certificate {
            return Err("`.env` names no user, so nobody is known who could log in".to_owned());
        }
        // a container's port may be published as another one
        let (host, port) = serving::reached_at(doors, probe.listener.port).unwrap_or((probe.host, probe.listener.port));
        Ok(Self {
            host,
            port,
            trust: probe.trust,
            name: probe.name,
            identity,
            user: user.filter(|_| !by_certificate),
            client_id: format!("mqsec-witness-{}", &Secret::generate().expose()[..10]),
        })
    }

    pub(super) fn attempt(&self) -> Attempt<'_> {
        Attempt {
            tls: Some(Tls { name: self.name.as_deref(), ..Tls::new(&self.trust, self.identity.as_ref()) }),
            login: self.user.as_ref().map(|user| (user.name.as_str(), &user.password)),
            timeout: Duration::from_secs(10),
            ..Attempt::new(&self.host, self.port, self.client_id.clone())
        }
    }

    /// Whether the session outlived the reload; None, with the reason, where it had to end.
    pub(super) fn outcome(
        &self,
        session: Conversation<'_>,
        answered: Result<(), Trouble>,
    ) -> (Option<bool>, Option<String>) {
        let Err(trouble) = answered else {
            session.close();
            return (Some(true), None);
        };
        drop(session);
        // a session whose user may not log in any more is ended by the broker, as it should be
        match Conversation::open(&self.attempt()) {
            Err(again) if again.is_login() => {
                (None, Some(format!("the user of .env may not log in any more: {again}")))
            }
            _ => (Some(false), Some(trouble.to_string())),
        }
    }
}
