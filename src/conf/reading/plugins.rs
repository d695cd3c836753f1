//! Plugins and their options.

use super::Options;
use super::Plugin;
use super::Value;
use super::What;
use super::state::Cursor;
use super::state::State;
use super::values;
use super::values::shown;
use crate::conf::keyword::Keyword;

impl State<'_> {
    pub(super) fn plugin(&mut self, cursor: &mut Cursor, known: &'static Keyword, rest: &[u8]) -> Result<(), What> {
        let key = known.slot();
        let (name, rest) = match key {
            "plugin_load" => {
                let (name, rest) = values::word(rest).ok_or(What::Empty { key })?;
                (Some(shown(name)), rest)
            }
            _ => (None, rest),
        };
        if let Some(name) = name.as_ref().filter(|name| self.plugin_names.contains_key(*name)) {
            return Err(What::PluginTwice { name: name.clone() });
        }
        // 2.0 cuts blanks off, 2.1 takes them for a part of the path
        let path = if self.old() { values::text(key, rest)? } else { String::from_utf8_lossy(rest).into_owned() };
        if path.is_empty() {
            return Err(What::Empty { key });
        }
        let at = self.reading.plugins.len();
        let value = Value { text: path.clone(), place: cursor.place() };
        if key != "plugin_load" && key != "global_plugin" && self.reading.per_listener_settings {
            let listener = self.listener_mut(cursor);
            listener.plugins.push(at);
            listener.options.push(key, value);
        } else {
            self.reading.global.push(key, value);
        }
        if let Some(name) = &name {
            self.plugin_names.insert(name.clone(), at);
        }
        self.reading.plugins.push(Plugin { name, path, place: cursor.place(), options: Options::default(), by: key });
        cursor.plugin = Some(at);
        Ok(())
    }

    pub(super) fn plugin_use(&mut self, cursor: &mut Cursor, rest: &[u8]) -> Result<(), What> {
        let key = "plugin_use";
        let name = values::text(key, rest)?;
        let at = self.plugin_names.get(&name).copied();
        let at = at.ok_or_else(|| What::PluginUnknown { name: name.clone() })?;
        cursor.plugin = Some(at);
        let value = Value { text: name, place: cursor.place() };
        let listener = self.listener_mut(cursor);
        listener.plugins.push(at);
        listener.options.push(key, value);
        Ok(())
    }

    pub(super) fn plugin_option(&mut self, cursor: &Cursor, name: &str, rest: &[u8]) -> Result<(), What> {
        let key = name.strip_prefix("plugin_opt_").or_else(|| name.strip_prefix("auth_opt_")).unwrap_or(name);
        if key.len() < 3 {
            return Err(What::PluginOptionName { key: key.to_owned() });
        }
        let start = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(rest.len());
        let text = String::from_utf8_lossy(&rest[start..]).into_owned();
        // a value of blanks alone is an empty one to 2.1
        if rest.is_empty() || (self.old() && text.is_empty()) {
            return Err(What::Empty { key: "plugin_opt_*" });
        }
        let Some(at) = cursor.plugin else { return Err(What::NeedsPlugin { key: "plugin_opt_*" }) };
        let value = Value { text, place: cursor.place() };
        self.reading.plugins[at].options.push(format!("plugin_opt_{key}"), value);
        Ok(())
    }
}
