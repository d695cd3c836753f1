//! MQTT's bytes, either as they are or in websocket messages.

use std::io;
use std::io::Read;
use std::io::Write;

use tungstenite::HandshakeError;
use tungstenite::Message;
use tungstenite::WebSocket;
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;
use tungstenite::protocol::WebSocketConfig;

use super::wire::Wire;

/// More than any test message.
const LONGEST: usize = 4 << 20;

pub(super) enum Channel {
    Direct(Box<Wire>),
    Websocket(Box<WebSocket<Wire>>),
}

/// Why there are no websockets.
pub(super) enum Upgrade {
    Io(io::Error),
    /// An HTTP server answered, with this status if it speaks HTTP 1.1.
    Refused(Option<u16>),
    /// Something else answered.
    NotHttp(String),
}

impl Channel {
    /// Asks for websockets with MQTT's subprotocol, without which Mosquitto closes the connection.
    pub(super) fn upgrade(wire: Wire, host: &str, port: u16, path: &str) -> Result<Self, Upgrade> {
        let no = |error: &dyn std::fmt::Display| Upgrade::NotHttp(error.to_string());
        let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
        let scheme = if wire.connection().is_some() { "wss" } else { "ws" };
        let slash = if path.starts_with('/') { "" } else { "/" };
        let mut request =
            format!("{scheme}://{host}:{port}{slash}{path}").into_client_request().map_err(|error| no(&error))?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("mqtt"));
        let config = WebSocketConfig::default().max_message_size(Some(LONGEST)).max_frame_size(Some(LONGEST));
        match tungstenite::client::client_with_config(request, wire, Some(config)) {
            Ok((socket, _response)) => Ok(Self::Websocket(Box::new(socket))),
            Err(HandshakeError::Interrupted(_)) => Err(Upgrade::Io(io::ErrorKind::TimedOut.into())),
            Err(HandshakeError::Failure(error)) => Err(upgrade_error(error)),
        }
    }

    pub(super) fn wire(&mut self) -> &mut Wire {
        match self {
            Self::Direct(wire) => wire,
            Self::Websocket(socket) => socket.get_mut(),
        }
    }

    /// Queues bytes; they leave at the next [`Channel::flush`], or with the TLS handshake.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Direct(wire) => wire.write_all(bytes),
            Self::Websocket(socket) => socket.write(Message::binary(bytes.to_vec())).map_err(io_error),
        }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Direct(wire) => wire.flush(),
            Self::Websocket(socket) => socket.flush().map_err(io_error),
        }
    }

    /// Adds what comes to the inbox; false at the end of the stream.
    pub(super) fn receive(&mut self, inbox: &mut Vec<u8>) -> io::Result<bool> {
        match self {
            Self::Direct(wire) => {
                let mut buffer = [0; 4096];
                let count = wire.read(&mut buffer)?;
                inbox.extend_from_slice(&buffer[..count]);
                Ok(count > 0)
            }
            Self::Websocket(socket) => match socket.read() {
                Ok(Message::Binary(bytes)) => {
                    inbox.extend_from_slice(&bytes);
                    Ok(true)
                }
                Ok(Message::Close(_)) => Ok(false),
                Ok(_) => Ok(true),
                Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) => Ok(false),
                Err(tungstenite::Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)) => {
                    Ok(false)
                }
                Err(error) => Err(io_error(error)),
            },
        }
    }

    /// Says goodbye on every layer.
    pub(super) fn close(&mut self) {
        if let Self::Websocket(socket) = self {
            let _ = socket.close(None);
            let _ = socket.flush();
        }
        self.wire().close();
    }
}

fn upgrade_error(error: tungstenite::Error) -> Upgrade {
    use tungstenite::Error as E;
    match error {
        E::Io(error) => Upgrade::Io(error),
        E::Http(response) => Upgrade::Refused(Some(response.status().as_u16())),
        E::Protocol(tungstenite::error::ProtocolError::WrongHttpVersion) => Upgrade::Refused(None),
        // it closed in place of an answer
        E::ConnectionClosed | E::Protocol(tungstenite::error::ProtocolError::HandshakeIncomplete) => {
            Upgrade::Io(io::ErrorKind::UnexpectedEof.into())
        }
        other => Upgrade::NotHttp(other.to_string()),
    }
}

fn io_error(error: tungstenite::Error) -> io::Error {
    match error {
        tungstenite::Error::Io(error) => error,
        other => io::Error::new(io::ErrorKind::InvalidData, other.to_string()),
    }
}
