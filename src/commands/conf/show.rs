//! `mqsec conf show`: the file, or what it comes to.

use serde_json::Value;
use serde_json::json;

use super::file::Configuration;
use crate::conf::effective::Bound;
use crate::conf::effective::Certificate;
use crate::conf::effective::Effective;
use crate::conf::effective::Encryption;
use crate::conf::effective::Entry;
use crate::conf::effective::Limit;
use crate::conf::effective::Passwords;
use crate::conf::effective::Protocol;
use crate::conf::effective::Rights;
use crate::conf::effective::effective;
use crate::context::Context;
use crate::error::Failure;
use crate::series::Series;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::paint;

/// Print config/mosquitto.conf, or what each listener really does
#[derive(clap::Args)]
pub(super) struct Args {
    /// Tell for each port that is opened who gets in, with what, over what, and what they may do
    #[arg(long)]
    effective: bool,
    /// For this series of Mosquitto alone [default: 2.0 and 2.1]
    #[arg(long, value_name = "SERIES", requires = "effective", value_parser = super::released)]
    target: Option<Series>,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let file = Configuration::load(context)?;
    if !args.effective {
        return Ok(context.ui.report(&Printed { path: file.shown(), bytes: &file.bytes }));
    }
    let targets = Series::targets(args.target);
    let told = targets.into_iter().map(|series| Told {
        series,
        listeners: effective(&file.reading(series)),
        stop: file.stop_of(&file.bytes, series).map(|(_, why)| why),
    });
    Ok(context.ui.report(&Shown { path: file.shown(), told: told.collect() }))
}

struct Printed<'a> {
    path: String,
    bytes: &'a [u8],
}

impl Report for Printed<'_> {
    fn text(&self, _fancy: bool) -> String {
        super::redacted(self.bytes)
    }

    fn json(&self) -> Value {
        json!({ "schema": "mqsec/conf-show/1", "file": self.path, "text": self.text(false) })
    }
}

/// What one series makes of the file.
struct Told {
    series: Series,
    listeners: Vec<Effective>,
    /// Why the broker does not start.
    stop: Option<String>,
}

struct Shown {
    path: String,
    told: Vec<Told>,
}

impl Shown {
    /// Each listener with the series that have it so: what all make of it is told once.
    fn listeners(&self) -> Vec<(Vec<Series>, &Effective)> {
        let most = self.told.iter().map(|told| told.listeners.len()).max().unwrap_or_default();
        let mut found: Vec<(Vec<Series>, &Effective)> = Vec::new();
        for number in 0..most {
            let start = found.len();
            for told in &self.told {
                let Some(listener) = told.listeners.get(number) else { continue };
                match found[start..].iter_mut().find(|(_, other)| *other == listener) {
                    Some((series, _)) => series.push(told.series),
                    None => found.push((vec![told.series], listener)),
                }
            }
        }
        found
    }

    /// The limits of the whole broker, by the series that have them so.
    fn limits(&self) -> Vec<(Vec<Series>, String)> {
        let mut found: Vec<(Vec<Series>, String)> = Vec::new();
        for told in &self.told {
            let limits = told.listeners.first().map(|first| limits(first, false)).unwrap_or_default();
            match found.iter_mut().find(|(_, other)| *other == limits) {
                Some((series, _)) => series.push(told.series),
                None => found.push((vec![told.series], limits)),
            }
        }
        found
    }

    /// `(2.0)`, where not all have it so.
    fn only(&self, series: &[Series]) -> String {
        let names: Vec<String> = series.iter().map(ToString::to_string).collect();
        if series.len() == self.told.len() { String::new() } else { format!(" (Mosquitto {})", names.join(", ")) }
    }
}

fn limits(listener: &Effective, of_listener: bool) -> String {
    let limits = listener.limits.iter().filter(|limit| limit.of_listener == of_listener);
    limits.map(Limit::in_words).collect::<Vec<_>>().join(", ")
}

impl Report for Shown {
    fn text(&self, _fancy: bool) -> String {
        let mut text = String::new();
        for Told { series, stop, .. } in &self.told {
            if let Some(stop) = stop {
                text.push_str(&format!(
                    "{}: {stop}\n",
                    paint(Tone::Bad, &format!("Mosquitto {series} does not start"))
                ));
            }
        }
        if !text.is_empty() {
            text.push_str("what it would do if that were mended:\n\n");
        }
        for (series, listener) in self.listeners() {
            text.push_str(&format!("{}{}\n", paint(Tone::Head, &listener.place()), self.only(&series)));
            for (label, sentence) in rows(listener) {
                text.push_str(&format!("  {label:<8}{sentence}\n"));
            }
            text.push('\n');
        }
        for (series, limits) in self.limits().iter().filter(|(_, limits)| !limits.is_empty()) {
            text.push_str(&format!("{}{}\n", paint(Tone::Head, "limits of the whole broker"), self.only(series)));
            text.push_str(&format!("  {limits}\n"));
        }
        text
    }

    fn json(&self) -> Value {
        let told: Vec<Value> = self
            .told
            .iter()
            .map(|told| {
                json!({
                    "series": told.series.to_string(),
                    "starts": told.stop.is_none(),
                    "why_not": told.stop,
                    "listeners": told.listeners.iter().map(facts).collect::<Vec<_>>(),
                })
            })
            .collect();
        json!({ "schema": "mqsec/conf-show-effective/1", "file": self.path, "brokers": told })
    }

    fn status(&self) -> u8 {
        u8::from(self.told.iter().any(|told| told.stop.is_some()))
    }
}

fn rows(listener: &Effective) -> Vec<(&'static str, String)> {
    let mut rows = vec![("speaks", listener.speaks()), ("gets in", listener.gets_in())];
    if let Some(name) = listener.as_whom() {
        rows.extend([("as", name), ("may", listener.may())]);
    }
    let limits = limits(listener, true);
    if !limits.is_empty() {
        rows.push(("limits", limits));
    }
    if listener.hidden {
        rows.push(("note", "hidden: options above the first `listener` open it".to_owned()));
    }
    if listener.entry.is_open() && !listener.bound.is_local() {
        rows.push(("note", "open: whoever reaches the port is in".to_owned()));
    }
    rows
}

fn facts(listener: &Effective) -> Value {
    let (address, written) = match &listener.bound {
        Bound::Everywhere => (json!("*"), Value::Null),
        Bound::Interface(name) => (Value::Null, json!(name)),
        Bound::EverywhereInSpiteOf(written) => (json!("*"), json!(written)),
        Bound::Address(address) => (json!(address), json!(address)),
        Bound::LocalOnly => (json!("localhost"), Value::Null),
        Bound::Unix(path) => (json!(path), json!(path)),
    };
    let (tls, versions, shown) = match &listener.encryption {
        Encryption::None => ("none", &[][..], None),
        Encryption::Tls { versions, certificate } => ("certificate", versions.as_slice(), Some(certificate)),
        Encryption::SharedKeys { versions } => ("psk", versions.as_slice(), None),
    };
    let limits: serde_json::Map<String, Value> = listener
        .limits
        .iter()
        .map(|limit| {
            let value =
                json!({ "value": limit.value, "default": limit.default, "lost_at_reload": limit.lost_at_reload });
            (limit.key.to_owned(), value)
        })
        .collect();
    json!({
        "port": listener.port,
        "address": address,
        "address_written": written,
        "local_only": listener.bound.is_local(),
        "hidden": listener.hidden,
        "line": listener.line,
        "protocol": match listener.protocol {
            Protocol::Mqtt => "mqtt",
            Protocol::Websockets => "websockets",
            Protocol::Http => "http_api",
        },
        "encryption": tls,
        "tls_versions": versions,
        "certificate": shown,
        "entry": entry(&listener.entry),
        "open": listener.entry.is_open(),
        "rights": match &listener.rights {
            Rights::File(path) => json!({ "acl_file": path }),
            Rights::Plugins(names) => json!({ "plugins": names }),
            Rights::Everything => json!("everything"),
        },
        "mount_point": listener.mount_point,
        "limits": limits,
        "words": {
            "place": listener.place(),
            "speaks": listener.speaks(),
            "gets_in": listener.gets_in(),
            "as": listener.as_whom(),
            "may": listener.may(),
        },
    })
}

fn entry(entry: &Entry) -> Value {
    let Entry::Some { certificate, login, anonymous, name_is_client_id } = entry else {
        let Entry::Nobody(why) = entry else { return Value::Null };
        return json!({ "nobody": why.in_words() });
    };
    let certificate = match certificate {
        Certificate::None => Value::Null,
        Certificate::Required { authorities, revoked, name } => json!({
            "authorities": authorities,
            "crl": revoked.as_ref().map(|(list, _)| list),
            "crl_is_looked_into": revoked.as_ref().is_some_and(|(_, looked_into)| *looked_into),
            "is_user_name": name,
        }),
    };
    let login = match login {
        None => Value::Null,
        Some(Passwords::Unchecked) => json!("unchecked"),
        Some(Passwords::File(path)) => json!({ "password_file": path }),
        Some(Passwords::SharedKeys(path)) => json!({ "psk_file": path }),
        Some(Passwords::Plugins(names)) => json!({ "plugins": names }),
    };
    json!({
        "certificate": certificate,
        "login": login,
        "anonymous": anonymous,
        "name_is_client_id": name_is_client_id,
    })
}
