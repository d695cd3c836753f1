//! What the end of a connection means: an alert, a reset, silence.

use std::io;

use rustls::AlertDescription;

use super::Attempt;
use super::tls::Told;
use super::trouble::Stage;
use super::trouble::Trouble;
use super::wire::Wire;
use super::wire::tls_error;

/// What an I/O error means.
pub(super) struct Cause<'a> {
    pub(super) attempt: &'a Attempt<'a>,
    pub(super) told: &'a Told,
}

impl Cause<'_> {
    pub(super) fn of(&self, error: io::Error, stage: Stage, wire: Option<&Wire>) -> Trouble {
        use io::ErrorKind as E;
        let error = match tls_error(error) {
            Ok(error) => return self.tls(error, stage),
            Err(error) => error,
        };
        match error.kind() {
            E::TimedOut | E::WouldBlock => Trouble::Timeout(stage),
            E::BrokenPipe | E::ConnectionReset | E::ConnectionAborted | E::UnexpectedEof | E::WriteZero => {
                let shaken = wire.and_then(Wire::connection).is_some_and(|tls| !tls.is_handshaking());
                self.end(stage, shaken || stage > Stage::Tls)
            }
            E::InvalidData => Trouble::NotMqtt(error.to_string()),
            _ => Trouble::Network { stage, words: error.to_string() },
        }
    }

    /// The stream ended without a word.
    fn end(&self, stage: Stage, shaken: bool) -> Trouble {
        let first_answer = matches!(stage, Stage::Tls | Stage::Websockets | Stage::Mqtt);
        if self.told.certificate_asked() && shaken && first_answer {
            return Trouble::ClosedAfterRequest { had_certificate: self.had_certificate() };
        }
        Trouble::Closed(stage)
    }

    fn had_certificate(&self) -> bool {
        self.attempt.tls.as_ref().is_some_and(|tls| tls.identity.is_some())
    }

    fn tls(&self, error: rustls::Error, stage: Stage) -> Trouble {
        use rustls::Error as E;
        match error {
            E::InvalidCertificate(error) => Trouble::ServerCertificate(error),
            E::AlertReceived(AlertDescription::CloseNotify) => self.end(stage, true),
            E::AlertReceived(AlertDescription::ProtocolVersion) => Trouble::TlsVersion,
            E::PeerIncompatible(rustls::PeerIncompatible::ServerDoesNotSupportTls12Or13) => Trouble::TlsVersion,
            E::AlertReceived(alert) => Trouble::ClientRefused {
                alert,
                had_certificate: self.had_certificate(),
                asked: self.told.certificate_asked(),
            },
            E::InvalidMessage(
                rustls::InvalidMessage::HandshakePayloadTooLarge | rustls::InvalidMessage::CertificatePayloadTooLarge,
            ) => Trouble::ChainTooLarge,
            E::InvalidMessage(_) if stage > Stage::Tls => self.end(stage, true),
            E::InvalidMessage(_) => Trouble::NotTls,
            other => Trouble::Tls(other.to_string()),
        }
    }
}
