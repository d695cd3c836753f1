//! `mqsec bridge add`: everything that a bridge needs, on this side and, where its folder is here, on the other.

use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::authority;
use super::authority::There;
use super::bridges;
use super::paths;
use super::subject;
use crate::bridge::Bridge;
use crate::bridge::BridgeName;
use crate::bridge::Remote;
use crate::bridge::Topic;
use crate::bridge::needs;
use crate::checks::Subject;
use crate::conf::document::Document;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::passwd::UserName;
use crate::pki::names::ClientName;
use crate::secret::Secret;
use crate::secret::random_bytes;
use crate::ui::Report;
use crate::workspace::Change;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// Add a bridge to another broker: TLS, its own certificate, user, password and rights
///
/// With --remote-workspace the other broker's folder is completed too: its authority issues the certificate, the user is
/// added there with the rights that the topics need. Without it, --ca names who is trusted, and the password is the one
/// that the other broker gave you (--stdin or MQSEC_PASSWORD), or is generated.
#[derive(clap::Args)]
pub(super) struct Args {
    name: BridgeName,
    /// The other broker [default port: 8883, or that of its workspace]
    #[arg(long, value_name = "HOST[:PORT]")]
    remote: Remote,
    /// What crosses: 'PATTERN [out|in|both] [QOS] [LOCAL-PREFIX] [REMOTE-PREFIX]'; out goes there, in comes here
    #[arg(long = "topic", value_name = "TOPIC", required = true)]
    topics: Vec<Topic>,
    /// Authorities that the other broker's certificate is of
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "remote_workspace",
        conflicts_with = "remote_workspace"
    )]
    ca: Option<PathBuf>,
    /// The other broker's folder, on this machine
    #[arg(long, value_name = "DIR")]
    remote_workspace: Option<PathBuf>,
    /// The user over there [default: bridge-NAME]
    #[arg(long, value_name = "USER")]
    remote_user: Option<UserName>,
    /// Read the password of the user over there from the first line of standard input
    #[arg(long)]
    stdin: bool,
    /// Change a bridge that is there; its password and client id stay
    #[arg(long)]
    force: bool,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let subject = subject(context)?;
    let there = args.remote_workspace.as_deref().map(|dir| There::open(context, dir)).transpose()?;
    let remote = match there.as_ref().map(There::port).transpose()?.flatten() {
        Some(port) => args.remote.clone().or_port(port),
        None => args.remote.clone(),
    };
    let user = match &args.remote_user {
        Some(user) => user.clone(),
        None => UserName::parse(&format!("bridge-{}", args.name))?,
    };
    let files = layout::bridge(args.name.as_str());
    let known = known(&subject, &args.name, &files.conf)?;
    let given = given(context, args)?;
    let generated = given.is_none() && known.is_none();
    let (client_id, password) = match known {
        Some((client_id, password)) => (client_id, given.unwrap_or(password)),
        None => (new_client_id(&args.name), given.unwrap_or_else(Secret::generate)),
    };
    let bridge = Bridge {
        name: args.name.clone(),
        remote,
        client_id,
        user: user.to_string(),
        password,
        files: paths::files(&subject, &files)?,
        topics: args.topics.clone(),
    };
    let text = zeroize::Zeroizing::new(bridge.render()?);

    let mut change = Transaction::begin(&context.workspace)?;
    let old = change.read(&files.conf)?;
    if old.as_ref().is_some_and(|old| old.as_slice() != text.as_bytes()) && !args.force {
        return Err(Plain::new("bridge-exists", format!("there is another bridge `{}` already", args.name))
            .detail(format!("it stands in `{}`", context.workspace.show(&files.conf)))
            .hint("to change it, repeat the command with --force; its password and client id stay")
            .hint(format!("or remove it first: mqsec bridge del {}", args.name))
            .into());
    }
    let certificate: ClientName = format!("bridge-{}", args.name).parse()?;
    let mut remote_change = there.as_ref().map(|there| Transaction::begin(&there.workspace)).transpose()?;
    let (ca, pair) = match (&mut remote_change, &there, &args.ca) {
        (Some(remote), Some(there), _) => {
            let ca = authority::authorities(&there.workspace.path(layout::CA_CERT))?;
            (ca, authority::pair(remote, &certificate, context)?)
        }
        (_, _, Some(ca)) => (authority::authorities(ca)?, authority::pair(&mut change, &certificate, context)?),
        _ => unreachable!("clap asks for one of the two"),
    };
    let mut did = match (&mut remote_change, &there) {
        (Some(remote), Some(there)) => there.admit(remote, context, (&user, &bridge.password), &bridge.topics)?,
        _ => Vec::new(),
    };
    put(&mut change, &subject, &files, (ca, pair, text))?;
    // this side first: with its password a second run completes the other side
    let changes = change.commit()?;
    if let Some(remote) = remote_change {
        remote.commit()?;
    }
    if let Some(there) = &there {
        if let Some(other) = there.other_names(&bridge.remote.host.to_string())? {
            let command = there.workspace.command();
            context.ui.warn(format!("{other}: {command} broker-cert {} (with its other names)", bridge.remote.host));
        }
        let port = subject.any_reading().and_then(|reading| reading.main_listener()).map(|listener| listener.port);
        if let Some(back) = there.bridge_back(context, port) {
            context.ui.warn(format!(
                "the broker over there has a bridge `{back}` that may lead back here: a topic that crosses both goes round without end"
            ));
        }
        if !did.is_empty() {
            did.push(format!("the broker over there has to read it: {} up", there.workspace.command()));
        }
    }
    Ok(context.ui.report(&Added { context, bridge, changes, did, there: there.is_some(), generated }))
}

/// The client id and the password of a bridge of this name, if it is one of mqsec's.
fn known(subject: &Subject, name: &BridgeName, conf: &Path) -> Result<Option<(String, Secret)>, Failure> {
    let Some(found) = bridges(subject).iter().find(|bridge| bridge.name == name.as_str()) else { return Ok(None) };
    if !Path::new(&found.place.path).ends_with(conf) {
        let place = format!("{}:{}", found.place.path, found.place.line);
        return Err(Plain::new("bridge-exists", format!("there is another bridge `{name}` already"))
            .detail(format!("it stands in `{place}`, which mqsec did not write"))
            .hint("take another name, or remove that one by hand")
            .into());
    }
    let text = |key: &str| found.options.last(key).map(|value| value.text.clone());
    Ok(text("remote_clientid").zip(text("remote_password").map(Secret::new)))
}

fn given(context: &Context<'_>, args: &Args) -> Result<Option<Secret>, Failure> {
    if args.stdin {
        return context.ui.read_password().map(Some);
    }
    Ok(std::env::var("MQSEC_PASSWORD").ok().map(Secret::new))
}

/// Unlike that of any other bridge that has the same name elsewhere: a second client of one id throws out the first.
fn new_client_id(name: &BridgeName) -> String {
    let number: String = random_bytes::<4>().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("bridge-{name}-{number}")
}

fn put(
    change: &mut Transaction<'_>,
    subject: &Subject,
    files: &layout::BridgeFiles,
    (ca, pair, text): (Vec<u8>, authority::Pair, zeroize::Zeroizing<String>),
) -> Result<(), Failure> {
    change.put(&files.ca, ca);
    change.put(&files.cert, pair.chain.to_vec());
    change.put(&files.key, pair.key.to_vec());
    change.put(&files.conf, text.as_bytes());
    let folder = paths::folder(subject)?;
    let mut conf = Document::parse(&change.read(layout::CONF)?.unwrap_or_default());
    let included =
        conf.directives().any(|option| option.key == "include_dir" && subject.resolve(option.value) == layout::BRIDGES);
    if !included {
        conf.append_block(&format!(
            "# Bridges to other brokers, a file each; the files hold passwords.\ninclude_dir {folder}\n"
        ));
        change.put(layout::CONF, conf.to_bytes());
    }
    Ok(())
}

struct Added<'a> {
    context: &'a Context<'a>,
    bridge: Bridge,
    changes: Vec<Change>,
    did: Vec<String>,
    there: bool,
    generated: bool,
}

impl Added<'_> {
    fn next(&self) -> Vec<String> {
        let (name, command) = (&self.bridge.name, self.context.workspace.command());
        let mut next = Vec::new();
        if !self.there {
            let rights: Vec<_> =
                needs(&self.bridge.topics).iter().map(|(filter, access)| format!("{access} `{filter}`")).collect();
            let whose = if self.generated { "with remote_password of the file above" } else { "with this password" };
            next.push(format!("over there: a user `{}` {whose}, who may {}", self.bridge.user, rights.join(", ")));
        }
        if !self.changes.is_empty() {
            next.push(format!("{command} restart (a reload does not start a bridge)"));
        }
        next.push(format!("{command} bridge test {name}"));
        next
    }
}

impl Report for Added<'_> {
    fn text(&self, _fancy: bool) -> String {
        let Bridge { name, remote, .. } = &self.bridge;
        let mut text = if self.changes.is_empty() && self.did.is_empty() {
            format!("the bridge `{name}` to {remote} is there already; nothing was changed\n")
        } else {
            format!("the bridge `{name}` to {remote} is set up\n")
        };
        text.push_str(&crate::commands::files(self.context, &self.changes));
        for line in &self.did {
            text.push_str(&format!("  {line}\n"));
        }
        for next in self.next() {
            text.push_str(&format!("next: {next}\n"));
        }
        text
    }

    fn json(&self) -> Value {
        let Bridge { name, remote, client_id, user, topics, .. } = &self.bridge;
        json!({
            "schema": "mqsec/bridge-add/1",
            "name": name.as_str(),
            "remote": remote.to_string(),
            "remote_client_id": client_id,
            "remote_user": user,
            "topics": topics.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "changed": !self.changes.is_empty(),
            "files": crate::commands::files_json(self.context, &self.changes),
            "remote_changes": self.did,
            "next": self.next(),
        })
    }
}
