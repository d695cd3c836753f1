//! `mqsec fleet issue`: a list becomes devices.

mod check;
mod progress;
mod proof;
mod report;

use std::path::Path;
use std::path::PathBuf;

use self::check::Check;
use self::progress::Progress;
use self::report::Report;
use crate::commands::taking_over;
use crate::commands::taking_over::Restart;
use crate::commands::unread;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::fleet::groups::Groups;
use crate::fleet::list::Format;
use crate::passwd::DEFAULT_ITERATIONS;
use crate::pki::keys::KeyType;
use crate::pki::names::BrokerName;
use crate::provision::certificates::DEFAULT_DAYS;
use crate::provision::credentials::must_read;
use crate::provision::fleet::office;
use crate::provision::fleet::plan;
use crate::provision::fleet::plan::Fate;
use crate::provision::fleet::plan::Rules;
use crate::provision::fleet::run;
use crate::provision::fleet::run::Done;
use crate::provision::fleet::sink::Kind;
use crate::provision::fleet::source::Origin;
use crate::provision::fleet::source::Source;
use crate::provision::fleet::state;
use crate::provision::fleet::state::State;
use crate::provision::fleet::worker;
use crate::provision::fleet::worker::Settings;
use crate::provision::reach;
use crate::workspace::fs;

/// Give every device of a list its key, certificate, password and permissions, in one pass
///
/// The list is CSV with a head line (name, and as you need them days, key_type, names, user, password, topics, profile,
/// groups), a list of names alone, or JSON Lines with the same keys. Each line is one device. Topics and names are divided
/// by semicolons; `{name}` and `{user}` in a topic are filled in. The password `generate` is made up. A run that was
/// interrupted goes on with the same command, and issues nothing twice.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The list; - for standard input
    #[arg(value_name = "LIST", required_unless_present = "finish")]
    list: Option<PathBuf>,
    /// Where the files go: a folder for a folder each, FILE.tar, FILE.zip, or - for a tar on standard output; with
    /// --csr-dir also FILE.jsonl [default: certs/client/NAME/]
    #[arg(long, short, value_name = "OUT")]
    out: Option<PathBuf>,
    /// Check the whole list, tell every line that is wrong or would be kept, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Issue nothing at all if one line is wrong
    #[arg(long)]
    strict: bool,
    /// How the list is written, where its first line does not tell
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// A file with the groups' topics: `group NAME` lines, below each `topic [access] FILTER` lines
    #[arg(long, value_name = "FILE")]
    groups: Option<PathBuf>,
    /// Make up a password for every device that the list gives none
    #[arg(long)]
    generate_passwords: bool,
    /// Issue anew what was issued before from another row, was revoked, is near its end (less than a third of its life is
    /// left), or has a certificate of its own
    #[arg(long)]
    reissue: bool,
    /// The devices made their keys themselves: their requests are DIR/NAME.csr
    #[arg(long, value_name = "DIR")]
    csr_dir: Option<PathBuf>,
    /// How long the certificates last, where the list does not tell [default: 365]
    #[arg(long, value_parser = crate::commands::days, allow_negative_numbers = true)]
    days: Option<u32>,
    /// Where the list does not tell [default: p256]
    #[arg(long, value_name = "TYPE")]
    key_type: Option<KeyType>,
    /// By how many hundredths of their life certificates may end earlier, so that not all end in one night
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u32).range(0..=90), default_value_t = 10)]
    jitter: u32,
    /// Rounds of PBKDF2; the broker pays them at every login
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000), default_value_t = DEFAULT_ITERATIONS)]
    iterations: u32,
    /// How devices with a profile reach the broker [default: the first name of its certificate]
    #[arg(long, value_name = "HOST")]
    host: Option<BrokerName>,
    /// How to show what is done
    #[arg(long, value_name = "HOW", default_value = "auto")]
    progress: progress::How,
    /// End an interrupted run with the devices that it has
    #[arg(long, conflicts_with_all = ["list", "dry_run", "reissue"])]
    finish: bool,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let Some(list) = &args.list else { return finish(context) };
    let groups = groups(args.groups.as_deref())?;
    let rules = Rules {
        groups: &groups,
        key_type: args.key_type.unwrap_or_default(),
        generate_passwords: args.generate_passwords,
        reissue: args.reissue,
        now: context.now,
    };
    let settings = settings(context, args)?;
    let _lock = if args.dry_run { None } else { Some(state::lock(workspace)?) };
    let Begun { state, resumed, ended } = begun(context, args)?;
    let source = Source::open(workspace, &Origin::of(list), args.format)?;
    let mut plan = plan::make(workspace, &source, &rules)?;
    if let Some(dir) = args.csr_dir.as_ref().filter(|_| args.dry_run || args.strict) {
        worker::check_requests(dir, &source, &rules, &mut plan)?;
    }
    if args.dry_run || args.strict && plan.count(Fate::Bad) > 0 {
        let check = Check::new(&source, &plan, &rules)?;
        return Ok(context.ui.report(&check));
    }
    let new = plan.count(Fate::New);
    if new == 0 && !resumed {
        let report = match &ended {
            None => {
                // a run that was killed at its very end may not have told the broker
                let taken = taking_over::after_a_change(&context.later(), Restart::Never)?;
                Report::nothing(context, &source, &plan, &state, taken)
            }
            Some(done) => {
                warn_of_unread(context, done)?;
                let taken = taking_over::after_a_change(&context.later(), Restart::Ask)?;
                Report::of(context, &source, &plan, (done, 0.0), Some(taken), Vec::new())
            }
        };
        return Ok(report::show(context, &report));
    }
    if !resumed {
        is_free(&state)?;
    }
    let mut progress = Progress::new(context, args.progress, new as u64);
    let office = office::Office::open(workspace, state, resumed, &settings, context.now)?;
    if let Some(end) = office.shortened() {
        context.ui.warn(format!(
            "the authority ends on {}, and no certificate lasts longer; make a new authority in time: {} ca rollover",
            end.date(),
            workspace.command()
        ));
    }
    let done = run::run(&office, &rules, &source, &plan, &mut |count| progress.add(count));
    let seconds = progress.end();
    let done = done.map_err(|failure| office::interrupted(workspace, failure))?;
    warn_of_unread(context, &done)?;
    let taken = taking_over::after_a_change(&context.later(), Restart::Ask)?;
    let proofs = proof::all(context, &taken, &done.samples)?;
    let report = Report::of(context, &source, &plan, (&done, seconds), Some(taken), proofs);
    Ok(report::show(context, &report))
}

/// The run that was interrupted, or a new one.
struct Begun {
    state: State,
    resumed: bool,
    /// One of which its end alone was missing, and which has it now.
    ended: Option<Done>,
}

fn begun(context: &Context<'_>, args: &Args) -> Result<Begun, Failure> {
    let workspace = &context.workspace;
    let kind = Kind::of(args.out.as_deref());
    let out = match &args.out {
        Some(out) if kind != Kind::Stdout => {
            std::path::absolute(out).map_err(|source| crate::workspace::FsError::new("find", out, source))?
        }
        _ => PathBuf::new(),
    };
    if kind == Kind::Jsonl && args.csr_dir.is_none() {
        return Err(Plain::new("fleet-keys-lost", "a file of JSON lines has no keys, and these devices need new ones")
            .hint("write an archive or folders: --out fleet.tar; or have the devices make their keys: --csr-dir DIR")
            .into());
    }
    let fresh = State::new(kind, out);
    if args.dry_run {
        return Ok(Begun { state: fresh, resumed: false, ended: None });
    }
    let mut ended = None;
    match State::load(workspace)? {
        Some(left) if left.ended => {
            context.ui.say(format!("ended a run that was interrupted after the last of its {} devices", left.issued));
            ended = Some(run::give_up(workspace, left)?);
        }
        Some(left) if (left.kind, &left.out) == (fresh.kind, &fresh.out) => {
            context.ui.say(format!("going on with a run that was interrupted after {} devices", left.issued));
            if kind == Kind::Stdout && left.issued > 0 {
                context.ui.warn(
                    "its devices are issued and noted; if the stream that it wrote is lost, revoke them (mqsec fleet revoke --from FILE) and issue them anew with --reissue",
                );
            }
            return Ok(Begun { state: left, resumed: true, ended: None });
        }
        Some(left) => {
            let to = match left.kind {
                Kind::Workspace => String::new(),
                Kind::Stdout => " --out -".to_owned(),
                _ => format!(" --out {}", crate::error::shell_word(&left.out.display().to_string())),
            };
            return Err(Plain::new(
                "fleet-run-unfinished",
                "an earlier fleet issue was interrupted, and wrote elsewhere",
            )
            .detail(format!("it issued {} devices, which are noted", left.issued))
            .hint(format!("go on with it: the same command as then{to}"))
            .hint("or end it with what it has: mqsec fleet issue --finish")
            .into());
        }
        None => {}
    }
    Ok(Begun { state: fresh, resumed: false, ended })
}

/// Tells of lines that no broker reads: the dynamic security plugin decides, or the configuration names other files.
fn warn_of_unread(context: &Context<'_>, done: &Done) -> Result<(), Failure> {
    if done.merged.logins {
        unread::passwords(context)?;
    }
    done.merged.permissions.as_ref().map_or(Ok(()), |path| unread::permissions(context, path))
}

/// An archive that is there is never replaced.
fn is_free(state: &State) -> Result<(), Failure> {
    if state.kind.is_folder() || state.kind == Kind::Stdout || !fs::exists(&state.out) {
        return Ok(());
    }
    Err(Plain::new("fleet-output-exists", format!("`{}` is there already", state.out.display()))
        .detail("it may hold the only copy of the keys of other devices")
        .hint("give another name with --out, or move it away")
        .into())
}

/// Ends an interrupted run: its devices are noted, and their logins and permissions reach the broker.
fn finish(context: &Context<'_>) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let _lock = state::lock(workspace)?;
    let Some(state) = State::load(workspace)? else {
        return Err(Plain::new("fleet-nothing-to-finish", "no fleet issue of this folder was interrupted")
            .hint("see the fleet: mqsec fleet status")
            .into());
    };
    let done = run::give_up(workspace, state)?;
    warn_of_unread(context, &done)?;
    let taken = taking_over::after_a_change(&context.later(), Restart::Ask)?;
    let report = Report::finished(context, &done, taken);
    Ok(report::show(context, &report))
}

fn settings(context: &Context<'_>, args: &Args) -> Result<Settings, Failure> {
    let wish = reach::Wish { host: args.host.clone(), ..reach::Wish::default() };
    // asked for only where a row has a profile
    let broker = match &args.host {
        Some(_) => Ok(reach::broker(&context.workspace, &wish)?.broker),
        None => reach::broker(&context.workspace, &wish).map(|reached| reached.broker),
    };
    if let Some(dir) = args.csr_dir.as_ref().filter(|dir| !fs::is_dir(dir)) {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(crate::workspace::FsError::new("read", dir, missing).into());
    }
    Ok(Settings {
        days: args.days.unwrap_or(DEFAULT_DAYS),
        key_type: args.key_type.unwrap_or_default(),
        jitter: args.jitter,
        iterations: args.iterations,
        csr_dir: args.csr_dir.clone(),
        broker: broker.map_err(|failure| failure.message()),
    })
}

fn groups(path: Option<&Path>) -> Result<Groups, Failure> {
    let Some(path) = path else { return Ok(Groups::default()) };
    Groups::parse(&must_read(path)?).map_err(|error| {
        let mut failure = Failure::from(error);
        failure.details.push(format!("the groups are {}", path.display()));
        failure
    })
}
