//! An option of mosquitto.conf, from the table of keywords.

use serde_json::Value;
use serde_json::json;

use super::WIDEST;
use super::wrap;
use crate::conf::keyword::Keyword;
use crate::conf::keyword::Scope;
use crate::conf::keyword::ValueType;
use crate::series::Series;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::paint;

pub(super) struct Described {
    pub(super) keyword: &'static Keyword,
    pub(super) width: Option<usize>,
}

impl Described {
    /// What is known of it, a label and a sentence a row.
    fn rows(&self) -> Vec<(&'static str, String)> {
        let keyword = self.keyword;
        let mut rows = vec![("Stands", keyword.place().to_owned())];
        if keyword.needs_listener {
            rows.push(("", "above the first `listener`, 2.1 does not start with it".to_owned()));
        }
        rows.push(("Takes", keyword.takes()));
        rows.push(("Default", self.default()));
        rows.push(("Repeated", keyword.repeated().to_owned()));
        rows.push(("Since", keyword.since.to_owned()));
        if let Some(name) = keyword.alias_of {
            rows.push(("Same as", format!("`{name}`, which is the name to use")));
        }
        for series in Series::RELEASED.iter().copied() {
            rows.push(("Reload", format!("{series} {}", keyword.reload.of(series).in_words())));
        }
        match keyword.deprecated {
            Some("") => rows.push(("Deprecated", "in 2.1, without a successor".to_owned())),
            Some(instead) => rows.push(("Deprecated", format!("in 2.1; instead: {instead}"))),
            None => {}
        }
        if keyword.gone_in_30 {
            rows.push(("3.0", "will not have it".to_owned()));
        }
        rows
    }

    fn default(&self) -> String {
        let told = |value: &str| if value.is_empty() { "none".to_owned() } else { format!("`{value}`") };
        match self.keyword.default_20 {
            Some(old) => format!("{} in 2.0, {} in 2.1", told(old), told(self.keyword.default)),
            None => told(self.keyword.default),
        }
    }

    /// The command that sets it, where one can.
    fn command(&self) -> Option<String> {
        let place = match self.keyword.scope {
            Scope::Global | Scope::Security => "",
            Scope::Listener => " --listener 8883",
            Scope::Bridge => " --bridge NAME",
            Scope::Plugin => return None,
        };
        if matches!(self.keyword.name, "listener" | "connection" | "port" | "bind_address") {
            return None;
        }
        let value = match self.keyword.value {
            ValueType::Bool if self.keyword.default == "true" => "false",
            ValueType::Bool => "true",
            _ => "VALUE",
        };
        Some(format!("mqsec conf set {} {value}{place}", self.keyword.name))
    }
}

impl Report for Described {
    fn text(&self, _fancy: bool) -> String {
        let width = self.width.unwrap_or(WIDEST).clamp(40, WIDEST);
        let mut text = format!("{}\n\n{}\n\n", paint(Tone::Head, self.keyword.name), wrap(self.keyword.note, width));
        let mut before = "";
        for (label, sentence) in self.rows() {
            let shown = if label == before { "" } else { label };
            let sentence = wrap(&sentence, width - 12).replace('\n', &format!("\n{:12}", ""));
            text.push_str(&format!("{}{sentence}\n", paint(Tone::Head, &format!("{shown:<12}"))));
            before = label;
        }
        if let Some(command) = self.command() {
            text.push_str(&format!("\n    {command}\n"));
        }
        text
    }

    fn json(&self) -> Value {
        let keyword = self.keyword;
        let reload = |series: Series| keyword.reload.of(series).name();
        json!({
            "schema": "mqsec/explain/1",
            "option": keyword.name,
            "summary": keyword.note,
            "scope": match keyword.scope {
                Scope::Global => "global",
                Scope::Security => "security",
                Scope::Listener => "listener",
                Scope::Bridge => "bridge",
                Scope::Plugin => "plugin",
            },
            "takes": keyword.takes(),
            "default": { "2.0": keyword.default_of(Series::V20), "2.1": keyword.default_of(Series::V21) },
            "repeated": keyword.repeated(),
            "since": keyword.since,
            "alias_of": keyword.alias_of,
            "deprecated": keyword.deprecated,
            "gone_in_3_0": keyword.gone_in_30,
            "reload": { "2.0": reload(Series::V20), "2.1": reload(Series::V21) },
        })
    }
}
