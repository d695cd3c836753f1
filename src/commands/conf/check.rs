//! `mqsec conf check`: would a broker start with this configuration, and what is wrong with it?

mod report;

use std::path::PathBuf;

use self::report::Checked;
use self::report::OfSeries;
use crate::broker;
use crate::checks;
use crate::checks::Topic;
use crate::checks::rules;
use crate::conf::reading::Reading;
use crate::conf::start;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::provision::configuration;
use crate::series::Series;
use crate::snapshot;
use crate::takeover::Here;
use crate::workspace::fs;
use crate::workspace::layout;

/// Tell whether a broker would start, and what is wrong with the configuration
///
/// Everything that the configuration names is opened and verified: certificates, keys, revocation lists, passwords, ACL,
/// plugins, ports. `mosquitto --test-config` opens none of it. Exit status 0 when every series that is meant starts and
/// nothing worse than a note was found.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The configuration [default: config/mosquitto.conf]. Relative paths in it are relative to the workspace
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The series that are meant
    #[arg(long, value_enum, value_name = "SERIES", value_delimiter = ',', default_values_t = Series::RELEASED.to_vec())]
    target: Vec<Series>,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let (shown, bytes) = contents(context, args)?;
    let mut subject = snapshot::take(&context.workspace, context.now, args.target.clone());
    if args.file.is_some() {
        // the rules look at the folder's configuration, which this one stands for
        subject.write(layout::CONF, bytes.clone());
    }
    let here = Here::new(&context.workspace, &subject, broker::running(&context.workspace).is_some());
    let series = args.target.iter().map(|series| {
        let reading = Reading::read(&shown, &bytes, &here, *series);
        let start = start::predict(&reading, &here);
        OfSeries { reading, start }
    });
    let series: Vec<OfSeries> = series.collect();
    let mut findings = checks::run(rules::of(Topic::Configuration), &subject);
    for finding in &mut findings {
        if finding.path.as_deref() == Some(layout::CONF) {
            finding.path = Some(shown.clone());
        }
        let hint = finding.hint.take().map(|hint| if args.file.is_some() { by_hand(&hint) } else { hint });
        finding.hint = hint.map(|hint| context.ui.with_folder(&hint));
    }
    Ok(context.ui.report(&Checked { file: shown, series, findings }))
}

/// The configuration by the name under which it is told, and its bytes.
fn contents(context: &Context<'_>, args: &Args) -> Result<(String, Vec<u8>), Failure> {
    let path = args.file.clone().unwrap_or_else(|| context.workspace.path(layout::CONF));
    let shown = match &args.file {
        Some(path) => path.display().to_string(),
        None => context.workspace.show(layout::CONF),
    };
    match fs::read(&path)? {
        Some(bytes) => Ok((shown, bytes)),
        None if args.file.is_none() => Err(configuration::missing(&context.workspace).into()),
        None => Err(Plain::new("conf-missing", format!("there is no `{shown}`"))
            .hint("without a name it is the folder's own: mqsec conf check")
            .into()),
    }
}

/// `conf set` and `conf migrate` change the workspace's own configuration, not the one that is checked here.
fn by_hand(hint: &str) -> String {
    match hint.split_once("mqsec conf ") {
        Some((before, command)) => match command.strip_prefix("set ") {
            Some(line) if line.ends_with(" --unset") => before.trim_end_matches(": ").to_owned(),
            Some(line) => format!("{before}write the line: {line}"),
            None => hint.to_owned(),
        },
        None => hint.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::by_hand;

    #[test]
    fn a_hint_for_another_file_names_its_line() {
        assert_eq!(by_hand("mqsec conf set allow_anonymous false"), "write the line: allow_anonymous false");
        assert_eq!(by_hand("take the line out: mqsec conf set user --unset"), "take the line out");
        assert_eq!(by_hand("issue it: mqsec broker-cert"), "issue it: mqsec broker-cert");
    }
}
