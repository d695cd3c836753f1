//! The whole folder at once, for `up`: what is missing is made, what is there is kept.

use time::OffsetDateTime;

use super::authority;
use super::certificates;
use super::certificates::Wish;
use super::configuration;
use super::dynsec;
use super::host;
use super::permissions;
use super::users;
use crate::conf::Listener;
use crate::conf::compose;
use crate::error::Failure;
use crate::error::Plain;
use crate::passwd::User;
use crate::pki::authority::Role;
use crate::pki::names::BrokerName;
use crate::pki::names::ClientName;
use crate::pki::parsed::Certificate;
use crate::pki::verify;
use crate::secret::Secret;
use crate::workspace::Transaction;
use crate::workspace::Workspace;
use crate::workspace::env_file::EnvFile;
use crate::workspace::layout;

pub struct Setup {
    /// At least one.
    pub users: Vec<User>,
    pub listener: Listener,
    pub compose: compose::Facts,
}

pub fn complete(
    change: &mut Transaction<'_>,
    names: &[BrokerName],
    wish: &configuration::Wish,
    now: OffsetDateTime,
) -> Result<Setup, Failure> {
    let workspace = change.workspace();
    if !workspace.has(layout::ENV) {
        write_env(change, names, &default_name(workspace)?);
    }
    let env = match change.read(layout::ENV)? {
        Some(bytes) if !workspace.has(layout::ENV) => {
            EnvFile::parse(&String::from_utf8_lossy(&bytes), &workspace.show(layout::ENV))?
        }
        _ => users::env_with_users(workspace)?,
    };
    authority::ensure(change, &authority::Request::default(), now)?;
    if !change.has(layout::CA_CRL) {
        return Err(Plain::new(
            "ca-cannot-sign-crl",
            "the authority may not sign revocation lists (its keyUsage has no cRLSign)",
        )
        .detail(format!("the broker needs one: `{}`", workspace.show(layout::CA_CRL)))
        .hint("make a new authority, and every certificate anew: mqsec ca init --force")
        .into());
    }
    let asked = match (names, &env.broker_cn) {
        ([], Some(name)) => vec![name.parse()?],
        ([], None) => vec![default_name(workspace)?],
        (names, _) => names.to_vec(),
    };
    certificates::broker(change, &broker_wish(workspace, &asked)?, now)?;
    let client = client_of(&env.users[0]);
    let client_wish = Wish { common_name: client.as_str().parse()?, role: Role::Client, days: None, key_type: None };
    certificates::client(change, &client, &client_wish, now)?;
    match dynsec::active(workspace)? {
        Some(path) => dynsec::check_user(workspace, &path, &env.users[0])?,
        None => drop(users::sync(change, &env, None, false)?),
    }
    let listener = configuration::ensure_conf(change, wish)?;
    permissions::ensure(change, &env.users, &[])?;
    let compose = configuration::ensure_compose(change, wish, listener.port)?;
    Ok(Setup { users: env.users, listener, compose })
}

/// A `.env` with two users and generated passwords.
fn write_env(change: &mut Transaction<'_>, names: &[BrokerName], default: &BrokerName) {
    let user = |name: &str| (name.to_owned(), Secret::generate().expose().to_owned());
    let name = names.first().unwrap_or(default);
    let text = zeroize::Zeroizing::new(configuration::env_text(&name.to_string(), &[user("admin"), user("client")]));
    change.put(layout::ENV, text.as_bytes());
}

/// The machine's own name, where the authority may issue for it.
fn default_name(workspace: &Workspace) -> Result<BrokerName, Failure> {
    let own = host::host_name().map(BrokerName::Dns).into_iter().collect();
    let mut own = authority::only_permitted(workspace, own)?;
    Ok(own.pop().unwrap_or_else(|| BrokerName::Dns("localhost".to_owned())))
}

/// A certificate that covers the names is asked for as it is; otherwise one for these names, those that it had, and this
/// machine's own.
fn broker_wish(workspace: &Workspace, asked: &[BrokerName]) -> Result<Wish, Failure> {
    let found = certificates::broker_certificate(workspace)?;
    let added = |names: Vec<BrokerName>| authority::only_permitted(workspace, names);
    let covers = |c: &Certificate| asked.iter().all(|name| verify::is_valid_for(c, &name.to_string()));
    let (common_name, names) = match found {
        Some(found) if covers(&found) => (found.title().parse()?, certificates::names_of(&found)),
        Some(found) => {
            let more =
                added(certificates::broker_names(&[certificates::names_of(&found), host::names()].concat(), false))?;
            (asked[0].to_string().parse()?, certificates::broker_names(&[asked, &more].concat(), true))
        }
        None => {
            let more = added(certificates::broker_names(&host::names(), false))?;
            (asked[0].to_string().parse()?, certificates::broker_names(&[asked, &more].concat(), true))
        }
    };
    Ok(Wish { common_name, role: Role::Broker { names }, days: None, key_type: None })
}

/// The client certificate of a user: of the same name, where it can be a file's.
pub fn client_of(user: &User) -> ClientName {
    let fallback = || "client".parse().expect("a constant that is a client's name");
    user.name.as_str().parse().unwrap_or_else(|_| fallback())
}

pub fn authority_name(workspace: &Workspace) -> Result<String, Failure> {
    let pem = workspace.read(layout::CA_CERT)?.unwrap_or_default();
    Ok(Certificate::from_pem(&pem, &workspace.show(layout::CA_CERT))?.title().to_owned())
}

/// The names for which the broker's certificate is valid.
pub fn broker_names(workspace: &Workspace) -> Result<Vec<String>, Failure> {
    let pem = workspace.read(layout::broker::CERT)?.unwrap_or_default();
    Ok(Certificate::from_pem(&pem, &workspace.show(layout::broker::CERT))?.names())
}
