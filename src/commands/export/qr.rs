//! A QR code for the terminal: what a phone or a device needs to find the broker and to know it.

use qrcodegen::QrCode;
use qrcodegen::QrCodeEcc;
use serde_json::json;
use zeroize::Zeroizing;

use crate::error::Failure;
use crate::error::Plain;
use crate::export::Broker;
use crate::secret::Secret;

/// The widest that a terminal of 80 columns shows, with four blanks on each side.
const WIDEST: i32 = 72;

pub(super) struct Code {
    code: QrCode,
    /// What is in it, for JSON; nothing where the password is.
    pub(super) payload: Option<String>,
}

pub(super) fn code(
    broker: &Broker,
    user: Option<&str>,
    password: Option<&Secret>,
    fingerprint: &str,
) -> Result<Code, Failure> {
    let host = if broker.host.contains(':') { format!("[{}]", broker.host) } else { broker.host.clone() };
    let mut payload = json!({
        "url": format!("mqtts://{host}:{}", broker.port),
        "ca_sha256": fingerprint.replace(':', "").to_lowercase(),
    });
    if let Some(user) = user {
        payload["user"] = user.into();
    }
    if let Some(password) = password {
        payload["password"] = password.expose().into();
    }
    let text = Zeroizing::new(ascii(&payload.to_string()));
    let code = QrCode::encode_text(&text, QrCodeEcc::Low).ok().filter(|code| code.size() <= WIDEST);
    let Some(code) = code else {
        return Err(Plain::new("qr-too-large", format!("{} bytes make a QR code that no terminal shows", text.len()))
            .hint("leave --qr-with-password out, or hand the files over")
            .into());
    };
    Ok(Code { code, payload: password.is_none().then(|| text.to_string()) })
}

/// JSON in ASCII alone: a code does not tell its encoding, and readers guess (zbar takes an `ü` for Chinese).
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter.is_ascii() {
            true => text.push(letter),
            false => letter.encode_utf16(&mut [0; 2]).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    text
}

impl Code {
    /// Two rows of modules a line, black on white whatever the terminal's colours are, with the blank border that readers
    /// need. Where colours are taken out, the blocks are the dark ones: as on paper.
    /// A terminal that has not the room would break its lines, and nobody could read it.
    pub(super) fn text(&self, room: Option<usize>) -> String {
        const BORDER: i32 = 4;
        let mut text = String::new();
        let size = self.code.size();
        let width = usize::try_from(size + 2 * BORDER).unwrap_or_default();
        if let Some(room) = room.filter(|room| *room < width) {
            return format!(
                "the QR code is {width} columns wide, and this terminal has {room}: make it wider, or its letters smaller, and \
                 give the command again\n"
            );
        }
        for y in (-BORDER..size + BORDER).step_by(2) {
            text.push_str("\x1b[38;5;16;48;5;231m");
            for x in -BORDER..size + BORDER {
                // outside of the code every module is light
                text.push(match (self.code.get_module(x, y), self.code.get_module(x, y + 1)) {
                    (true, true) => '█',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (false, false) => ' ',
                });
            }
            text.push_str("\x1b[0m\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_shown_where_it_has_room() {
        let broker = Broker { host: "pi.lan".to_owned(), port: 8883, websockets: None, names: Vec::new() };
        let code = code(&broker, None, None, &"ab".repeat(32)).ok().unwrap();
        let width = usize::try_from(code.code.size()).unwrap() + 8;
        assert!(code.text(None).contains('█') && code.text(Some(width)).contains('█'));
        let told = code.text(Some(width - 1));
        assert!(!told.contains('█') && told.contains(&format!("{width} columns")), "{told}");
    }
}
