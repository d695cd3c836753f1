//! `mosquitto.conf` and `docker-compose.yml`: what mqsec writes, and what it reads of a file that is there.

pub mod compose;
pub mod document;
pub mod effective;
pub mod keyword;
mod listening;
pub mod migration;
pub mod profile;
pub mod reading;
pub mod start;
mod words;

pub use listening::Listener;
pub use listening::Settings;
pub use listening::listeners;
pub use listening::log_file;
pub use listening::main_listener;
pub use listening::websockets_with_list;
pub use profile::Profile;

pub const DEFAULT_PORT: u16 = 8883;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::layout;

    #[test]
    fn what_is_written_is_read_back() {
        for (profile, require) in [(Profile::PasswordAndCert, true), (Profile::Password, false)] {
            let text = profile::render(&profile::Wishes::new(profile, 18883));
            let listener = main_listener(&text).unwrap();
            assert_eq!((listener.port, listener.require_certificate), (18883, require));
            assert_eq!(log_file(&text).as_deref(), Some(layout::LOG));
        }
    }
}
