//! One option: whether it may stand here, what its value is, and where it is kept.

use super::Listener;
use super::Options;
use super::Value;
use super::What;
use super::state::Current;
use super::state::Cursor;
use super::state::State;
use super::values;
use super::values::shown;
use crate::conf::keyword::Keyword;
use crate::conf::keyword::Repeat;
use crate::conf::keyword::Scope;

impl State<'_> {
    pub(super) fn option(
        &mut self,
        cursor: &mut Cursor,
        known: &'static Keyword,
        name: &str,
        rest: &[u8],
    ) -> Result<(), What> {
        self.may_stand_here(cursor, known)?;
        if let Some(instead) = known.deprecated.filter(|_| known.gone_in_30 && !self.old()) {
            self.report(cursor.key_place(), What::Deprecated { key: known.name, instead }, false);
        }
        match known.name {
            "listener" => self.listener(cursor, rest),
            "connection" => self.connection(cursor, rest),
            "address" | "addresses" => self.address(cursor, rest),
            "topic" => self.topic(cursor, rest),
            "restart_timeout" => self.restart_timeout(cursor, rest),
            "bridge_tcp_keepalive" => self.tcp_keepalive(cursor, rest),
            "plugin" | "auth_plugin" | "global_plugin" | "plugin_load" => self.plugin(cursor, known, rest),
            "plugin_use" => self.plugin_use(cursor, rest),
            "plugin_opt_*" | "auth_opt_*" => self.plugin_option(cursor, name, rest),
            "include_dir" => self.include_dir(cursor, rest),
            "log_dest" => self.log_dest(cursor, rest),
            "accept_protocol_versions" => self.versions(cursor, known, rest),
            "per_listener_settings" => self.per_listener(cursor, known, rest),
            "retry_interval" => self.ignored(cursor, known),
            "dhparamfile" | "websockets_log_level" if !self.old() => self.ignored(cursor, known),
            _ => self.plain(cursor, known, rest),
        }
    }

    /// What must have been read before (the REQUIRE macros of 21:conf.c:64-110; 2.0 asks for less).
    fn may_stand_here(&mut self, cursor: &mut Cursor, known: &'static Keyword) -> Result<(), What> {
        let key = known.name;
        match known.scope {
            Scope::Listener if matches!(key, "listener" | "dhparamfile") => {}
            Scope::Listener if self.old() => {
                if key == "mount_point" && self.reading.listeners.is_empty() {
                    return Err(What::NeedsListener { key });
                }
            }
            Scope::Listener if matches!(key, "port" | "bind_address") => self.make_default(cursor, known),
            Scope::Listener => {
                let own = matches!(key, "accept_protocol_versions" | "plugin_use");
                match cursor.listener {
                    Current::None if known.needs_listener => return Err(What::NeedsListener { key }),
                    Current::Default if own => return Err(What::NeedsListener { key }),
                    Current::None => self.make_default(cursor, known),
                    Current::Default | Current::At(_) => {}
                }
            }
            Scope::Security => {
                let alone = cursor.listener == Current::None && self.reading.per_listener_settings;
                if alone && !self.old() {
                    return Err(What::NeedsListener { key });
                }
                self.security_seen = true;
            }
            Scope::Global => {
                self.security_seen |= key == "global_plugin" || (self.old() && key == "check_retain_source")
            }
            Scope::Bridge if key != "connection" => drop(self.bridge_mut(cursor, key)?),
            Scope::Plugin if cursor.plugin.is_none() => return Err(What::NeedsPlugin { key }),
            Scope::Bridge | Scope::Plugin => {}
        }
        Ok(())
    }

    fn ignored(&mut self, cursor: &Cursor, known: &'static Keyword) -> Result<(), What> {
        self.report(cursor.key_place(), What::Ignored { key: known.name }, false);
        Ok(())
    }

    /// Where a value of this keyword goes.
    fn target(&mut self, cursor: &Cursor, known: &'static Keyword) -> &mut Options {
        match known.scope {
            Scope::Listener if matches!(known.name, "port" | "bind_address") => &mut self.default.options,
            Scope::Listener => &mut self.listener_mut(cursor).options,
            Scope::Security if self.reading.per_listener_settings => &mut self.listener_mut(cursor).options,
            Scope::Bridge if cursor.bridge.is_some() => {
                &mut self.reading.bridges[cursor.bridge.unwrap_or_default()].options
            }
            _ => &mut self.reading.global,
        }
    }

    fn plain(&mut self, cursor: &Cursor, known: &'static Keyword, rest: &[u8]) -> Result<(), What> {
        let series = self.reading.series;
        self.shared_keys_fit(cursor, known.name)?;
        let text = if known.takes_line() {
            if !rest.is_empty() {
                self.is_first(cursor, known)?;
            }
            values::text(known.name, rest)?
        } else {
            match values::one_word(known, rest, series)? {
                Some(text) => text,
                None => {
                    self.report(cursor.key_place(), What::Empty { key: known.name }, false);
                    return Ok(());
                }
            }
        };
        self.fits(known.name, &text)?;
        self.reading.local_only &= !matches!(known.name, "port" | "bind_address");
        let value = Value { text, place: cursor.place() };
        self.target(cursor, known).push(known.slot(), value);
        Ok(())
    }

    /// A second string where only one may be (`conf__parse_string`).
    fn is_first(&mut self, cursor: &Cursor, known: &'static Keyword) -> Result<(), What> {
        let refused = match known.repeat {
            Repeat::Refused => true,
            Repeat::RefusedBy20 => self.old(),
            Repeat::Last | Repeat::Adds => false,
        };
        match self.target(cursor, known).last(known.name) {
            Some(first) if refused => Err(What::Duplicate { key: known.name, first: first.place.clone() }),
            _ => Ok(()),
        }
    }

    /// Certificates and shared keys do not go together.
    fn shared_keys_fit(&mut self, cursor: &Cursor, key: &'static str) -> Result<(), What> {
        let mixed = match key {
            "cafile" | "certfile" => self.listener_mut(cursor).options.has("psk_hint"),
            "psk_file" if !self.old() => {
                cursor.listener != Current::None && self.listener_mut(cursor).options.has("certfile")
            }
            "bridge_cafile" | "bridge_capath" | "bridge_certfile" | "bridge_keyfile" => {
                let options = &self.bridge_mut(cursor, key)?.options;
                options.has("bridge_psk") || options.has("bridge_identity")
            }
            "bridge_psk" | "bridge_identity" => {
                let options = &self.bridge_mut(cursor, key)?.options;
                let files = ["bridge_cafile", "bridge_capath", "bridge_certfile", "bridge_keyfile"];
                files.iter().any(|file| options.has(file))
            }
            _ => false,
        };
        if mixed { Err(What::PskAndCertificate { key }) } else { Ok(()) }
    }

    /// What single options ask of their value beyond its form.
    fn fits(&self, key: &'static str, text: &str) -> Result<(), What> {
        match key {
            "mount_point" if text.contains(['+', '#']) => Err(What::MountPoint { given: text.to_owned() }),
            "bind_address" if !self.files.resolves(text) => Err(What::Unresolved { host: text.to_owned() }),
            // what stands behind the digits is not looked at
            "tls_engine_kpass_sha1" if text.bytes().take_while(u8::is_ascii_hexdigit).count() != 40 => {
                Err(What::NotHex { key })
            }
            "auto_id_prefix" | "listener_auto_id_prefix" if !self.old() && text.len() > 50 => {
                Err(What::TooLong { key, length: text.len() })
            }
            "http_dir" if !self.old() && self.files.list(text).is_none() && self.files.read(text).is_none() => {
                Err(What::NoFolder { key, path: text.to_owned() })
            }
            _ => Ok(()),
        }
    }

    fn listener(&mut self, cursor: &mut Cursor, rest: &[u8]) -> Result<(), What> {
        let key = "listener";
        self.reading.local_only = false;
        let (first, rest) = values::word(rest).ok_or(What::Empty { key })?;
        let port = values::int(key, first, self.reading.series)?;
        let beyond = || What::OutOfRange { key, given: shown(first), min: 0, max: 65_535 };
        let port = u16::try_from(port).map_err(|_| beyond())?;
        let second = values::word(rest).map(|(second, _)| second).filter(|second| second[0] != b'#').map(shown);
        if port == 0 && second.is_none() {
            return Err(What::SocketWithoutPath);
        }
        let (unix_path, address) = if port == 0 { (second, None) } else { (None, second) };
        let place = cursor.key_place();
        self.reading.listeners.push(Listener { port, address, unix_path, place, ..Listener::default() });
        cursor.listener = Current::At(self.reading.listeners.len() - 1);
        Ok(())
    }

    fn include_dir(&mut self, cursor: &Cursor, rest: &[u8]) -> Result<(), What> {
        if cursor.level > 0 {
            if !self.old() {
                return Err(What::IncludeNested);
            }
            self.report(cursor.key_place(), What::IncludeNested, false);
            return Ok(());
        }
        if rest.is_empty() {
            return Err(What::Empty { key: "include_dir" });
        }
        // the rest as it is, blanks included
        let folder = String::from_utf8_lossy(rest).into_owned();
        self.reading.global.push("include_dir", Value { text: folder.clone(), place: cursor.place() });
        self.include(cursor, &folder)
    }

    fn log_dest(&mut self, cursor: &Cursor, rest: &[u8]) -> Result<(), What> {
        const KNOWN: &[&str] = &["none", "stdout", "stderr", "syslog", "topic", "dlt", "file"];
        let key = "log_dest";
        let (first, rest) = values::word(rest).ok_or(What::Empty { key })?;
        let kind = KNOWN.iter().find(|kind| kind.as_bytes() == first);
        let kind = kind.ok_or_else(|| What::NoChoice { key, given: shown(first), allowed: KNOWN })?;
        let mut text = (*kind).to_owned();
        if *kind == "file" {
            if let Some(first) = self.reading.global.last("log_file") {
                return Err(What::Duplicate { key, first: first.place.clone() });
            }
            let start = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t')).ok_or(What::Empty { key })?;
            let path = String::from_utf8_lossy(&rest[start..]).into_owned();
            text = format!("file {path}");
            self.reading.global.push("log_file", Value { text: path, place: cursor.place() });
        }
        self.reading.global.push(key, Value { text, place: cursor.place() });
        Ok(())
    }

    /// Other words than 3, 4 and 5 are read over (21:conf.c:802).
    fn versions(&mut self, cursor: &Cursor, known: &'static Keyword, rest: &[u8]) -> Result<(), What> {
        let text = shown(rest);
        let list: Vec<&str> = text.split([',', ' ', '\t']).filter(|word| !word.is_empty()).collect();
        if list.is_empty() {
            return Err(What::Empty { key: known.name });
        }
        let value = Value { text: list.join(" "), place: cursor.place() };
        self.target(cursor, known).push(known.slot(), value);
        Ok(())
    }

    fn per_listener(&mut self, cursor: &Cursor, known: &'static Keyword, rest: &[u8]) -> Result<(), What> {
        // once it is on, 2.1 does not even look at the value
        if self.reading.per_listener_settings && !self.old() {
            return Ok(());
        }
        let text = values::one_word(known, rest, self.reading.series)?.unwrap_or_default();
        self.reading.per_listener_settings = matches!(text.as_str(), "true" | "1");
        self.reading.global.push(known.name, Value { text, place: cursor.place() });
        if self.reading.per_listener_settings && self.security_seen {
            return Err(What::PerListenerLate);
        }
        Ok(())
    }
}
