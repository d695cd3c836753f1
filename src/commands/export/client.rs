//! The client whose files are exported: what of it lies in the folder, judged, and how it logs in.

use rcgen::PublicKeyData;
use zeroize::Zeroizing;

use super::Args;
use crate::acl;
use crate::acl::Access;
use crate::acl::Document;
use crate::acl::Question;
use crate::acl::Rules;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::export::Broker;
use crate::export::Device;
use crate::pki::crl::Crl;
use crate::pki::input;
use crate::pki::keys;
use crate::pki::keys::KeyType;
use crate::pki::names::ClientName;
use crate::pki::parsed::Certificate;
use crate::pki::verify;
use crate::pki::verify::As;
use crate::pki::verify::Case;
use crate::pki::verify::Finding;
use crate::pki::verify::Severity;
use crate::provision::configuration;
use crate::provision::external;
use crate::provision::permissions;
use crate::provision::setup;
use crate::provision::users;
use crate::secret::Secret;
use crate::series::Series;
use crate::workspace::Workspace;
use crate::workspace::layout;
use crate::workspace::layout::Generation;

/// A period that ends sooner is told.
const SOON: time::Duration = time::Duration::days(30);

pub(super) struct Client {
    name: String,
    key_pem: Option<Zeroizing<Vec<u8>>>,
    key_type: KeyType,
    certificate_pem: String,
    intermediates_pem: String,
    authorities_pem: String,
    root: Certificate,
    pub(super) warnings: Vec<String>,
}

impl Client {
    /// Reads the client's files, and refuses what the broker would refuse.
    pub(super) fn load(context: &Context<'_>, name: &ClientName) -> Result<Self, Failure> {
        let workspace = &context.workspace;
        let files = layout::client(name);
        let Some(pem) = workspace.read(&files.cert)? else {
            let path = workspace.show(&files.cert);
            return Err(Plain::new("certificate-missing", format!("there is no client `{name}`: no `{path}`"))
                .hint(format!("issue it: mqsec client-cert {}", crate::error::shell_word(name.as_str())))
                .hint("which there are: mqsec list")
                .into());
        };
        let own = Certificate::from_pem(&pem, &workspace.show(&files.cert))?;
        let key = match workspace.read(&files.key)?.map(Zeroizing::new) {
            Some(pem) => Some(keys::parse(&pem, &workspace.show(&files.key))?),
            None => None,
        };
        let spki = key.as_ref().map(PublicKeyData::subject_public_key_info);
        let roots = roots(workspace)?;
        let signing = signing(workspace);
        let intermediates: Vec<Certificate> =
            signing.into_iter().filter(|above| own.signed_by(above)).take(1).collect();
        let crls = lists(workspace);
        let case = Case {
            intermediates: &intermediates,
            trust: &roots,
            crls: &crls,
            key: spki.as_deref(),
            warn: SOON,
            ..Case::new(&own, As::Client, context.now)
        };
        let findings = verify::judge(&case);
        refuse(name, &findings)?;
        let warnings = findings.iter().map(|finding| format!("its certificate: {}", finding.message)).collect();
        // where another authority issued the broker's, a client knows the broker by that one alone
        let above = external::trust(workspace)?;
        let trusted = if above.is_empty() { &roots } else { &above };
        let pem = |list: &[Certificate]| list.iter().map(|one| keys::certificate_pem(&one.der)).collect::<String>();
        Ok(Self {
            name: name.to_string(),
            key_pem: key.as_ref().map(keys::to_pem),
            key_type: KeyType::like(&own),
            certificate_pem: keys::certificate_pem(&own.der),
            intermediates_pem: pem(&intermediates),
            authorities_pem: pem(trusted),
            root: trusted[0].clone(),
            warnings,
        })
    }

    pub(super) fn device<'a>(&'a self, broker: &'a Broker, login: &'a Login) -> Device<'a> {
        Device {
            name: &self.name,
            key_pem: self.key_pem.as_ref().map(|pem| pem.as_slice()),
            key_type: self.key_type,
            certificate_pem: &self.certificate_pem,
            intermediates_pem: &self.intermediates_pem,
            authorities_pem: &self.authorities_pem,
            broker,
            user: login.user.as_deref(),
            password: login.password.as_ref(),
            topic: login.topic.as_deref(),
        }
    }

    /// SHA-256 of the authority that the client trusts.
    pub(super) fn root_fingerprint(&self) -> String {
        self.root.fingerprint()
    }
}

/// The roots that are trusted: during a rollover both.
fn roots(workspace: &Workspace) -> Result<Vec<Certificate>, Failure> {
    let shown = workspace.show(layout::CA_CERT);
    let Some(pem) = workspace.read(layout::CA_CERT)? else {
        return Err(Plain::new("ca-missing", format!("there is no authority: no `{shown}`"))
            .hint("make one: mqsec ca init")
            .into());
    };
    Ok(input::certificates(&pem, &shown)?.list)
}

/// The signing authorities of every generation; what is wrong with one is told where it is needed.
fn signing(workspace: &Workspace) -> Vec<Certificate> {
    [Generation::Current, Generation::Next, Generation::Old]
        .into_iter()
        .filter_map(|generation| workspace.read(layout::authority(generation).signing_cert).ok()?)
        .filter_map(|pem| Certificate::from_pem(&pem, "").ok())
        .collect()
}

/// The authority's lists, and where there are none what the broker reads.
fn lists(workspace: &Workspace) -> Vec<Crl> {
    [layout::CA_CRL, layout::broker::CRL]
        .into_iter()
        .filter_map(|path| Crl::all_from_pem(&workspace.read(path).ok()??, path).ok())
        .find(|lists| !lists.is_empty())
        .unwrap_or_default()
}

fn refuse(name: &ClientName, findings: &[Finding]) -> Result<(), Failure> {
    let invalid: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == Severity::Invalid).collect();
    let Some(first) = invalid.first() else { return Ok(()) };
    let mut error =
        Plain::no("export-unfit", format!("`{name}` is not exported: the broker would refuse its certificate"));
    for finding in &invalid {
        error = error.detail(format!("{} ({})", finding.message, finding.code));
    }
    if let Some(hint) = &first.hint {
        error = error.hint(hint.clone());
    }
    Err(error.hint(format!("all about it: mqsec verify {}", crate::error::shell_word(name.as_str()))).into())
}

/// How the client logs in, beside its certificate.
#[derive(Debug, Default)]
pub(super) struct Login {
    pub(super) user: Option<String>,
    pub(super) password: Option<Secret>,
    /// A topic that it may write.
    topic: Option<String>,
    pub(super) warning: Option<String>,
}

pub(super) fn login(context: &Context<'_>, args: &Args, broker: &Broker) -> Result<Login, Failure> {
    let workspace = &context.workspace;
    let identity = configuration::listeners(workspace)?
        .iter()
        .find(|listener| listener.port == broker.port)
        .map(|listener| configuration::identity_is_user(workspace, listener))
        .transpose()?
        .unwrap_or(false);
    let given = match args.password_stdin {
        true => Some(context.ui.read_password()?),
        false => std::env::var("MQSEC_PASSWORD").ok().map(Secret::new),
    };
    if args.user.is_none() && identity {
        // the certificate's name is the user's
        let topic = topic(workspace, args.name.as_str())?;
        let warning = mute(workspace, args.name.as_str(), topic.as_ref())?;
        return Ok(Login { topic, warning, ..Login::default() });
    }
    let env = match given {
        Some(_) => None,
        None => users::env_file(workspace)?,
    };
    let known = env.as_ref().map(|env| env.users.as_slice()).unwrap_or_default();
    let user = match &args.user {
        Some(user) => Some(user.to_string()),
        None => {
            let own = known.iter().find(|user| setup::client_of(user) == args.name).map(|user| user.name.to_string());
            let named = |name: &str| Some(name.to_owned());
            let passwd = users::passwd_file(workspace)?;
            own.or_else(|| {
                passwd.users().find(|(name, _)| *name == args.name.as_str()).and_then(|(name, _)| named(name))
            })
        }
    };
    let Some(user) = user else {
        let name = &args.name;
        let warning = workspace.has(layout::PASSWD).then(|| {
            format!("no user is called `{name}`: the files give no user name; name one with --user USER, or add it: mqsec passwd add {name}")
        });
        return Ok(Login { warning, ..Login::default() });
    };
    let in_env = known.iter().find(|known| known.name.as_str() == user).map(|known| known.password.clone());
    let topic = topic(workspace, &user)?;
    let warning = mute(workspace, &user, topic.as_ref())?;
    Ok(Login { user: Some(user), password: given.or(in_env), topic, warning })
}

/// That the ACL lets the user write nothing: the examples of the files, and the test, would be refused.
fn mute(workspace: &Workspace, user: &str, topic: Option<&String>) -> Result<Option<String>, Failure> {
    let has_acl = permissions::acl_file(workspace)?.is_some_and(|path| workspace.has(path));
    let word = crate::error::shell_word(user);
    Ok((has_acl && topic.is_none()).then(|| {
        format!("the ACL lets `{user}` write nothing: the test is refused until it may: mqsec acl add {word} readwrite TOPIC")
    }))
}

/// The first topic that the ACL lets this user write, made a plain one where it is a pattern.
fn topic(workspace: &Workspace, user: &str) -> Result<Option<String>, Failure> {
    let Some(path) = permissions::acl_file(workspace)? else { return Ok(None) };
    let Some(bytes) = workspace.read(path)? else { return Ok(None) };
    let document = Document::parse(&bytes);
    let rules = Rules::of(&document, Series::V21);
    let plain = |filter: String| {
        let filter = filter.replace("%u", user).replace("%c", user);
        let levels: Vec<&str> = filter
            .split('/')
            .map(|level| match level {
                "#" => "test",
                "+" => "any",
                other => other,
            })
            .collect();
        levels.join("/")
    };
    let may = |topic: &String| {
        let question = Question { user: Some(user), client_id: user, access: Access::Write, topic };
        !topic.starts_with('$')
            && Series::RELEASED.iter().all(|series| acl::decide(&document, &question, *series).allowed)
    };
    let entries = rules.topics_of(Some(user)).chain(rules.patterns());
    let found = entries.filter(|entry| entry.grant.allows(Access::Write)).map(|entry| plain(entry.topic())).find(may);
    Ok(found)
}
