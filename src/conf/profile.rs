//! What `conf init` and `up` write: a profile, and the wishes that change it.
//!
//! There is one renderer. The first line of what it writes is the command that writes the same again, so a file that
//! nobody changed since is recognised by rendering that command once more ([`Wishes::recognise`]).

pub mod listener;
mod problem;
mod render;
mod wishes;

use clap::ValueEnum;

pub use listener::Kind;
pub use listener::Listener;
pub use problem::Problem;
pub use render::render;
pub use wishes::ConfPath;
pub use wishes::Expiry;
pub use wishes::LogLevel;
pub use wishes::PluginDir;
pub use wishes::Switch;
pub use wishes::Wishes;

/// What the broker asks of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// A client certificate and a password
    #[default]
    #[value(name = "password+cert")]
    PasswordAndCert,
    /// A password; TLS without client certificates
    #[value(name = "password")]
    Password,
    /// A client certificate, whose common name is user name and client id; no passwords
    #[value(name = "cert")]
    Cert,
    /// A password; a public certificate, with TLS, secure websockets, and MQTT in clear inside of the machine
    #[value(name = "letsencrypt")]
    LetsEncrypt,
    /// Nothing: anonymous clients of this machine alone, for development
    #[value(name = "dev")]
    Dev,
    /// Certificate and password on a small computer: nothing is written to its card
    #[value(name = "pi")]
    Pi,
}

impl Profile {
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Whether clients log in with a user and a password.
    pub fn asks_password(self) -> bool {
        !matches!(self, Self::Cert | Self::Dev)
    }

    /// Whether TLS listeners demand a client certificate.
    pub fn asks_certificate(self) -> bool {
        matches!(self, Self::PasswordAndCert | Self::Cert | Self::Pi)
    }

    /// Whether `up` can prove it: it needs a listener with TLS.
    pub fn can_be_proven(self) -> bool {
        self != Self::Dev
    }
}
