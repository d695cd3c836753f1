//! What `conf check` tells: for each series whether it starts, or the one cause; then the findings of the rules.

use serde_json::Value;
use serde_json::json;

use crate::checks::Finding;
use crate::checks::rules;
use crate::commands::findings;
use crate::conf::keyword;
use crate::conf::reading::Reading;
use crate::conf::reading::What;
use crate::conf::start::Cause;
use crate::conf::start::Opens;
use crate::conf::start::Port;
use crate::conf::start::Start;
use crate::conf::start::Stop;
use crate::conf::start::Unreadable;
use crate::conf::start::Why;
use crate::logs;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::paint;
use crate::workspace::layout;

pub(super) struct OfSeries {
    pub(super) reading: Reading,
    pub(super) start: Start,
}

pub(super) struct Checked {
    pub(super) file: String,
    pub(super) series: Vec<OfSeries>,
    pub(super) findings: Vec<Finding>,
}

fn listens(opens: &Opens) -> String {
    if let Some(path) = &opens.unix_path {
        return format!("socket {path} ({})", opens.protocol);
    }
    let at = opens.address.as_deref().map(|address| format!("{address} ")).unwrap_or_default();
    let tls = if opens.tls { " over TLS" } else { ", not encrypted" };
    let hidden = if opens.hidden { ", which nobody asked for" } else { "" };
    format!("{at}{} ({}{tls}{hidden})", opens.port, opens.protocol)
}

/// What the log would be explained with: the same code has a page.
fn known(stop: &Stop, of: &OfSeries) -> Option<logs::Cause> {
    logs::explain(&stop.cause.broker_line(of.reading.series)?)
}

/// The next step.
fn next(stop: &Stop, of: &OfSeries) -> String {
    match &stop.cause {
        Cause::Conf(what) => match &**what {
            What::Unknown { key } => match keyword::nearest(key) {
                // the name is right, but for the mark that nobody sees
                _ if key.starts_with('\u{feff}') => "save the file without a byte order mark".to_owned(),
                Some(near) => format!("perhaps it is `{near}`: mqsec explain {near}"),
                None if key.contains('\t') => "put spaces in place of the tab".to_owned(),
                None if key.starts_with('#') => "begin the comment in the first column".to_owned(),
                None if keyword::keyword(key).is_some() => "2.0 does not have it: take the line out".to_owned(),
                None => "take the line out, or mend its name".to_owned(),
            },
            What::Duplicate { .. } => "leave one of the two lines".to_owned(),
            What::NeedsListener { .. } => "move the line below the `listener` that it is for".to_owned(),
            What::NeedsBridge { .. } => {
                "begin the bridge with `connection NAME`, and move this line below it".to_owned()
            }
            What::IncludeUnreadable { .. } | What::NoFolder { .. } => "make the folder, or mend the path".to_owned(),
            What::HalfTls { lacks, .. } => format!("add the `{lacks}`"),
            What::TrustWithoutTls { .. } => "add `certfile` and `keyfile`, or take the line out".to_owned(),
            _ => "mend the line".to_owned(),
        },
        Cause::File { path, why: Why::Unreadable(why), .. }
        | Cause::Certificate { path, why: Why::Unreadable(why) }
        | Cause::Key { path, why: Why::Unreadable(why) }
        | Cause::Authorities { path, why: Why::Unreadable(why) }
        | Cause::Crl { path, why: Why::Unreadable(why) } => of_file(path, *why),
        Cause::KeyMismatch { .. } => {
            "put the pair back that was issued together, or issue it anew: mqsec broker-cert".to_owned()
        }
        Cause::Key { why: Why::Encrypted, path } => format!("decrypt it: openssl pkey -in {path} -out {path}.new"),
        Cause::Certificate { .. } | Cause::Key { .. } => "issue the pair anew: mqsec broker-cert".to_owned(),
        Cause::Listen { why: Port::Taken, .. } => "see which program it is: ss -ltnp".to_owned(),
        Cause::SamePort { .. } => "give one of them another port, or take it out".to_owned(),
        Cause::OnlyWebsockets => "add a listener for this machine alone: listener 1883 127.0.0.1".to_owned(),
        Cause::PluginUnused { .. } => "add `plugin_use` below a listener, or take `plugin_load` out".to_owned(),
        _ => known(stop, of).and_then(|cause| cause.hint).unwrap_or_else(|| "mend it, and check again".to_owned()),
    }
}

/// The next step where a file cannot be opened: the workspace's own ones are made by `up`.
fn of_file(path: &str, why: Unreadable) -> String {
    let ours = [
        layout::PASSWD,
        layout::ACL,
        layout::broker::CERT,
        layout::broker::KEY,
        layout::broker::TRUST,
        layout::broker::CRL,
    ];
    match why {
        Unreadable::Denied => "see whose it must be: mqsec doctor --only files".to_owned(),
        Unreadable::NoFile => "put a file in its place".to_owned(),
        Unreadable::Missing if ours.contains(&path) => "let mqsec make it: mqsec up".to_owned(),
        Unreadable::Missing => "put the file there, or mend the path; in a container, mount its folder".to_owned(),
    }
}

impl OfSeries {
    fn text(&self) -> String {
        let series = self.reading.series;
        match &self.start {
            Start::Runs(opens) => {
                let list: Vec<String> = opens.iter().map(listens).collect();
                let local = if self.reading.local_only { ", for this machine alone" } else { "" };
                format!("{}  Mosquitto {series} listens on {}{local}\n", paint(Tone::Good, "starts"), list.join("; "))
            }
            Start::Stops(stop) => {
                let place = format!("{}:{}", stop.place.path, stop.place.line);
                let mut text = format!(
                    "{}  Mosquitto {series} does not start: {place}: {} (exit status {})\n",
                    paint(Tone::Bad, "stops"),
                    stop.cause,
                    stop.status
                );
                if let Some(line) = stop.cause.broker_line(series) {
                    text.push_str(&format!("  it writes: {}\n", crate::error::printable(&line)));
                }
                text.push_str(&format!("  next: {}\n", next(stop, self)));
                for problem in self.further() {
                    text.push_str(&format!(
                        "  then: {}:{}: {}\n",
                        problem.place.path, problem.place.line, problem.what
                    ));
                }
                text
            }
        }
    }

    /// What would stop it next, once the first is mended.
    fn further(&self) -> impl Iterator<Item = &crate::conf::reading::Problem> {
        let first = self.reading.stop;
        self.reading.problems.iter().enumerate().filter_map(move |(at, problem)| {
            (problem.fatal && first.is_some_and(|first| first < at)).then_some(problem)
        })
    }

    fn json(&self) -> Value {
        let series = self.reading.series.to_string();
        let place = |place: &crate::conf::reading::Place| json!({ "path": place.path, "line": place.line, "column": place.column });
        let problems: Vec<Value> = self
            .reading
            .problems
            .iter()
            .map(|problem| json!({ "place": place(&problem.place), "message": problem.what.to_string(), "fatal": problem.fatal }))
            .collect();
        match &self.start {
            Start::Runs(opens) => {
                let listeners: Vec<Value> = opens
                    .iter()
                    .map(|opens| {
                        json!({
                            "port": opens.port, "address": opens.address, "socket": opens.unix_path,
                            "protocol": opens.protocol, "tls": opens.tls, "hidden": opens.hidden,
                        })
                    })
                    .collect();
                json!({
                    "series": series, "starts": true, "local_only": self.reading.local_only,
                    "listeners": listeners, "stop": null, "problems": problems,
                })
            }
            Start::Stops(stop) => json!({
                "series": series, "starts": false, "listeners": [],
                "stop": {
                    "place": place(&stop.place), "message": stop.cause.to_string(), "exit_status": stop.status,
                    "code": known(stop, self).map(|cause| cause.code),
                    "broker_says": stop.cause.broker_line(self.reading.series), "next": next(stop, self),
                },
                "problems": problems,
            }),
        }
    }
}

impl Checked {
    /// Whether the reader of the text has read it before, as the cause of a stop at the same line.
    fn is_told(&self, finding: &Finding) -> bool {
        let stops = self.series.iter().filter_map(|series| match &series.start {
            Start::Stops(stop) => Some(stop),
            Start::Runs(_) => None,
        });
        let same = |stop: &Stop| {
            finding.line == Some(stop.place.line) && finding.path.as_deref().is_none_or(|path| path == stop.place.path)
        };
        rules::configuration::SAY_THE_STOP.contains(&finding.rule) && stops.into_iter().any(|stop| same(stop))
    }

    fn starts(&self) -> bool {
        self.series.iter().all(|series| matches!(series.start, Start::Runs(_)))
    }
}

impl Report for Checked {
    fn text(&self, _fancy: bool) -> String {
        let mut text: String = self.series.iter().map(OfSeries::text).collect();
        for finding in self.findings.iter().filter(|finding| !self.is_told(finding)) {
            let path = finding.path.as_deref().unwrap_or(&self.file);
            let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
            let word = findings::word(finding.severity);
            text.push_str(&format!("{word}  {path}{line}: {} [{}]\n", finding.message, finding.rule));
            if let Some(hint) = &finding.hint {
                text.push_str(&format!("  hint: {hint}\n"));
            }
        }
        text
    }

    fn json(&self) -> Value {
        let findings: Vec<Value> = self.findings.iter().map(findings::json).collect();
        json!({
            "schema": "mqsec/conf-check/1", "file": self.file, "starts": self.starts(),
            "series": self.series.iter().map(OfSeries::json).collect::<Vec<_>>(), "findings": findings,
        })
    }

    fn status(&self) -> u8 {
        if self.starts() { findings::status(&self.findings) } else { 1 }
    }
}
