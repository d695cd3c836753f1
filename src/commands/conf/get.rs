//! `mqsec conf get`: the value that holds, and where it comes from.

use serde_json::Value;
use serde_json::json;

use super::file::Configuration;
use crate::conf::keyword;
use crate::conf::keyword::Keyword;
use crate::conf::keyword::Scope;
use crate::conf::reading;
use crate::conf::reading::Listener;
use crate::conf::reading::Options;
use crate::conf::reading::Reading;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::series::Series;
use crate::ui::Report;

/// Tell the value of an option, and where it is set; or the broker's default
#[derive(clap::Args)]
pub(super) struct Args {
    #[arg(value_name = "KEY")]
    key: String,
    #[command(flatten)]
    part: super::Part,
    /// As this series of Mosquitto reads it [default: 2.1, where the file serves it]
    #[arg(long, value_name = "SERIES", value_parser = super::released)]
    target: Option<Series>,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let known = keyword::keyword(&args.key).ok_or_else(|| super::unknown(&args.key))?;
    let file = Configuration::load(context)?;
    let series = file.targets(args.target).last().copied().unwrap_or(Series::V21);
    let reading = file.reading(series);
    let parts = parts(&reading, known, &args.part)?;
    let found =
        parts.into_iter().map(|(part, options)| Found { part, values: values(options, known, &args.key) }).collect();
    let show = |path: &str| context.workspace.show(path);
    Ok(context.ui.report(&Told { key: &args.key, known, series, found, show: &show }))
}

/// The options among which the value stands, with the name of their part.
fn parts<'a>(
    reading: &'a Reading,
    known: &Keyword,
    asked: &super::Part,
) -> Result<Vec<(String, &'a Options)>, Failure> {
    let of_listener = known.scope == Scope::Listener || known.scope == Scope::Security && reading.per_listener_settings;
    let name = |listener: &Listener| match &listener.unix_path {
        Some(path) => format!("listener {path}"),
        None => format!("listener {}", listener.port),
    };
    if let Some(bridge) = &asked.bridge {
        let mut found = reading.bridges.iter().filter(|one| one.name == *bridge);
        let one = found.next().ok_or_else(|| super::no_part(format!("bridge `{bridge}`")))?;
        return Ok(vec![(format!("bridge {bridge}"), &one.options)]);
    }
    if let Some(port) = asked.listener {
        let one = reading.listener(port).ok_or_else(|| super::no_part(format!("listener on port {port}")))?;
        // a global option holds for the listener, too
        return Ok(match of_listener {
            true => vec![(name(one), &one.options)],
            false => vec![("all listeners".to_owned(), &reading.global)],
        });
    }
    Ok(match known.scope {
        Scope::Bridge => reading.bridges.iter().map(|one| (format!("bridge {}", one.name), &one.options)).collect(),
        Scope::Plugin => {
            return Err(Plain::new("conf-option-of-plugin", "options of plugins are not looked up by name")
                .hint("look at the file: mqsec conf show")
                .into());
        }
        _ if of_listener => reading.listeners.iter().map(|one| (name(one), &one.options)).collect(),
        _ => vec![(String::new(), &reading.global)],
    })
}

fn values<'a>(options: &'a Options, known: &Keyword, key: &'a str) -> Vec<&'a reading::Value> {
    match known.repeat {
        keyword::Repeat::Adds => options.all(key).collect(),
        _ => options.last(key).into_iter().collect(),
    }
}

struct Found<'a> {
    /// Empty for the whole broker.
    part: String,
    values: Vec<&'a reading::Value>,
}

struct Told<'a> {
    key: &'a str,
    known: &'static Keyword,
    series: Series,
    found: Vec<Found<'a>>,
    show: &'a dyn Fn(&str) -> String,
}

impl Told<'_> {
    fn shown(&self, value: &reading::Value) -> String {
        match self.known.is_secret() {
            true => "[redacted]".to_owned(),
            false => crate::error::printable(&value.text),
        }
    }

    fn default(&self) -> String {
        let other = |series| self.known.default_of(series);
        let own = other(self.series);
        let end = match other(Series::V20) != other(Series::V21) {
            true => format!("the default of {}", self.series),
            false => "the default".to_owned(),
        };
        if own.is_empty() { "not set; there is no default".to_owned() } else { format!("{own}  ({end})") }
    }
}

impl Report for Told<'_> {
    fn text(&self, _fancy: bool) -> String {
        let mut text = String::new();
        for Found { part, values } in &self.found {
            let part = if part.is_empty() || self.found.len() == 1 { String::new() } else { format!("{part}: ") };
            if values.is_empty() {
                text.push_str(&format!("{part}{}\n", self.default()));
            }
            for value in values {
                let place = format!("`{}` line {}", (self.show)(&value.place.path), value.place.line);
                text.push_str(&format!("{part}{}  ({place})\n", self.shown(value)));
            }
        }
        if self.found.is_empty() {
            text = format!("nothing has it: {}\n", self.known.place());
        }
        text
    }

    fn json(&self) -> Value {
        let place = |value: &reading::Value| json!({ "value": self.shown(value), "file": (self.show)(&value.place.path), "line": value.place.line });
        let parts: Vec<Value> = self
            .found
            .iter()
            .map(|found| json!({ "part": found.part, "set": found.values.iter().map(|value| place(value)).collect::<Vec<_>>() }))
            .collect();
        json!({
            "schema": "mqsec/conf-get/1",
            "key": self.key,
            "series": self.series.to_string(),
            "default": self.known.default_of(self.series),
            "parts": parts,
        })
    }
}
