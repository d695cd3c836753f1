//! A first knock at the broker's door: enough to see that it answers with TLS, without a login.

use std::time::Duration;

use rustls::pki_types::CertificateDer;

use super::configuration;
use super::credentials;
use super::external;
use crate::conf::Listener;
use crate::error::Failure;
use crate::mqtt;
use crate::mqtt::Attempt;
use crate::mqtt::Identity;
use crate::mqtt::Tls;
use crate::workspace::Workspace;
use crate::workspace::layout;

/// Where this folder's broker listens, and whom its clients trust.
pub struct Probe {
    pub host: String,
    pub listener: Listener,
    pub trust: Vec<CertificateDer<'static>>,
    /// The name that is asked for in place of the host, where another authority's certificate does not have that.
    pub name: Option<String>,
}

impl Probe {
    pub fn load(workspace: &Workspace) -> Result<Self, Failure> {
        let Some(listener) = configuration::read_listener(workspace)? else {
            return Err(configuration::missing(workspace).into());
        };
        let host = mqtt::dial_host(listener.address.as_deref());
        let own = credentials::broker_trust(workspace, &workspace.path(layout::CA_CERT))?;
        Ok(Self {
            name: external::name_to_ask(workspace, &host),
            host,
            listener,
            trust: own.into_iter().map(|certificate| certificate.der).collect(),
        })
    }

    pub fn tls<'a>(&'a self, identity: Option<&'a Identity>) -> Tls<'a> {
        Tls { name: self.name.as_deref(), ..Tls::new(&self.trust, identity) }
    }

    pub fn knock(&self) -> Attempt<'_> {
        Attempt {
            tls: Some(self.tls(None)),
            timeout: Duration::from_secs(5),
            ..Attempt::new(&self.host, self.listener.port, "mqsec-knock".to_owned())
        }
    }
}
