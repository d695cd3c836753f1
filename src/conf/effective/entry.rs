//! Who gets in at a listener.

use super::PASSWORD_PLUGIN;
use super::decides;
use crate::conf::reading::Listener;
use crate::conf::reading::Reading;
use crate::series::Series;

/// What a client's certificate has to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// Nobody asks for one.
    None,
    /// Without one of these authorities nobody gets in.
    Required {
        authorities: String,
        /// The list of revoked ones, and whether the broker looks into it.
        revoked: Option<(String, bool)>,
        /// Its common name, or its whole subject, is the user name, and no password is asked for.
        name: Option<&'static str>,
    },
}

/// Why there is nobody who could get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nobody {
    /// `require_certificate true` without `cafile`: no certificate is good enough.
    NoAuthorities,
    /// A certificate's name should be the user's, and no certificate is asked for.
    NameOfNoCertificate,
    /// The same without TLS: 2.0 takes no notice, 2.1 refuses everybody.
    NameWithoutTls,
    /// No password file, no plugin, and anonymous clients are refused.
    NoLogin,
}

impl Nobody {
    pub fn in_words(self) -> &'static str {
        match self {
            Self::NoAuthorities => {
                "`require_certificate` asks for a certificate, and no `cafile` says whose: every one is refused"
            }
            Self::NameOfNoCertificate => {
                "the user name should come from a certificate, and without `require_certificate true` none is asked for"
            }
            Self::NameWithoutTls => "the user name should come from a certificate, and there is no TLS",
            Self::NoLogin => "there is no password file and no plugin, and `allow_anonymous` is not true",
        }
    }
}

/// What a login is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passwords {
    /// Nothing: every name and password is taken, and the name is believed.
    Unchecked,
    /// A password file.
    File(String),
    /// A key that client and broker share.
    SharedKeys(Option<String>),
    /// Plugins, which alone know.
    Plugins(Vec<String>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Nobody(Nobody),
    /// Whoever shows what is asked for.
    Some {
        certificate: Certificate,
        /// None where the certificate says who a client is.
        login: Option<Passwords>,
        /// Whether a client without a user name gets in.
        anonymous: bool,
        /// The user name is the client id, too.
        name_is_client_id: bool,
    },
}

/// How a client knocks, to ask [`Entry::admits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knock {
    WithoutName,
    RightPassword,
    WrongPassword,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Nothing,
    Good,
    Revoked,
}

impl Entry {
    pub(super) fn of(reading: &Reading, listener: &Listener) -> Self {
        // without TLS the options of certificates have no effect
        let tls = listener.is_tls();
        let demanded = tls && listener.options.is_true("require_certificate");
        let name = match () {
            () if listener.options.is_true("use_identity_as_username") => Some("common name"),
            () if listener.options.is_true("use_subject_as_username") => Some("subject"),
            () => None,
        };
        // measured: 2.0.21 takes the login as without the options, 2.1.2 answers CONNACK 4 to everybody; not so with the
        // subject, nor where no certificate is demanded
        let demanded_in_clear = !tls && listener.options.is_true("require_certificate");
        if name == Some("common name") && demanded_in_clear && !listener.is_psk() && reading.series != Series::V20 {
            return Self::Nobody(Nobody::NameWithoutTls);
        }
        let name = name.filter(|_| tls);
        let authorities = listener.options.text("cafile").or(listener.options.text("capath"));
        let certificate = match (demanded, authorities) {
            (false, _) if name.is_some() => return Self::Nobody(Nobody::NameOfNoCertificate),
            (false, _) => Certificate::None,
            (true, None) => return Self::Nobody(Nobody::NoAuthorities),
            (true, Some(authorities)) => Certificate::Required {
                authorities: authorities.to_owned(),
                // libwebsockets of 2.0 is never given the list
                revoked: listener
                    .options
                    .text("crlfile")
                    .map(|list| (list.to_owned(), !(listener.is_websockets() && reading.series == Series::V20))),
                name,
            },
        };
        let login = if name.is_some() { None } else { Some(passwords(reading, listener)) };
        let anonymous = anonymous(reading, listener);
        if login == Some(Passwords::Unchecked) && !anonymous {
            return Self::Nobody(Nobody::NoLogin);
        }
        let name_is_client_id = listener.options.is_true("use_username_as_clientid");
        // who has no name cannot have it for a client id, and is refused (measured on both)
        let anonymous = anonymous && name.is_none() && !name_is_client_id;
        Self::Some { certificate, login, anonymous, name_is_client_id }
    }

    /// Whether this client gets in; None where only a plugin, or a shared key, knows.
    pub fn admits(&self, knock: Knock, shown: Shown) -> Option<bool> {
        let Self::Some { certificate, login, anonymous, .. } = self else { return Some(false) };
        if let Certificate::Required { revoked, .. } = certificate {
            match shown {
                Shown::Nothing => return Some(false),
                Shown::Revoked if revoked.as_ref().is_some_and(|(_, looked_into)| *looked_into) => return Some(false),
                _ => {}
            }
        }
        match (login, knock) {
            (None, _) => Some(true),
            (Some(Passwords::Unchecked), Knock::WithoutName) => Some(*anonymous),
            (Some(Passwords::Unchecked), _) => Some(true),
            (Some(Passwords::Plugins(_) | Passwords::SharedKeys(_)), _) => None,
            (Some(Passwords::File(_)), Knock::WithoutName) => Some(*anonymous),
            (Some(Passwords::File(_)), Knock::RightPassword) => Some(true),
            (Some(Passwords::File(_)), Knock::WrongPassword) => Some(false),
        }
    }

    /// Whether somebody gets in without showing anything that is checked.
    pub fn is_open(&self) -> bool {
        let gets_in = |knock| self.admits(knock, Shown::Nothing) == Some(true);
        gets_in(Knock::WithoutName) || gets_in(Knock::WrongPassword)
    }
}

fn passwords(reading: &Reading, listener: &Listener) -> Passwords {
    let plugins: Vec<_> = reading.plugins_of(listener).collect();
    let deciding: Vec<String> =
        plugins.iter().filter(|plugin| decides(plugin)).map(|plugin| plugin.file_stem().to_owned()).collect();
    let of_plugin = || plugins.iter().find(|plugin| plugin.file_stem() == PASSWORD_PLUGIN)?.option("password_file");
    let file = reading.option(listener, "password_file").or_else(of_plugin);
    match (deciding, file) {
        (deciding, _) if !deciding.is_empty() => Passwords::Plugins(deciding),
        (_, Some(file)) => Passwords::File(file.text.clone()),
        _ if listener.is_psk() => {
            Passwords::SharedKeys(reading.option(listener, "psk_file").map(|file| file.text.clone()))
        }
        _ => Passwords::Unchecked,
    }
}

/// In local only mode the default is the other one.
fn anonymous(reading: &Reading, listener: &Listener) -> bool {
    let local_only = reading.local_only || reading.listeners.is_empty();
    let written = reading.global.has("allow_anonymous");
    if local_only && !written { true } else { reading.allows_anonymous(listener) }
}
