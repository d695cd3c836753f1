//! The words in which the tables of keywords are written.

use super::Effect;
use super::Keyword;
use super::Reload;
use super::Repeat;
use super::Scope;
use super::ValueType;

pub(super) const BOOL: ValueType = ValueType::Bool;
pub(super) const TEXT: ValueType = ValueType::Text;
pub(super) const PATH: ValueType = ValueType::Path;
pub(super) const FOLDER: ValueType = ValueType::Folder;
/// Any number, as far as the broker's own type of numbers reaches.
pub(super) const NUMBER: ValueType = int(i32::MIN as i64, i32::MAX as i64);
pub(super) const U16: ValueType = int(0, 65_535);

pub(super) const fn int(min: i64, max: i64) -> ValueType {
    ValueType::Int { min, max }
}

const fn keyword(
    name: &'static str,
    scope: Scope,
    value: ValueType,
    default: &'static str,
    reload: Reload,
    note: &'static str,
) -> Keyword {
    Keyword {
        name,
        alias_of: None,
        scope,
        value,
        default,
        default_20: None,
        since: "2.0",
        deprecated: None,
        gone_in_30: false,
        needs_listener: false,
        repeat: match value {
            ValueType::Text | ValueType::Path | ValueType::Folder => Repeat::Refused,
            _ => Repeat::Last,
        },
        reload,
        note,
    }
}

pub(super) const fn global(name: &'static str, value: ValueType, default: &'static str, note: &'static str) -> Keyword {
    let reload = Reload { v20: Effect::Applied, v21: Effect::Applied };
    keyword(name, Scope::Global, value, default, reload, note)
}

pub(super) const fn security(
    name: &'static str,
    value: ValueType,
    default: &'static str,
    note: &'static str,
) -> Keyword {
    let reload = Reload { v20: Effect::Applied, v21: Effect::Applied };
    keyword(name, Scope::Security, value, default, reload, note)
}

pub(super) const fn listener(
    name: &'static str,
    value: ValueType,
    default: &'static str,
    note: &'static str,
) -> Keyword {
    let reload = Reload { v20: Effect::Restart, v21: Effect::Restart };
    keyword(name, Scope::Listener, value, default, reload, note)
}

pub(super) const fn plugin(name: &'static str, value: ValueType, default: &'static str, note: &'static str) -> Keyword {
    let reload = Reload { v20: Effect::Restart, v21: Effect::Restart };
    keyword(name, Scope::Plugin, value, default, reload, note)
}

pub(super) const fn bridge(name: &'static str, value: ValueType, default: &'static str, note: &'static str) -> Keyword {
    let reload = Reload { v20: Effect::Restart, v21: Effect::NextReconnect };
    keyword(name, Scope::Bridge, value, default, reload, note)
}

impl Keyword {
    pub(super) const fn alias(mut self, of: &'static str) -> Self {
        self.alias_of = Some(of);
        self
    }

    pub(super) const fn in_20(mut self, default: &'static str) -> Self {
        self.default_20 = Some(default);
        self
    }

    pub(super) const fn since(mut self, version: &'static str) -> Self {
        self.since = version;
        if version.len() == 3 {
            self.reload.v20 = Effect::None;
        }
        self
    }

    pub(super) const fn deprecated(mut self, instead: &'static str) -> Self {
        self.deprecated = Some(instead);
        self
    }

    pub(super) const fn gone(mut self) -> Self {
        self.gone_in_30 = true;
        self
    }

    pub(super) const fn below_listener(mut self) -> Self {
        self.needs_listener = true;
        self
    }

    pub(super) const fn last(mut self) -> Self {
        self.repeat = Repeat::Last;
        self
    }

    pub(super) const fn adds(mut self) -> Self {
        self.repeat = Repeat::Adds;
        self
    }

    pub(super) const fn last_in_21(mut self) -> Self {
        self.repeat = Repeat::RefusedBy20;
        self
    }

    pub(super) const fn reload(mut self, v20: Effect, v21: Effect) -> Self {
        self.reload = Reload { v20, v21 };
        self
    }
}
