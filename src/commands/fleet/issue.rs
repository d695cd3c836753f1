//! `mqsec fleet issue`: a list becomes devices.

use std::path::PathBuf;

use crate::context::Context;
use crate::error::Failure;
use crate::export;
use crate::fleet::groups::Groups;
use crate::fleet::list::Format;
use crate::passwd::DEFAULT_ITERATIONS;
use crate::pki::keys::KeyType;
use crate::pki::mint::Mint;
use crate::provision::authority;
use crate::provision::fleet::plan;
use crate::provision::fleet::plan::Rules;
use crate::provision::fleet::run;
use crate::provision::fleet::sink;
use crate::provision::fleet::sink::Kind;
use crate::provision::fleet::source::Origin;
use crate::provision::fleet::source::Source;
use crate::provision::fleet::state;
use crate::provision::fleet::state::State;
use crate::provision::fleet::worker::Authorities;
use crate::provision::fleet::worker::Settings;
use crate::provision::fleet::worker::Worker;
use crate::provision::stamp;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// Give every device of a list its key, certificate, password and permissions, in one pass
#[derive(clap::Args)]
pub(super) struct Args {
    #[arg(value_name = "LIST")]
    list: PathBuf,
    #[arg(long)]
    format: Option<Format>,
    #[arg(long)]
    out: Option<PathBuf>,
    #[arg(long)]
    generate_passwords: bool,
    #[arg(long)]
    reissue: bool,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let workspace = &context.workspace;
    let origin = match args.list.to_str() {
        Some("-") => Origin::Stdin,
        _ => Origin::File(args.list.clone()),
    };
    let _lock = state::lock(workspace)?;
    let source = Source::open(workspace, &origin, args.format)?;
    let groups = Groups::default();
    let rules = Rules { groups: &groups, generate_passwords: args.generate_passwords, reissue: args.reissue };
    let plan = plan::make(workspace, &source, &rules)?;
    let kind = Kind::of(args.out.as_deref());
    let out = args.out.as_deref().map(|out| std::path::absolute(out).unwrap_or_default()).unwrap_or_default();
    let (state, resumed) = match State::load(workspace)? {
        Some(state) => (state, true),
        None => (State::new(kind, out), false),
    };
    let form = sink::Form {
        kind,
        dir: match kind {
            Kind::Workspace => workspace.path(layout::CLIENT_DIR),
            _ => state.out.clone(),
        },
        owner: workspace.owner(layout::Whose::Operator),
        time: u64::try_from(context.now.unix_timestamp()).unwrap_or_default(),
    };
    if resumed && kind.is_folder() {
        state::clear_leftovers(workspace, &state, &form.dir)?;
    }
    let change = Transaction::begin(workspace)?;
    let hierarchy = authority::current(&change, context.now)?;
    let issuer = hierarchy.unlock(&change, context.now)?;
    drop(change);
    let mint = Mint::open(&issuer, context.now)?;
    let settings = Settings {
        days: 365,
        key_type: KeyType::default(),
        jitter: 10,
        iterations: DEFAULT_ITERATIONS,
        csr_dir: None,
        broker: export::Broker { host: String::new(), port: 8883, websockets: None, names: Vec::new() },
    };
    let authorities = Authorities { intermediates: String::new(), roots: hierarchy.root_pem().to_owned() };
    let worker = Worker {
        workspace,
        mint: &mint,
        rules: &rules,
        settings: &settings,
        authorities: &authorities,
        form: &form,
        now: context.now,
        stamp: &stamp(context.now),
    };
    let done = run::run(&worker, &source, &plan, state, resumed, &mut |_| {})?;
    context.ui.part(&format!("{} issued, {} bad\n", done.issued, done.bad.len()));
    Ok(0)
}
