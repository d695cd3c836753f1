//! `mqsec client-cert`: a client's certificate.

use crate::context::Context;
use crate::error::Failure;
use crate::pki::authority::Role;
use crate::pki::keys::KeyType;
use crate::pki::names::ClientName;
use crate::provision::certificates;
use crate::provision::certificates::Wish;
use crate::workspace::Transaction;

/// Issue a client's certificate into certs/client/NAME/: key, CSR, certificate and chain
///
/// A certificate that is there and serves is kept; otherwise the old pair is kept in certs/backup/.
#[derive(clap::Args)]
pub struct Args {
    /// The client's name: the certificate's common name and the folder's name
    name: ClientName,
    /// How long it lasts [default: 365]
    #[arg(value_name = "DAYS", value_parser = super::days, allow_negative_numbers = true)]
    positional_days: Option<u32>,
    /// How long it lasts [default: 365]
    #[arg(long, value_parser = super::days, allow_negative_numbers = true, conflicts_with = "positional_days")]
    days: Option<u32>,
    /// [default: p256]
    #[arg(long, value_name = "TYPE")]
    key_type: Option<KeyType>,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let wish = Wish {
        common_name: args.name.as_str().parse()?,
        role: Role::Client,
        days: args.days.or(args.positional_days),
        key_type: args.key_type,
    };
    let mut change = Transaction::begin(&context.workspace)?;
    let outcome = certificates::client(&mut change, &args.name, &wish, context.now)?;
    let changes = change.commit()?;
    let report = super::Issuance {
        context,
        schema: "mqsec/client-cert/1",
        what: format!("client certificate `{}`", args.name),
        outcome,
        changes,
        next: format!("{} test-connect USER PASSWORD {}", context.workspace.command(), args.name),
    };
    Ok(context.ui.report(&report))
}
