//! What `doctor --live` saw of the running broker: facts alone; the rules say what they mean.

use time::OffsetDateTime;

use crate::pki::parsed::Certificate;

#[derive(Clone, Debug, Default)]
pub struct Observation {
    pub listeners: Vec<Seen>,
    /// What the broker says that it is: `2.1.2`.
    pub version: Option<String>,
    /// Which of its files changed since it read them, as `mqsec status` knows it.
    pub not_loaded: Vec<String>,
    /// The broker's clock, where something told it.
    pub clock: Option<OffsetDateTime>,
}

/// One listener of the configuration, dialled.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub port: u16,
    /// Where it was dialled.
    pub host: String,
    /// Why no connection came about.
    pub unreachable: Option<String>,
    /// The certificates that it showed, the leaf first; empty without TLS.
    pub chain: Vec<Certificate>,
    /// Whether a client without a name got in; none where that could not be asked.
    pub anonymous: Option<bool>,
}

impl Observation {
    pub fn at(&self, port: u16) -> Option<&Seen> {
        self.listeners.iter().find(|seen| seen.port == port)
    }
}
