//! What an authority refuses, in the reader's terms: the problem types of RFC 8555 and their relatives, a code each.

use instant_acme::Error;
use instant_acme::Problem;

use super::Challenge;
use super::Settings;
use super::http::Reach;
use crate::error::Plain;
use crate::error::printable;

/// What was being done when it happened.
pub(super) struct About<'a> {
    pub(super) settings: &'a Settings,
    /// `Retry-After` of the refusal.
    pub(super) retry_after: Option<String>,
    /// The name whose proof failed.
    pub(super) domain: Option<String>,
}

impl<'a> About<'a> {
    pub(super) fn new(settings: &'a Settings, retry_after: Option<String>) -> Self {
        Self { settings, retry_after, domain: None }
    }

    pub(super) fn of(self, domain: Option<String>) -> Self {
        Self { domain, ..self }
    }

    fn port(&self) -> u16 {
        if self.settings.challenge == Challenge::TlsAlpn01 { 443 } else { 80 }
    }
}

pub(super) fn error(error: Error, about: &About<'_>) -> Plain {
    let directory = &about.settings.directory;
    match error {
        Error::Api(problem) => refused(&problem, about),
        Error::Other(inner) => match inner.downcast::<Reach>() {
            Ok(reach) => unreachable(&reach, directory),
            Err(other) => Plain::new("acme-server-error", format!("`{directory}`: {}", printable(&other.to_string())))
                .hint("try again later: mqsec acme renew"),
        },
        Error::Json(_) => not_a_directory(directory),
        Error::Timeout(_) => Plain::new("acme-timeout", "the authority did not decide within two minutes")
            .hint("the next run goes on where this one stopped: run the same command again"),
        Error::KeyRejected => Plain::new("acme-account-damaged", "the account's key in certs/acme/account.json is damaged")
            .hint("put it back from a backup, or move it away and a new account is made: mv certs/acme/account.json certs/acme/account.json.old"),
        other => Plain::new("acme-server-error", format!("`{directory}`: {}", printable(&other.to_string())))
            .hint("try again later: mqsec acme renew"),
    }
}

pub(super) fn unreachable(reach: &Reach, directory: &str) -> Plain {
    let words = printable(&reach.to_string());
    match reach {
        Reach::Address(_) => Plain::new("acme-directory-invalid", words)
            .hint("Let's Encrypt is the default; another authority's page tells its own: --directory https://..."),
        Reach::Tls(..) => Plain::new("acme-directory-untrusted", format!("{words}; nothing was sent to it"))
            .hint("an authority of your own needs its root: --acme-ca FILE")
            .hint("for a public one, look at this machine's clock (date -u) and its roots: apt-get install ca-certificates"),
        _ => Plain::new("acme-unreachable", format!("the authority cannot be reached: {words}"))
            .detail(format!("directory: {directory}"))
            .hint("nothing was changed; look whether this machine gets out, and run the same command again"),
    }
}

pub(super) fn not_a_directory(directory: &str) -> Plain {
    Plain::new("acme-not-a-directory", format!("what `{directory}` answers is not an ACME directory"))
        .hint("a directory often ends with /directory; Let's Encrypt's is the default: leave --directory out")
}

/// A refusal of the authority. The sentence is ours, its own words stand below.
fn refused(problem: &Problem, about: &About<'_>) -> Plain {
    let full = problem.r#type.as_deref().unwrap_or_default();
    let kind = full.strip_prefix("urn:ietf:params:acme:error:").unwrap_or(full);
    let settings = about.settings;
    let names = about.domain.clone().unwrap_or_else(|| settings.names());
    let (code, sentence, hint) = told(kind, &names, about);
    let mut plain = Plain::no(code, sentence);
    if let Some(detail) = &problem.detail {
        plain = plain.detail(format!("it says: {}", printable(detail)));
    }
    for sub in &problem.subproblems {
        plain = plain.detail(format!("it says: {}", printable(&sub.to_string())));
    }
    if let Some(after) = about.retry_after.as_deref().filter(|_| kind == "rateLimited") {
        plain = plain.detail(match after.parse::<u64>() {
            Ok(seconds) => format!("again in {}", in_words(seconds)),
            Err(_) => format!("again after {}", printable(after)),
        });
    }
    plain.hint(hint)
}

fn in_words(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7200 => format!("{} minutes", seconds.div_ceil(60)),
        _ => format!("{} hours", seconds.div_ceil(3600)),
    }
}

fn told(kind: &str, names: &str, about: &About<'_>) -> (&'static str, String, String) {
    let challenge = about.settings.challenge;
    let dns = challenge == Challenge::Dns01;
    let port = about.port();
    let text = |code: &'static str, sentence: String, hint: &str| (code, sentence, hint.to_owned());
    match kind {
        "connection" | "tls" => text(
            "acme-connection",
            format!("the authority could not reach `{names}` on port {port}"),
            "open that port to the internet and lead it to this machine; where that cannot be: --challenge dns-01 --dns-hook PROGRAM",
        ),
        "dns" => text(
            "acme-dns",
            format!("the authority does not find `{names}` in the DNS"),
            "give the name an A or AAAA record with this machine's public address; see what the world sees: dig NAME @9.9.9.9",
        ),
        "caa" => text(
            "acme-caa",
            format!("a CAA record of `{names}` does not let this authority issue"),
            "add the authority to the record: NAME CAA 0 issue \"letsencrypt.org\"; look at it: dig CAA NAME",
        ),
        "unauthorized" | "incorrectResponse" if dns => text(
            "acme-wrong-answer",
            format!("the authority does not find the TXT record that proves `{names}`"),
            "the hook must end only when the record is visible: dig TXT _acme-challenge.NAME",
        ),
        "unauthorized" | "incorrectResponse" => text(
            "acme-wrong-answer",
            format!("something else than mqsec answered for `{names}` on port {port}"),
            "the name must lead to this machine, and no other web server take the request; see who has the port: ss -ltnp",
        ),
        "rateLimited" => text(
            "acme-rate-limited",
            "the authority has a limit, and it is reached; nothing was lost".to_owned(),
            "wait, and try your set-up with the staging authority until then: mqsec acme issue --staging --dry-run",
        ),
        "externalAccountRequired" => text(
            "acme-eab-required",
            "the authority takes only accounts that are bound to one with it".to_owned(),
            "take key id and key from its web page: mqsec acme issue --eab-kid KID --eab-key-file FILE",
        ),
        "rejectedIdentifier" | "unsupportedIdentifier" => text(
            "acme-rejected-identifier",
            format!("the authority does not issue for `{names}`"),
            "public authorities issue for names of the public DNS alone; inside of a network your own authority serves: mqsec broker-cert NAME",
        ),
        "invalidContact" | "unsupportedContact" => text(
            "acme-contact-refused",
            "the authority does not take the e-mail address".to_owned(),
            "give another one: --email YOU@YOUR-DOMAIN",
        ),
        "userActionRequired" => text(
            "acme-terms",
            "the authority has new terms, which somebody must agree to".to_owned(),
            "read them where it says, then: mqsec acme issue --agree-tos",
        ),
        "badCSR" | "badPublicKey" | "badSignatureAlgorithm" => text(
            "acme-key-refused",
            "the authority does not take the key or the request".to_owned(),
            "take a key that every authority takes: --key-type p256, without --reuse-key",
        ),
        "invalidProfile" => text(
            "acme-profile-unknown",
            format!("the authority has no profile `{}`", about.settings.profile.as_deref().unwrap_or_default()),
            "leave --profile out, or take one that its page names",
        ),
        "accountDoesNotExist" => text(
            "acme-account-unknown",
            "the authority does not know the account in certs/acme/account.json".to_owned(),
            "a new one is made when that file is away: mv certs/acme/account.json certs/acme/account.json.old",
        ),
        "badNonce" => text(
            "acme-bad-nonce",
            "the authority did not accept three numbers in a row that it had given out itself".to_owned(),
            "run the same command again; if it stays so, look whether a proxy keeps its answers",
        ),
        "malformed" => text(
            "acme-malformed",
            "the authority does not understand the request".to_owned(),
            "what it says stands above; another version of mqsec may get on with it: mqsec --version",
        ),
        "serverInternal" => text(
            "acme-server-error",
            "the authority has a trouble of its own".to_owned(),
            "run the same command again later; its status page may tell more",
        ),
        _ => text(
            "acme-refused",
            format!("the authority refuses ({})", if kind.is_empty() { "without a reason" } else { kind }),
            "what it says stands above; nothing was changed",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Diagnose;

    fn refusal(json: &str, after: Option<&str>) -> Plain {
        let settings = Settings { domains: vec!["mqtt.example.com".parse().unwrap()], ..Settings::default() };
        let problem: Problem = serde_json::from_str(json).unwrap();
        error(Error::Api(problem), &About::new(&settings, after.map(str::to_owned)))
    }

    #[test]
    fn a_rate_limit_tells_when_it_ends() {
        let json = r#"{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many\u001b[2J","status":429}"#;
        let plain = refusal(json, Some("5400"));
        assert_eq!(plain.code(), "acme-rate-limited");
        assert_eq!(plain.details(), ["it says: too many\u{fffd}[2J", "again in 90 minutes"]);
        assert_eq!(refusal(json, Some("30")).details()[1], "again in 30 seconds");
        assert_eq!(
            refusal(json, Some("Wed, 21 Oct 2026 07:28:00 GMT")).details()[1],
            "again after Wed, 21 Oct 2026 07:28:00 GMT"
        );
    }

    #[test]
    fn every_type_has_a_sentence_and_a_next_step() {
        for (kind, code) in [
            ("connection", "acme-connection"),
            ("caa", "acme-caa"),
            ("unauthorized", "acme-wrong-answer"),
            ("externalAccountRequired", "acme-eab-required"),
            ("rejectedIdentifier", "acme-rejected-identifier"),
            ("badNonce", "acme-bad-nonce"),
            ("serverInternal", "acme-server-error"),
            ("somethingNew", "acme-refused"),
        ] {
            let plain = refusal(&format!(r#"{{"type":"urn:ietf:params:acme:error:{kind}"}}"#), None);
            assert_eq!((plain.code(), plain.hints().len()), (code, 1), "{kind}");
        }
    }
}
