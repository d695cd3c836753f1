//! `mqsec conf set`: one option changed, in its line.

use serde_json::Value;
use serde_json::json;

use super::edit::Line;
use super::edit::changed_lines;
use super::edit::without_value;
use super::file::Configuration;
use crate::conf::document::Document;
use crate::conf::document::Section;
use crate::conf::keyword::Keyword;
use crate::conf::keyword::Repeat;
use crate::conf::keyword::Scope;
use crate::conf::keyword::keyword;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::secret::Secret;
use crate::series::Series;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::paint;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// Change one option in its line, and tell what a reload does with it
///
/// The value is held against what Mosquitto takes, and a change with which the broker would not start is refused. All
/// other lines, comments among them, stay as they are.
#[derive(clap::Args)]
pub(super) struct Args {
    #[arg(value_name = "KEY")]
    key: String,
    /// As it stands in the file; several words become one value
    #[arg(value_name = "VALUE", required_unless_present_any = ["unset", "stdin"], allow_negative_numbers = true)]
    value: Vec<String>,
    /// Read the value from the first line of standard input, for a bridge's password
    #[arg(long, conflicts_with_all = ["value", "unset"])]
    stdin: bool,
    #[command(flatten)]
    part: super::Part,
    /// Take the option out; of one that stands several times, the line with this value
    #[arg(long, conflicts_with_all = ["add", "replace"])]
    unset: bool,
    /// Add a line of an option that may stand several times (log_type, log_dest, topic)
    #[arg(long)]
    add: bool,
    /// Put this one value in place of all lines of an option that may stand several times
    #[arg(long, conflicts_with = "add")]
    replace: bool,
    /// Write it even if the broker would not start with it, because a file is still to come
    #[arg(long)]
    force: bool,
    /// The series of Mosquitto that must read it [default: those that start with the file as it is]
    #[arg(long, value_name = "SERIES", value_parser = super::released)]
    target: Option<Series>,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let known = keyword(&args.key).ok_or_else(|| super::unknown(&args.key))?;
    let value = value(context, args)?;
    let mut change = Transaction::begin(&context.workspace)?;
    let file = Configuration::load(context)?;
    let targets = file.targets(args.target);
    if !args.unset {
        check(known, value.expose(), &targets)?;
    }
    let mut document = Document::parse(&file.bytes);
    let section = section(&document, known, &args.part)?;
    let text = edit(args, known, value.expose(), &section, &mut document)?;
    let lines = changed_lines(&file.bytes, &text);
    if !args.force {
        refuse_what_does_not_start(context, &file, &text, &lines, &targets)?;
    }
    warn_of_later_lines(context, &file, &text, &section, known, &targets);
    change.put(layout::CONF, text);
    change.commit()?;
    Ok(context.ui.report(&Done { context, known, targets, lines }))
}

/// The value that was given; a secret comes from standard input alone.
fn value(context: &Context<'_>, args: &Args) -> Result<Secret, Failure> {
    if args.stdin {
        return context.ui.read_password();
    }
    if keyword(&args.key).is_some_and(Keyword::is_secret) && !args.value.is_empty() {
        let key = &args.key;
        return Err(Plain::new(
            "conf-secret-on-command-line",
            format!("`{key}` is a secret, and other users of this machine see the command line"),
        )
        .hint(format!("give it on standard input: mqsec conf set {key} --stdin --bridge NAME"))
        .into());
    }
    Ok(Secret::new(args.value.join(" ")))
}

/// Whether the series know the option and take the value.
fn check(known: &Keyword, value: &str, targets: &[Series]) -> Result<(), Failure> {
    if let Some(series) = targets.iter().find(|series| !known.known_to(**series)) {
        return Err(Plain::no(
            "conf-option-too-new",
            format!("`{}` came with Mosquitto {}; {series} would not start with it", known.name, known.since),
        )
        .hint("if the broker is 2.1, say so: --target 2.1")
        .into());
    }
    if let Some(series) = targets.iter().find(|series| !known.accepts(value, **series)) {
        return Err(Plain::no(
            "conf-value-invalid",
            format!(
                "`{}` takes {}, and not `{}` (Mosquitto {series})",
                known.name,
                known.takes(),
                crate::error::printable(value)
            ),
        )
        .hint(format!("what it does: mqsec explain {}", known.name))
        .into());
    }
    Ok(())
}

/// The part of the file that is meant: the one that was named, or the only one there is.
fn section(document: &Document, known: &Keyword, part: &super::Part) -> Result<Section, Failure> {
    match (&part.bridge, part.listener) {
        (Some(name), _) => return Ok(Section::Bridge(name.clone())),
        (_, Some(port)) => return Ok(Section::Listener(port)),
        _ => {}
    }
    let parts: Vec<Section> = document
        .sections()
        .into_iter()
        .filter(|section| match known.scope {
            Scope::Listener => matches!(section, Section::Listener(_)),
            Scope::Bridge => matches!(section, Section::Bridge(_)),
            _ => *section == Section::Global,
        })
        .collect();
    match &parts[..] {
        [only] => Ok(only.clone()),
        [] => Ok(Section::Global),
        [first, ..] => {
            let option = match first {
                Section::Listener(port) => format!("--listener {port}"),
                Section::Bridge(name) => format!("--bridge {name}"),
                Section::Global => String::new(),
            };
            let named: Vec<String> = parts.iter().map(ToString::to_string).collect();
            Err(Plain::new("conf-section-unnamed", format!("`{}` can be meant for {}", known.name, named.join(", ")))
                .hint(format!("say for which: {option}"))
                .into())
        }
    }
}

/// The file with the change.
fn edit(
    args: &Args,
    known: &Keyword,
    value: &str,
    section: &Section,
    document: &mut Document,
) -> Result<Vec<u8>, Failure> {
    let key = &args.key;
    let several = known.repeat == Repeat::Adds;
    if (args.add || args.replace) && !several {
        let option = if args.add { "--add" } else { "--replace" };
        return Err(Plain::new(
            "conf-option-single",
            format!("`{key}` stands once; {option} is for those that add up"),
        )
        .hint(format!("leave {option} out: mqsec conf set {key} VALUE"))
        .into());
    }
    if args.unset && several && !value.is_empty() {
        return Ok(without_value(document, section, key, value));
    }
    if args.unset {
        document.unset(section, key)?;
        return Ok(document.to_bytes());
    }
    let there = document.values(section, key);
    if several && !args.add && !args.replace && !there.is_empty() && there.iter().all(|line| line.value != value) {
        let values: Vec<String> =
            there.iter().map(|line| format!("line {}: {key} {}", line.line, line.value)).collect();
        let mut error = Plain::new(
            "conf-option-adds-up",
            format!("`{key}` may stand several times, and stands there {} times", values.len()),
        );
        for value in values {
            error = error.detail(value);
        }
        return Err(error
            .hint(format!("add a line: mqsec conf set {key} {value} --add"))
            .hint(format!("put it in their place: mqsec conf set {key} {value} --replace"))
            .into());
    }
    if several && !args.replace {
        document.add(section, key, value)?;
    } else {
        document.set(section, key, value)?;
    }
    Ok(document.to_bytes())
}

/// A change that stops a broker which starts now, or that is itself what would stop it.
fn refuse_what_does_not_start(
    context: &Context<'_>,
    file: &Configuration<'_>,
    text: &[u8],
    lines: &[Line],
    targets: &[Series],
) -> Result<(), Failure> {
    let is_mine = |line: Option<usize>| line.is_some() && lines.iter().any(|changed| changed.new == line);
    let would_not_start = |series: Series, why: String| {
        Plain::no("conf-would-not-start", format!("with it Mosquitto {series} would not start; nothing was changed"))
            .detail(why)
            .hint("see what holds now: mqsec conf show --effective")
    };
    for &series in targets {
        if let Some((line, why)) = file.stop_of(text, series) {
            if is_mine(line) || file.stop_of(&file.bytes, series).is_none() {
                return Err(would_not_start(series, why).into());
            }
            continue;
        }
        // the files that it names: what was wrong with another one before is not this change's fault
        let Some(stop) = file.files_stop(text, series) else { continue };
        if !is_mine(stop.line) && file.files_stop(&file.bytes, series).is_some() {
            continue;
        }
        if !stop.elsewhere {
            return Err(would_not_start(series, stop.why).hint("if the file is still to come: --force").into());
        }
        context.ui.warn(format!("seen from here, {}", stop.why));
        break;
    }
    Ok(())
}

/// An included file that is read later has the last word.
fn warn_of_later_lines(
    context: &Context<'_>,
    file: &Configuration<'_>,
    text: &[u8],
    section: &Section,
    known: &Keyword,
    targets: &[Series],
) {
    let reading = file.reading_of(text, targets.last().copied().unwrap_or(Series::V21));
    let options = match section {
        Section::Global => Some(&reading.global),
        Section::Listener(port) => reading.listener(*port).map(|listener| &listener.options),
        Section::Bridge(_) => None,
    };
    if let Some(value) = options.and_then(|options| options.last(known.name))
        && value.place.path != layout::CONF
        && known.repeat != Repeat::Adds
    {
        let path = context.workspace.show(&value.place.path);
        context.ui.warn(format!(
            "`{path}` line {} is read later and wins: `{} {}`",
            value.place.line, known.name, value.text
        ));
    }
}

struct Done<'a> {
    context: &'a Context<'a>,
    known: &'static Keyword,
    targets: Vec<Series>,
    lines: Vec<Line>,
}

impl Report for Done<'_> {
    fn text(&self, _fancy: bool) -> String {
        let path = self.context.workspace.show(layout::CONF);
        let Some(first) = self.lines.first() else {
            return format!("`{path}` says so already; nothing was changed\n");
        };
        let number = first.new.or(first.old).unwrap_or_default();
        let mut text = format!("`{path}` line {number}\n");
        for line in &self.lines {
            let (mark, tone) = if line.new.is_some() { ("+", Tone::Good) } else { ("-", Tone::Bad) };
            text.push_str(&format!("  {}\n", paint(tone, &format!("{mark} {}", super::without_secret(&line.text)))));
        }
        for series in &self.targets {
            text.push_str(&format!("  Mosquitto {series} {}\n", self.known.reload.of(*series).in_words()));
        }
        text + &format!("next: {} up\n", self.context.workspace.command())
    }

    fn json(&self) -> Value {
        let lines: Vec<Value> = self
            .lines
            .iter()
            .map(|line| json!({ "text": super::without_secret(&line.text), "line": line.new.or(line.old), "added": line.new.is_some() }))
            .collect();
        let reload: serde_json::Map<String, Value> = self
            .targets
            .iter()
            .map(|series| (series.to_string(), self.known.reload.of(*series).name().into()))
            .collect();
        json!({
            "schema": "mqsec/conf-set/1",
            "file": self.context.workspace.show(layout::CONF),
            "key": self.known.name,
            "changed": !self.lines.is_empty(),
            "lines": lines,
            "reload": reload,
        })
    }
}
