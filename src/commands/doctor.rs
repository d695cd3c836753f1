//! `mqsec doctor`: every rule, over the whole workspace.

mod github;
mod live;
mod mending;
mod report;
mod sarif;
mod selection;

use std::collections::BTreeSet;

use clap::ValueEnum;

use self::mending::Mended;
use self::report::Examined;
use self::report::Rules;
use self::selection::Selection;
use crate::checks;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::checks::accept;
use crate::checks::accept::Accepted;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::series::Series;
use crate::snapshot;
use crate::workspace::layout;

/// Find what is wrong with the workspace, and mend what is safe to mend
///
/// Looks at the configuration, certificates, revocation lists, passwords, ACL, compose file and permissions, as the
/// broker's user would find them. A finding that is meant is accepted by a comment on the line above it, `# mqsec: accept
/// RULE-ID reason`, or by a line `RULE-ID [PATH[:LINE]] reason` in `.mqsec-accept`.
#[derive(clap::Args)]
pub struct Args {
    /// Ask the running broker too: what each listener shows, who gets in, what it has not read yet
    #[arg(long)]
    live: bool,
    /// Mend what can be mended without loss, say what was done, and look again
    #[arg(long)]
    fix: bool,
    /// Print SARIF 2.1.0, for code scanning
    #[arg(long, conflicts_with = "github")]
    sarif: bool,
    /// Print annotations for GitHub Actions
    #[arg(long)]
    github: bool,
    /// List every rule with its severity, and look at nothing
    #[arg(long, conflicts_with_all = ["live", "fix", "sarif", "github"])]
    list: bool,
    /// These rules alone: an id, or a topic such as `files` (repeatable)
    #[arg(long, value_name = "ID|TOPIC", value_delimiter = ',')]
    only: Vec<String>,
    /// All but these (repeatable)
    #[arg(long, value_name = "ID|TOPIC", value_delimiter = ',')]
    skip: Vec<String>,
    /// The series of Mosquitto that must be able to use the workspace [default: 2.0,2.1]
    #[arg(long, value_name = "SERIES", value_delimiter = ',')]
    target: Vec<Series>,
    /// Exit with status 1 from this severity upward
    #[arg(long, default_value = "error", value_name = "SEVERITY")]
    fail_on: FailOn,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Note,
}

impl FailOn {
    fn severity(self) -> Severity {
        match self {
            Self::Error => Severity::Error,
            Self::Warning => Severity::Warning,
            Self::Note => Severity::Note,
        }
    }
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let selection = Selection::of(&args.only, &args.skip)?;
    let rules: Vec<&'static Rule> = selection.rules().filter(|rule| args.live || rule.topic != Topic::Live).collect();
    if args.list {
        return Ok(context.ui.report(&Rules { rules: selection.rules().collect() }));
    }
    if rules.is_empty() {
        return Err(Plain::new("usage", "rules of the topic `live` speak of the running broker")
            .hint("mqsec doctor --live --only live")
            .into());
    }
    if context.ui.json && (args.sarif || args.github) {
        let what = if args.sarif { "--sarif" } else { "--github" };
        return Err(Plain::new("usage", format!("--json and {what} are two forms of the same result"))
            .hint("leave out one of them")
            .into());
    }
    let mut examined = examine(context, args, &rules)?;
    let mut mended = Vec::new();
    if args.fix {
        mended = mending::mend(context, &rules, &examined)?;
        if mended.iter().any(|one| one.done) {
            examined = examine(context, args, &rules)?;
        }
    }
    let (standing, accepted) = (examined.standing, examined.accepted);
    let worst = standing.iter().map(|finding| finding.severity).max();
    let failed = worst.is_some_and(|worst| worst >= args.fail_on.severity());
    if args.sarif {
        crate::ui::raw(sarif::render(context, &rules, &standing, &accepted).as_bytes());
        return Ok(u8::from(failed));
    }
    if args.github {
        crate::ui::raw(github::render(context, &standing).as_bytes());
        return Ok(u8::from(failed));
    }
    Ok(context.ui.report(&Examined { context, rules: rules.len(), standing, accepted, mended, failed }))
}

/// The result of one look.
struct Outcome {
    subject: Subject,
    standing: Vec<checks::Finding>,
    accepted: Vec<Accepted>,
}

fn examine(context: &Context<'_>, args: &Args, rules: &[&'static Rule]) -> Result<Outcome, Failure> {
    let targets = if args.target.is_empty() { Series::RELEASED.to_vec() } else { args.target.clone() };
    let mut subject = snapshot::take(&context.workspace, context.now, targets);
    is_workspace(context, &subject)?;
    if args.live {
        subject.observed = Some(live::observe(context, &subject));
    }
    let mut findings = run_in_parallel(rules, &subject);
    for finding in &mut findings {
        finding.hint = finding.hint.take().map(|hint| context.ui.with_folder(&hint));
    }
    let ran: BTreeSet<&str> = rules.iter().map(|rule| rule.id).collect();
    let (standing, accepted) = accept::part(&subject, findings, &|id| ran.contains(id));
    Ok(Outcome { subject, standing, accepted })
}

/// One rule asks ten thousand certificates, and the others wait for nobody.
fn run_in_parallel(rules: &[&'static Rule], subject: &Subject) -> Vec<checks::Finding> {
    let (many, few): (Vec<&Rule>, Vec<&Rule>) =
        rules.iter().copied().partition(|rule| rule.topic == Topic::Certificates);
    let mut findings = std::thread::scope(|scope| {
        let others = scope.spawn(|| checks::run(few.iter().copied(), subject));
        let mut found = checks::run(many.iter().copied(), subject);
        found.extend(others.join().unwrap_or_default());
        found
    });
    checks::sort(&mut findings);
    findings
}

/// A folder without anything of a broker's is a mistake in the command, not a healthy workspace.
fn is_workspace(context: &Context<'_>, subject: &Subject) -> Result<(), Plain> {
    let signs = [layout::ENV, layout::COMPOSE, layout::CONF, layout::PASSWD, layout::CA_CERT, layout::broker::CERT];
    if signs.iter().any(|sign| subject.folder.file(sign).is_some()) {
        return Ok(());
    }
    let root = context.workspace.root().display();
    Err(Plain::new(
        "workspace-missing",
        format!("`{root}` is no broker's workspace: it has none of {}", signs.join(", ")),
    )
    .hint("make one: mqsec up; or name the folder: mqsec --dir DIR doctor"))
}
