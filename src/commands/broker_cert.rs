//! `mqsec broker-cert`: the broker's certificate.

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::authority::Role;
use crate::pki::keys::KeyType;
use crate::pki::names::BrokerName;
use crate::pki::verify;
use crate::provision::authority;
use crate::provision::certificates;
use crate::provision::certificates::Wish;
use crate::provision::external;
use crate::provision::host;
use crate::provision::users;
use crate::workspace::Transaction;
use crate::workspace::layout;

/// Issue the broker's certificate, for every name by which clients reach it
///
/// The names go into the subject alternative name, with localhost, 127.0.0.1, ::1 and the compose service's name. A
/// certificate that is there and serves is kept; otherwise the old pair is kept in certs/backup/.
#[derive(clap::Args)]
pub struct Args {
    /// DNS names and IP addresses; the first is the common name [default: BROKER_CN of .env and the names of the certificate that is there]
    #[arg(value_name = "NAME")]
    names: Vec<BrokerName>,
    /// How long it lasts [default: 365]
    #[arg(long, value_parser = super::days, allow_negative_numbers = true)]
    days: Option<u32>,
    /// [default: p256]
    #[arg(long, value_name = "TYPE")]
    key_type: Option<KeyType>,
    /// Add this machine's name and addresses
    #[arg(long, conflicts_with = "san_only")]
    san_auto: bool,
    /// Take the names given and no others
    #[arg(long)]
    san_only: bool,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let asked = match args.names.as_slice() {
        [] => known_names(context)?,
        names => names.to_vec(),
    };
    let host = if args.san_auto { host::names() } else { Vec::new() };
    // what nobody asked for by name is left out where the authority may not issue for it
    let added = if args.san_only { Vec::new() } else { certificates::broker_names(&host, false) };
    let added = authority::only_permitted(&context.workspace, added)?;
    let wish = Wish {
        common_name: asked[0].to_string().parse()?,
        role: Role::Broker { names: certificates::broker_names(&[asked, added].concat(), true) },
        days: args.days,
        key_type: args.key_type,
    };
    let mut change = Transaction::begin(&context.workspace)?;
    if change.has(layout::broker::EXTERNAL)
        && let Some(there) = certificates::broker_certificate(&context.workspace)?
        && args.names.iter().any(|name| !verify::is_valid_for(&there, &name.to_string()))
    {
        context.ui.warn(format!(
            "the names given are not all in it; to have the own authority's certificate again: rm {}, then the same command",
            context.workspace.show(layout::broker::EXTERNAL)
        ));
    }
    let outcome = certificates::broker(&mut change, &wish, context.now)?;
    let changes = change.commit()?;
    let next = format!("{} up (a broker that runs is reloaded)", context.workspace.command());
    let report = super::Issuance {
        context,
        schema: "mqsec/broker-cert/1",
        what: match external::origin(&context.workspace)? {
            Some(origin) => format!("broker certificate (by {}; the own authority leaves it alone)", origin.by),
            None => "broker certificate".to_owned(),
        },
        outcome,
        changes,
        next,
    };
    Ok(context.ui.report(&report))
}

/// The name of `.env`, and those of the certificate that is there.
fn known_names(context: &Context<'_>) -> Result<Vec<BrokerName>, Failure> {
    let mut names: Vec<BrokerName> = Vec::new();
    if let Some(name) = users::env_file(&context.workspace)?.and_then(|env| env.broker_cn) {
        names.push(name.parse()?);
    }
    if let Some(certificate) = certificates::broker_certificate(&context.workspace)? {
        names.extend(certificate.common_name.as_deref().and_then(|name| name.parse().ok()));
        names.extend(certificates::names_of(&certificate));
    }
    if names.is_empty() {
        let path = context.workspace.show(layout::ENV);
        return Err(Plain::new("broker-name-missing", "no name was given for the broker")
            .hint(format!("mqsec broker-cert mqtt.example.com 192.168.0.10, or set BROKER_CN in `{path}`"))
            .into());
    }
    Ok(names)
}
