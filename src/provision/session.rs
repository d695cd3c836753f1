//! A first knock at the broker's door: enough to see that it answers with TLS, without a login.

use std::time::Duration;

use rustls::pki_types::CertificateDer;

use super::configuration;
use super::credentials;
use crate::conf::Listener;
use crate::error::Failure;
use crate::mqtt;
use crate::mqtt::Attempt;
use crate::mqtt::Tls;
use crate::workspace::Workspace;
use crate::workspace::layout;

/// Where this folder's broker listens, and whom its clients trust.
pub struct Probe {
    pub host: String,
    pub listener: Listener,
    pub trust: Vec<CertificateDer<'static>>,
}

impl Probe {
    pub fn load(workspace: &Workspace) -> Result<Self, Failure> {
        let Some(listener) = configuration::read_listener(workspace)? else {
            return Err(configuration::missing(workspace).into());
        };
        Ok(Self {
            host: mqtt::dial_host(listener.address.as_deref()),
            listener,
            trust: credentials::trust_der(&workspace.path(layout::CA_CERT))?,
        })
    }

    pub fn knock(&self) -> Attempt<'_> {
        Attempt {
            tls: Some(Tls::new(&self.trust, None)),
            timeout: Duration::from_secs(5),
            ..Attempt::new(&self.host, self.listener.port, "mqsec-knock".to_owned())
        }
    }
}
