//! A string that never shows itself: `Debug` prints `[redacted]`, and its memory is wiped on drop.

use std::fmt;

use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

/// A password or a key in PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself. Every caller is a place where it could leak: keep them few.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A password of 128 bits in 22 letters and digits: safe in a `.env` file, a shell and a device's web form.
    pub fn generate() -> Self {
        // 22 characters of a 62-letter alphabet hold 130 bits; bytes of 248 and more are dropped, so no letter is favoured
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut text = String::with_capacity(22);
        while text.len() < 22 {
            for byte in random_bytes::<32>() {
                if byte < 248 && text.len() < 22 {
                    text.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
                }
            }
        }
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Bytes of the operating system's generator.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // getrandom(2) fails only where the kernel has none to give; going on without randomness would be worse than ending
    SysRng.try_fill_bytes(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_text() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "[redacted]");
    }

    #[test]
    fn generated_passwords_differ_and_need_no_quoting() {
        let (a, b) = (Secret::generate(), Secret::generate());
        assert_ne!(a, b);
        assert_eq!(a.expose().len(), 22);
        assert!(a.expose().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}
