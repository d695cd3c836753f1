//! The conversation with the authority: account, order, proofs, certificate.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use instant_acme::Account;
use instant_acme::AccountCredentials;
use instant_acme::AuthorizationStatus;
use instant_acme::CertificateIdentifier;
use instant_acme::ChallengeType;
use instant_acme::ExternalAccountKey;
use instant_acme::Identifier;
use instant_acme::NewAccount;
use instant_acme::NewOrder;
use instant_acme::Order;
use instant_acme::OrderStatus;
use instant_acme::RetryPolicy;
use serde_json::Value;
use std::time::Duration;

use super::Challenge;
use super::Settings;
use super::answer::Answers;
use super::http::Http;
use super::problem;
use super::problem::About;
use crate::error::Failure;
use crate::error::Plain;
use crate::pki::names::BrokerName;

/// What a directory says of itself.
pub(super) struct Directory {
    pub(super) terms: Option<String>,
    pub(super) needs_binding: bool,
    pub(super) has_renewal_info: bool,
}

impl Directory {
    pub(super) fn fetch(http: &Http, url: &str) -> Result<Self, Plain> {
        let (status, body) = http.get(url).map_err(|error| problem::unreachable(&error, url))?;
        let value: Value = serde_json::from_slice(&body).map_err(|_| problem::not_a_directory(url))?;
        let has = |key: &str| value.get(key).is_some_and(Value::is_string);
        if status != 200 || !has("newNonce") || !has("newAccount") || !has("newOrder") {
            return Err(problem::not_a_directory(url));
        }
        let meta = value.get("meta");
        let meta = |key: &str| meta.and_then(|meta| meta.get(key));
        Ok(Self {
            terms: meta("termsOfService").and_then(Value::as_str).map(str::to_owned),
            needs_binding: meta("externalAccountRequired").and_then(Value::as_bool).unwrap_or(false),
            has_renewal_info: has("renewalInfo"),
        })
    }
}

/// The account that was kept.
pub(super) async fn restore(http: &Http, settings: &Settings, kept: AccountCredentials) -> Result<Account, Plain> {
    let builder = Account::builder_with_http(Box::new(http.clone()));
    builder
        .from_credentials(kept)
        .await
        .map_err(|error| problem::error(error, &About::new(settings, http.retry_after())))
}

/// A new account, bound to one that its owner has with the authority where that is asked.
pub(super) async fn register(
    http: &Http,
    settings: &Settings,
    key: Option<&[u8]>,
) -> Result<(Account, AccountCredentials), Plain> {
    let contact = settings.email.as_ref().map(|email| format!("mailto:{email}"));
    let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
    let asked = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let binding =
        settings.binding.as_ref().zip(key).map(|(bound, key)| ExternalAccountKey::new(bound.kid.clone(), key));
    let builder = Account::builder_with_http(Box::new(http.clone()));
    let made = builder.create(&asked, settings.directory.clone(), binding.as_ref()).await;
    made.map_err(|error| {
        let refused = |kind: &str| {
            matches!(&error, instant_acme::Error::Api(problem)
            if problem.r#type.as_deref().is_some_and(|found| found.ends_with(kind)))
        };
        if binding.is_some() && (refused(":unauthorized") || refused(":malformed")) {
            let said = crate::error::printable(&error.to_string());
            return Plain::no(
                "acme-eab-refused",
                "the authority does not take the key id or the key of --eab-key-file",
            )
            .detail(format!("it says: {said}"))
            .hint("take both anew from its web page; some serve once only");
        }
        problem::error(error, &About::new(settings, http.retry_after()))
    })
}

/// The key of an external account as an authority's page shows it: base64, mostly of the URL-safe kind.
pub(super) fn binding_key(text: &str) -> Result<Vec<u8>, Plain> {
    let word = text.trim().trim_end_matches('=');
    let decoded = URL_SAFE_NO_PAD.decode(word).or_else(|_| STANDARD_NO_PAD.decode(word));
    decoded.ok().filter(|key| !key.is_empty()).ok_or_else(|| {
        Plain::new("acme-eab-key-invalid", "the file of --eab-key-file does not hold a key in base64")
            .hint("write the key alone into it, as the authority's page shows it, mode 0600")
    })
}

/// The certificate of an order that was under way when an earlier run ended.
pub(super) async fn resume(account: &Account, url: String) -> Option<String> {
    let mut order = account.order(url).await.ok()?;
    matches!(order.state().status, OrderStatus::Processing | OrderStatus::Valid).then_some(())?;
    order.poll_certificate(&PATIENCE).await.ok()
}

/// What is done with an order's address before the authority is asked to issue.
pub(super) type Note<'a> = dyn Fn(&str) -> Result<(), Failure> + 'a;

/// Proves every name, hands in the request, and gives the chain.
pub(super) async fn certificate(
    http: &Http,
    account: &Account,
    settings: &Settings,
    replaces: Option<CertificateIdentifier<'_>>,
    csr: &[u8],
    answers: &mut Answers<'_>,
    note: &Note<'_>,
) -> Result<String, Failure> {
    let failed = |error| problem::error(error, &About::new(settings, http.retry_after()));
    let identifiers: Vec<Identifier> = settings
        .domains
        .iter()
        .map(|name| match name {
            BrokerName::Dns(name) => Identifier::Dns(name.clone()),
            BrokerName::Ip(ip) => Identifier::Ip(*ip),
        })
        .collect();
    let asked = || {
        let asked = NewOrder::new(&identifiers);
        match &settings.profile {
            Some(profile) => asked.profile(profile),
            None => asked,
        }
    };
    let made = match replaces {
        // that it replaces another is a courtesy: where it is not taken, it is an order as any
        Some(old) => match account.new_order(&asked().replaces(old)).await {
            Ok(order) => Ok(order),
            Err(_) => account.new_order(&asked()).await,
        },
        None => account.new_order(&asked()).await,
    };
    let mut order = made.map_err(failed)?;
    prove(http, settings, &mut order, answers).await?;
    note(order.url())?;
    order.finalize_csr(csr).await.map_err(failed)?;
    Ok(order.poll_certificate(&PATIENCE).await.map_err(failed)?)
}

const PATIENCE: RetryPolicy =
    RetryPolicy::new().initial_delay(Duration::from_millis(250)).backoff(1.4).timeout(Duration::from_secs(120));

async fn prove(http: &Http, settings: &Settings, order: &mut Order, answers: &mut Answers<'_>) -> Result<(), Plain> {
    let about = || About::new(settings, http.retry_after());
    let kind = match settings.challenge {
        Challenge::Http01 => ChallengeType::Http01,
        Challenge::TlsAlpn01 => ChallengeType::TlsAlpn01,
        Challenge::Dns01 => ChallengeType::Dns01,
    };
    let mut open = order.authorizations();
    while let Some(found) = open.next().await {
        let mut authorization = found.map_err(|error| problem::error(error, &about()))?;
        // proven in an earlier order
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let name = authorization.identifier().to_string();
        let offered: Vec<String> = authorization.challenges.iter().map(|one| kind_name(&one.r#type)).collect();
        let Some(mut challenge) = authorization.challenge(kind.clone()) else {
            return Err(Plain::no(
                "acme-challenge-not-offered",
                format!("the authority does not let `{name}` be proven by {}", kind_name(&kind)),
            )
            .hint(format!("it offers: {}; choose with --challenge", offered.join(", "))));
        };
        let parsed: BrokerName = name
            .parse()
            .map_err(|_| Plain::no("acme-refused", "the authority asks for a proof of a name that is none"))?;
        answers.put(&parsed, &challenge.token.clone(), &challenge.key_authorization())?;
        challenge.set_ready().await.map_err(|error| problem::error(error, &about().of(Some(name))))?;
    }
    match order.poll_ready(&PATIENCE).await {
        Ok(OrderStatus::Ready) => Ok(()),
        Ok(_) => Err(why(http, settings, order).await),
        // the order's own error says less than that of the challenge
        Err(instant_acme::Error::Api(problem)) => match cause(http, settings, order).await {
            Some(cause) => Err(cause),
            None => Err(problem::error(problem.into(), &about())),
        },
        Err(error) => Err(problem::error(error, &about())),
    }
}

async fn why(http: &Http, settings: &Settings, order: &mut Order) -> Plain {
    cause(http, settings, order).await.unwrap_or_else(|| {
        Plain::no("acme-refused", "the authority refuses the order, and does not say why")
            .hint("run the same command again")
    })
}

/// What the authority saw when it looked for the proof.
async fn cause(http: &Http, settings: &Settings, order: &mut Order) -> Option<Plain> {
    let mut all = order.authorizations();
    while let Some(found) = all.next().await {
        let mut authorization = found.ok()?;
        let state = authorization.refresh().await.ok()?;
        let name = state.identifier().to_string();
        if let Some(problem) = state.challenges.iter().find_map(|challenge| challenge.error.clone()) {
            let about = About::new(settings, http.retry_after()).of(Some(name));
            return Some(problem::error(problem.into(), &about));
        }
    }
    None
}

fn kind_name(kind: &ChallengeType) -> String {
    match kind {
        ChallengeType::Http01 => "http-01".to_owned(),
        ChallengeType::TlsAlpn01 => "tls-alpn-01".to_owned(),
        ChallengeType::Dns01 => "dns-01".to_owned(),
        ChallengeType::Unknown(name) => crate::error::printable(name),
        _ => "another one".to_owned(),
    }
}
