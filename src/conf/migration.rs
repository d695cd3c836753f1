//! A configuration for Mosquitto 2.0 made into one that means the same to 2.1 and uses nothing that 3.0 drops.
//!
//! Line by line, in place: comments, order and whatever needs no change stay. `per_listener_settings` is the hard part:
//! passwords and ACL of one listener become plugins that are loaded where the option stood and used by that listener
//! alone, which 2.1.2 does as 2.0 did (tests/it/journeys/migration.rs).

mod line;

use super::document::Directive;
use super::document::Document;
use super::keyword::Scope;
use super::keyword::keyword;
use super::profile::PluginDir;
use super::reading::Listener;
use super::reading::Reading;
use crate::error::Diagnose;
use crate::error::Kind;
use line::Lines;

/// What was done to a line, or should be known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// In the file as it was, from 1; None for what stands nowhere.
    pub line: Option<usize>,
    pub what: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    pub bytes: Vec<u8>,
    pub done: Vec<Step>,
    /// What 2.1 does otherwise and no line can mend, or what is its owner's to decide.
    pub left: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MigrationError {
    #[error("line {line}: `{key}` of one listener becomes a plugin, and where the plugins lie is not known")]
    PluginsUnknown { line: usize, key: String },
    #[error("line {line}: `{key}` has another value for another listener, and 2.1 has it for all listeners alone")]
    CannotDiffer { line: usize, key: String },
}

impl Diagnose for MigrationError {
    fn code(&self) -> &'static str {
        match self {
            Self::PluginsUnknown { .. } => "conf-migrate-plugins-unknown",
            Self::CannotDiffer { .. } => "conf-migrate-cannot-differ",
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::PluginsUnknown { .. } => Kind::Unanswered,
            Self::CannotDiffer { .. } => Kind::No,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::PluginsUnknown { .. } => vec![
                "in the stock image: mqsec conf migrate --to 2.1 --plugins image".to_owned(),
                "in Debian: mqsec conf migrate --to 2.1 --plugins debian".to_owned(),
            ],
            Self::CannotDiffer { key, .. } => {
                vec![format!(
                    "decide for one value, write it into each listener, and migrate again: mqsec explain {key}"
                )]
            }
        }
    }
}

/// The file for 2.1. `reading` is what 2.0 makes of it. With `plugins` passwords and ACL become plugins wherever they
/// stand; without, only where they must.
pub fn to_21(bytes: &[u8], reading: &Reading, plugins: Option<&PluginDir>) -> Result<Migration, MigrationError> {
    let document = Document::parse(bytes);
    let directives: Vec<Directive<'_>> = document.directives().collect();
    let mut migrating = Migrating {
        lines: Lines::of(bytes),
        reading,
        plugins,
        directives: &directives,
        loaded: Vec::new(),
        done: Vec::new(),
        left: Vec::new(),
    };
    migrating.open_hidden();
    let mut listener = None;
    for (number, directive) in directives.iter().enumerate() {
        if directive.key == "listener" {
            listener = directive.value.split(' ').next();
        }
        migrating.one(number, directive, listener)?;
    }
    migrating.tell_new_defaults();
    let Migrating { lines, done, left, .. } = migrating;
    Ok(Migration { bytes: lines.to_bytes(), done, left })
}

struct Migrating<'a> {
    lines: Lines<'a>,
    reading: &'a Reading,
    plugins: Option<&'a PluginDir>,
    directives: &'a [Directive<'a>],
    /// Plugins that are loaded already: the option, its file, the plugin's name.
    loaded: Vec<(&'static str, String, String)>,
    done: Vec<Step>,
    left: Vec<Step>,
}

impl Migrating<'_> {
    fn did(&mut self, line: usize, what: impl Into<String>) {
        self.done.push(Step { line: Some(line), what: what.into() });
    }

    fn leaves(&mut self, line: impl Into<Option<usize>>, what: impl Into<String>) {
        self.left.push(Step { line: line.into(), what: what.into() });
    }

    /// The listener that no `listener` line opens: a hidden one, or that of `port` and `bind_address`.
    fn default_listener(&self) -> Option<&Listener> {
        let main = self.reading.files.first();
        let written = |line: usize| self.directives.iter().any(|one| one.key == "listener" && one.line == line);
        let mut all = self.reading.listeners.iter();
        all.find(|one| one.hidden || Some(&one.place.path) == main && !written(one.place.line))
    }

    /// Options above the first `listener` open a hidden one, which gets a `listener` of its own above the first of them.
    fn open_hidden(&mut self) {
        let Some(hidden) = self.default_listener() else { return };
        let per_listener = self.reading.per_listener_settings;
        let mut above = self.directives.iter().take_while(|one| one.key != "listener");
        let first = above.find(|one| match keyword(one.key).map(|known| known.scope) {
            Some(Scope::Listener) => true,
            Some(Scope::Security) => per_listener,
            _ => false,
        });
        let Some(first) = first else { return };
        let address = hidden.address.as_ref().map(|address| format!(" {address}")).unwrap_or_default();
        let text = format!("listener {}{address}", hidden.port);
        self.lines.before(first.line, &text);
        self.did(first.line, format!("`{text}` in place of the listener that options above the first `listener` open"));
    }

    /// Whether the option stands above every listener, where it would be of a hidden one that is not opened.
    fn is_of_nobody(&self, directive: &Directive<'_>, listener: Option<&str>) -> bool {
        listener.is_none() && self.default_listener().is_none() && {
            let scope = keyword(directive.key).map(|known| known.scope);
            scope == Some(Scope::Security) && self.reading.per_listener_settings
        }
    }

    fn one(&mut self, number: usize, directive: &Directive<'_>, listener: Option<&str>) -> Result<(), MigrationError> {
        let &Directive { line, key, value, .. } = directive;
        if self.is_of_nobody(directive, listener) {
            self.lines.drop(line);
            self.did(line, format!("`{key}` goes: above every listener it was for none"));
            return Ok(());
        }
        let apart = self.reading.per_listener_settings;
        match key {
            "per_listener_settings" => {
                self.lines.drop(line);
                self.did(line, "`per_listener_settings` goes: what is of one listener says so by itself");
            }
            "allow_anonymous" if apart => self.rename(directive, "listener_allow_anonymous"),
            "password_file" | "acl_file" => self.by_plugin(directive, listener)?,
            "psk_file" | "allow_zero_length_clientid" if apart => self.same_for_all(directive)?,
            "plugin" | "auth_plugin" if apart => self.plugin_of_listener(number, listener),
            "auto_id_prefix" if apart => self.rename(directive, "listener_auto_id_prefix"),
            "auto_id_prefix" => self.prefix_for_all(directive),
            "port" | "bind_address" => {
                self.lines.drop(line);
                self.did(line, format!("`{key}` goes into a `listener`"));
            }
            "dhparamfile" | "retry_interval" | "websockets_log_level" => {
                self.lines.drop(line);
                self.did(line, format!("`{key}` goes: 2.1 does not read it"));
            }
            "allow_duplicate_messages" if matches!(value, "true" | "1") => {
                self.lines.drop(line);
                self.did(line, "`allow_duplicate_messages true` goes: 2.1 does so by itself");
            }
            "allow_duplicate_messages" | "clientid_prefixes" => {
                self.leaves(line, format!("`{key}` has no successor; 2.1 obeys it, 3.0 will not have it"));
            }
            "message_size_limit" => self.leaves(
                line,
                "`message_size_limit` drops long messages without a word; `max_packet_size`, which is meant to replace \
                 it, ends the connection",
            ),
            _ => self.newest_name(directive),
        }
        Ok(())
    }

    /// The same line under another name.
    fn rename(&mut self, directive: &Directive<'_>, name: &str) {
        self.lines.rename(directive, name);
        self.did(directive.line, format!("`{}` is `{name}` now", directive.key));
    }

    fn newest_name(&mut self, directive: &Directive<'_>) {
        let key = directive.key;
        if let Some(rest) = key.strip_prefix("auth_opt_") {
            return self.rename(directive, &format!("plugin_opt_{rest}"));
        }
        if let Some(name) = keyword(key).and_then(|known| known.alias_of) {
            self.rename(directive, name);
        }
    }

    /// Passwords or an ACL by plugin: of one listener, where they were of one; of all, where that is asked for.
    fn by_plugin(&mut self, directive: &Directive<'_>, listener: Option<&str>) -> Result<(), MigrationError> {
        let &Directive { line, key, value, .. } = directive;
        let apart = self.reading.per_listener_settings;
        let Some(dir) = self.plugins else {
            if apart {
                return Err(MigrationError::PluginsUnknown { line, key: key.to_owned() });
            }
            self.leaves(line, format!("`{key}` works in 2.1; 3.0 will have it as a plugin (--plugins writes that)"));
            return Ok(());
        };
        let (option, what) = if key == "password_file" { ("password_file", "passwords") } else { ("acl_file", "acl") };
        let program = format!("{dir}/mosquitto_{option}.so");
        if !apart {
            self.lines
                .replace(directive, &[format!("global_plugin {program}"), format!("plugin_opt_{option} {value}")]);
            self.did(line, format!("`{key}` by a plugin, for every listener"));
            return Ok(());
        }
        let known = self.loaded.iter().find(|(kind, file, _)| *kind == option && file == value);
        if let Some((_, _, name)) = known.cloned() {
            self.lines.replace(directive, &[format!("plugin_use {name}")]);
        } else {
            let port = listener.unwrap_or("1883");
            let taken = self.loaded.iter().filter(|(kind, ..)| *kind == option).count();
            // two listeners can have one port, at two addresses
            let name = if taken == 0 { what.to_owned() } else { format!("{what}-{port}-{taken}") };
            let load = [
                format!("plugin_load {name} {program}"),
                format!("plugin_opt_{option} {value}"),
                format!("plugin_use {name}"),
            ];
            self.lines.replace(directive, &load);
            self.loaded.push((option, value.to_owned(), name));
        }
        self.did(line, format!("`{key}` by a plugin that this listener uses"));
        Ok(())
    }

    /// A plugin of one listener is loaded, gets its options, and is used by that listener.
    fn plugin_of_listener(&mut self, number: usize, listener: Option<&str>) {
        let directive = &self.directives[number];
        let name = format!("plugin-{}-{}", listener.unwrap_or("1883"), directive.line);
        self.lines.replace(directive, &[format!("plugin_load {name} {}", directive.value)]);
        let options = self.directives[number + 1..].iter().take_while(|one| {
            ["plugin_opt_", "auth_opt_", "auth_plugin_deny"].iter().any(|prefix| one.key.starts_with(prefix))
        });
        let last = options.last().map_or(directive.line, |one| one.line);
        self.lines.after(last, &format!("plugin_use {name}"));
        self.did(directive.line, "the plugin is loaded, and used by this listener");
    }

    /// An option that 2.1 has for all listeners alone.
    fn same_for_all(&mut self, directive: &Directive<'_>) -> Result<(), MigrationError> {
        let &Directive { line, key, value, .. } = directive;
        let mut others = self.directives.iter().filter(|one| one.key == key);
        if others.any(|one| one.value != value) {
            return Err(MigrationError::CannotDiffer { line, key: key.to_owned() });
        }
        let first = self.directives.iter().find(|one| one.key == key).is_none_or(|one| one.line == line);
        if !first {
            self.lines.drop(line);
        }
        self.leaves(line, format!("`{key}` holds for every listener now"));
        Ok(())
    }

    /// The prefix of all listeners goes to each.
    fn prefix_for_all(&mut self, directive: &Directive<'_>) {
        let listeners: Vec<usize> =
            self.directives.iter().filter(|one| one.key == "listener").map(|one| one.line).collect();
        if listeners.is_empty() {
            return self.leaves(directive.line, "`auto_id_prefix` belongs to a `listener`, and there is none");
        }
        for line in listeners {
            self.lines.after(line, &format!("listener_auto_id_prefix {}", directive.value));
        }
        self.lines.drop(directive.line);
        self.did(directive.line, "`auto_id_prefix` is an option of each listener now");
    }

    /// What changes by not being written.
    fn tell_new_defaults(&mut self) {
        let has = |key: &str| self.reading.global.has(key);
        let mut told = Vec::new();
        if !has("max_packet_size") {
            told.push("2.1 refuses packets above 2000000 bytes; `max_packet_size` sets another limit");
        }
        if !has("allow_duplicate_messages") {
            told.push("2.1 gives a client a message once for each of its subscriptions that match, 2.0 gave it once");
        }
        for what in told {
            self.leaves(None, what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::NoFiles;
    use super::*;
    use crate::series::Series;

    fn migrated(text: &str, plugins: Option<PluginDir>) -> Result<String, MigrationError> {
        let reading = Reading::read("c", text.as_bytes(), &NoFiles, Series::V20);
        let migration = to_21(text.as_bytes(), &reading, plugins.as_ref())?;
        let text = String::from_utf8(migration.bytes).unwrap();
        let after = Reading::read("c", text.as_bytes(), &NoFiles, Series::V21);
        assert_eq!(after.stopped(), None, "{text}");
        assert!(!after.problems.iter().any(|one| matches!(one.what, super::super::reading::What::Ignored { .. })));
        Ok(text)
    }

    #[test]
    fn what_is_of_one_listener_becomes_a_plugin_of_that_listener() {
        let text = "# mine\nper_listener_settings true\n\n# outside\nlistener 8883\npassword_file  a b\n# kept\nallow_anonymous false\nacl_file x\n\nlistener 1883 127.0.0.1\nallow_anonymous true\nlistener 9 ::1\npassword_file a b\r\npassword_file c\n";
        let text = &text[..text.len() - 16];
        let out = migrated(text, Some(PluginDir::Image)).unwrap();
        assert_eq!(
            out,
            "# mine\n\n# outside\nlistener 8883\nplugin_load passwords /usr/lib/mosquitto_password_file.so\nplugin_opt_password_file a b\nplugin_use passwords\n# kept\nlistener_allow_anonymous false\nplugin_load acl /usr/lib/mosquitto_acl_file.so\nplugin_opt_acl_file x\nplugin_use acl\n\nlistener 1883 127.0.0.1\nlistener_allow_anonymous true\nlistener 9 ::1\nplugin_use passwords\r\n"
        );
        let error = migrated(text, None).unwrap_err();
        assert_eq!(error, MigrationError::PluginsUnknown { line: 6, key: "password_file".to_owned() });
    }

    #[test]
    fn old_names_become_new_ones_and_the_rest_stays() {
        let text = "retry_interval 5\nretained_persistence true\n  log_type all\nlistener 1883\nmaximum_qos 1 # one\nconnection c\naddresses h\nusername u\ntopic # out";
        assert_eq!(
            migrated(text, None).unwrap(),
            "persistence true\n  log_type all\nlistener 1883\nmax_qos 1 # one\nconnection c\naddress h\nremote_username u\ntopic # out"
        );
        assert_eq!(migrated("listener 1883\npassword_file p\n", None).unwrap(), "listener 1883\npassword_file p\n");
        assert_eq!(
            migrated("password_file p\nlistener 1883\n", Some(PluginDir::Debian)).unwrap(),
            "global_plugin /usr/lib/x86_64-linux-gnu/mosquitto/mosquitto_password_file.so\nplugin_opt_password_file p\nlistener 1883\n"
        );
        assert_eq!(
            migrated("auto_id_prefix x-\nlistener 1\nlistener 2", None).unwrap(),
            "listener 1\nlistener_auto_id_prefix x-\nlistener 2\nlistener_auto_id_prefix x-"
        );
    }

    #[test]
    fn the_hidden_listener_is_written_down() {
        let text =
            "# old\nport 1884\npersistence true\nbind_address 127.0.0.1\nmax_connections 5\nlistener 8883\nmax_qos 1\n";
        assert_eq!(
            migrated(text, None).unwrap(),
            "# old\nlistener 1884 127.0.0.1\npersistence true\nmax_connections 5\nlistener 8883\nmax_qos 1\n"
        );
    }

    #[test]
    fn what_cannot_be_said_in_2_1_is_refused() {
        let text =
            "per_listener_settings true\nlistener 1\npsk_hint a\npsk_file a\nlistener 2\npsk_hint b\npsk_file b\n";
        let error = migrated(text, None).unwrap_err();
        assert_eq!(error, MigrationError::CannotDiffer { line: 4, key: "psk_file".to_owned() });
    }
}
