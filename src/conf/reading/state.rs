//! The reading's course: the main file, the files it includes, and what is checked once all is read.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Bridge;
use super::Files;
use super::Listener;
use super::Options;
use super::Place;
use super::Problem;
use super::Reading;
use super::What;
use super::lines::lines;
use super::values::shown;
use crate::conf::keyword::Keyword;
use crate::series::Series;

/// So many problems are told, and so many files included: a file that has more is no configuration.
const MOST: usize = 1000;

/// The listener to which the next option goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Current {
    /// None so far: only 2.1 knows this, 2.0 begins with the default listener.
    None,
    Default,
    At(usize),
}

/// Where the reading of one file has come to. An included file begins with nothing above it.
pub(super) struct Cursor {
    path: String,
    pub(super) level: usize,
    line: usize,
    key_column: usize,
    value_column: usize,
    pub(super) listener: Current,
    pub(super) bridge: Option<usize>,
    pub(super) plugin: Option<usize>,
}

impl Cursor {
    pub(super) fn place(&self) -> Place {
        Place { path: self.path.clone(), line: self.line, column: self.value_column }
    }

    pub(super) fn key_place(&self) -> Place {
        Place { column: self.key_column, ..self.place() }
    }
}

pub(super) struct State<'f> {
    pub(super) reading: Reading,
    pub(super) files: &'f dyn Files,
    /// The default listener's options, whether or not it will be opened.
    pub(super) default: Listener,
    /// 2.1: where among the listeners the default one was made, and the option that made it.
    pub(super) default_made: Option<(usize, &'static str)>,
    /// An option was read that says who may do what.
    pub(super) security_seen: bool,
    /// Names that may be given once.
    pub(super) bridge_names: BTreeSet<String>,
    pub(super) plugin_names: BTreeMap<String, usize>,
}

pub(super) fn read(path: &str, bytes: &[u8], files: &dyn Files, series: Series) -> Reading {
    let reading = Reading {
        series,
        problems: Vec::new(),
        stop: None,
        global: Options::default(),
        listeners: Vec::new(),
        bridges: Vec::new(),
        plugins: Vec::new(),
        per_listener_settings: false,
        local_only: true,
        unopened: Vec::new(),
        files: Vec::new(),
    };
    let default = Listener { port: 1883, hidden: true, ..Listener::default() };
    let mut state = State {
        reading,
        files,
        default,
        default_made: None,
        security_seen: false,
        bridge_names: BTreeSet::new(),
        plugin_names: BTreeMap::new(),
    };
    state.file(path, bytes, 0);
    if state.reading.stop.is_none() {
        state.bridges_are_whole();
    }
    state.finish(path);
    state.reading
}

impl State<'_> {
    pub(super) fn old(&self) -> bool {
        self.reading.series == Series::V20
    }

    pub(super) fn report(&mut self, place: Place, what: What, fatal: bool) {
        let first = fatal && self.reading.stop.is_none();
        if self.reading.problems.len() >= MOST && !first {
            return;
        }
        if fatal && self.reading.stop.is_none() {
            self.reading.stop = Some(self.reading.problems.len());
        }
        self.reading.problems.push(Problem { place, what, fatal });
    }

    pub(super) fn file(&mut self, path: &str, bytes: &[u8], level: usize) {
        self.reading.files.push(path.to_owned());
        let listener = if self.old() { Current::Default } else { Current::None };
        let mut cursor = Cursor {
            path: path.to_owned(),
            level,
            line: 0,
            key_column: 1,
            value_column: 1,
            listener,
            bridge: None,
            plugin: None,
        };
        let found = lines(bytes, self.reading.series);
        for line in found.list {
            cursor.line = line.number;
            self.line(&mut cursor, line.text);
        }
        if let Some(number) = found.lost {
            self.report(Place { path: path.to_owned(), line: number, column: 1 }, What::Nul, false);
        }
    }

    fn line(&mut self, cursor: &mut Cursor, text: &[u8]) {
        let Some(start) = text.iter().position(|byte| *byte != b' ') else { return };
        let end = text[start..].iter().position(|byte| *byte == b' ').map_or(text.len(), |end| start + end);
        let rest = text.get(end + 1..).unwrap_or_default();
        let gap = rest.iter().take_while(|byte| **byte == b' ').count();
        let name = String::from_utf8_lossy(&text[start..end]);
        cursor.key_column = start + 1;
        cursor.value_column = start + 1 + name.chars().count();
        if gap < rest.len() {
            cursor.value_column += 1 + gap;
        }
        let known = crate::conf::keyword::keyword(&name).filter(|known| known.known_to(self.reading.series));
        let outcome = match known {
            None => Err(What::Unknown { key: shown(&text[start..end]) }),
            Some(known) => self.option(cursor, known, &name, rest),
        };
        if let Err(what) = outcome {
            let of_key = matches!(
                what,
                What::Unknown { .. }
                    | What::NeedsListener { .. }
                    | What::NeedsBridge { .. }
                    | What::NeedsPlugin { .. }
                    | What::Duplicate { .. }
                    | What::Empty { .. }
            );
            let place = if of_key { cursor.key_place() } else { cursor.place() };
            self.report(place, what, true);
        }
    }

    /// The files of a folder, in the order in which the broker reads them (conf_includedir.c).
    pub(super) fn include(&mut self, cursor: &Cursor, folder: &str) -> Result<(), What> {
        let names = self.files.list(folder).ok_or_else(|| What::IncludeUnreadable { path: folder.to_owned() })?;
        let mut names: Vec<String> =
            names.into_iter().filter(|name| name.len() > 5 && name.ends_with(".conf")).collect();
        names.sort_by(|a, b| in_order(a.as_bytes(), b.as_bytes()));
        for name in names {
            if self.reading.files.len() > MOST {
                break;
            }
            let path = format!("{folder}/{name}");
            match self.files.read(&path) {
                Some(bytes) => self.file(&path, &bytes, cursor.level + 1),
                None if self.files.list(&path).is_some() => {
                    self.report(cursor.place(), What::IncludeIsFolder { path }, true);
                }
                None => self.report(cursor.place(), What::IncludeUnreadable { path }, true),
            }
        }
        Ok(())
    }

    pub(super) fn listener_mut(&mut self, cursor: &Cursor) -> &mut Listener {
        match cursor.listener {
            Current::At(at) => &mut self.reading.listeners[at],
            Current::None | Current::Default => &mut self.default,
        }
    }

    /// 2.1 makes the default listener at the first option that needs one.
    pub(super) fn make_default(&mut self, cursor: &mut Cursor, known: &'static Keyword) {
        if self.default_made.is_none() {
            self.default_made = Some((self.reading.listeners.len(), known.name));
            self.default.place = cursor.key_place();
        }
        cursor.listener = Current::Default;
    }

    /// What 2.0 opens the default listener for (20:conf.c:418-453).
    fn old_default(&self) -> Option<&'static str> {
        // the values that hold in the end decide, not those that were taken back
        let last = |key: &str| self.default.options.text(key).unwrap_or_default();
        let found = self.default.options.iter().find(|(key, _)| opens_default(key, last(key)));
        let known = found.and_then(|(key, _)| crate::conf::keyword::keyword(key)).map(|known| known.name);
        known.or((!self.default.plugins.is_empty()).then_some("plugin"))
    }

    /// Puts the default listener among the others, if there is one.
    fn open_default(&mut self, path: &str) {
        let made = match self.default_made {
            Some(made) => Some(made),
            None if self.old() => self.old_default().map(|key| (self.reading.listeners.len(), key)),
            None => None,
        };
        let Some((at, key)) = made else { return };
        let mut hidden = std::mem::take(&mut self.default);
        hidden.hidden = !matches!(key, "port" | "bind_address");
        if let Some(value) = hidden.options.last(key) {
            hidden.place = Place { column: 1, ..value.place.clone() };
        } else if hidden.place.path.is_empty() {
            hidden.place = Place { path: path.to_owned(), line: 1, column: 1 };
        }
        hidden.port = hidden.options.text("port").and_then(|port| port.parse().ok()).unwrap_or(1883);
        hidden.address = hidden.options.text("bind_address").map(str::to_owned);
        if !self.reading.local_only && hidden.hidden {
            let what = What::HiddenListener { key, port: hidden.port };
            self.report(hidden.place.clone(), what, false);
        }
        let at = at.min(self.reading.listeners.len());
        self.reading.listeners.insert(at, hidden);
    }

    /// What is checked at the end, in the order of the series (20:conf.c:395 and 2233, 21:conf.c:668 and 3040).
    fn finish(&mut self, path: &str) {
        self.open_default(path);
        if self.reading.stop.is_none() {
            self.ids_differ();
            self.tls_is_whole();
        }
        if self.reading.local_only {
            self.reading.unopened = std::mem::take(&mut self.reading.listeners);
        }
    }

    fn tls_is_whole(&mut self) {
        let mut found = Vec::new();
        for listener in &self.reading.listeners {
            let place = |key: &str| {
                listener.options.last(key).map_or_else(|| listener.place.clone(), |value| value.place.clone())
            };
            let has = |key: &str| listener.options.has(key);
            match (has("certfile"), has("keyfile")) {
                (true, false) => found.push((place("certfile"), What::HalfTls { has: "certfile", lacks: "keyfile" })),
                (false, true) => found.push((place("keyfile"), What::HalfTls { has: "keyfile", lacks: "certfile" })),
                _ => {}
            }
            for key in ["cafile", "capath"] {
                if has(key) && !has("certfile") {
                    found.push((place(key), What::TrustWithoutTls { key }));
                }
            }
        }
        for listener in self.reading.listeners.iter().filter(|l| l.options.text("enable_proxy_protocol") == Some("2")) {
            let subject = Some("use_subject_as_username").filter(|key| listener.options.is_true(key));
            let certificate = ["certfile", "keyfile"].into_iter().find(|key| listener.options.has(key));
            if let Some(key) = subject.or(certificate) {
                let place = listener.options.last(key).map(|value| value.place.clone()).unwrap_or_default();
                found.push((place, What::ProxyProtocol { key }));
            }
        }
        for (place, what) in found {
            self.report(place, what, true);
        }
    }

    pub(super) fn bridge_mut(&mut self, cursor: &Cursor, key: &'static str) -> Result<&mut Bridge, What> {
        let at = cursor.bridge.ok_or(What::NeedsBridge { key })?;
        Ok(&mut self.reading.bridges[at])
    }
}

/// Whether a value above the first `listener` makes 2.0 open the default one: those that leave it as it is do not.
fn opens_default(key: &str, value: &str) -> bool {
    match key {
        "require_certificate" | "use_identity_as_username" | "use_subject_as_username" | "use_username_as_clientid" => {
            matches!(value, "true" | "1")
        }
        "allow_zero_length_clientid" => matches!(value, "false" | "0"),
        "max_connections" => !value.starts_with('-'),
        "max_qos" => value != "2",
        "protocol" => value != "mqtt",
        "tls_keyform" => value == "engine",
        "tls_version" | "http_dir" | "max_topic_alias" | "acl_file" | "allow_anonymous" | "auto_id_prefix" => false,
        _ => true,
    }
}

/// The order of file names: without a difference of case first, then with it (scmp_p of conf_includedir.c).
fn in_order(a: &[u8], b: &[u8]) -> std::cmp::Ordering {
    for (x, y) in a.iter().zip(b) {
        let order = x.to_ascii_uppercase().cmp(&y.to_ascii_uppercase()).then(x.cmp(y));
        if order.is_ne() {
            return order;
        }
    }
    a.len().cmp(&b.len())
}
