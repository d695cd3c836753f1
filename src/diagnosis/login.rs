//! CONNACK says no. Mosquitto's codes do not tell a wrong password from an unknown user; the password file does.

use super::Case;
use super::Diagnosis;
use crate::mqtt::Stage;
use crate::passwd::UserName;

pub(super) fn refused(case: &Case<'_>, code: u8) -> Option<Diagnosis> {
    match code {
        5 | 135 => not_authorised(case),
        4 | 134 => without_name(case),
        // Mosquitto's word for it in MQTT 5 is "unspecified error"
        2 | 128 | 133 if case.attempt.client_id.is_empty() => Some(
            Diagnosis::no(Stage::Mqtt, "client-id-refused", "the broker takes no empty client identifier")
                .hint("give one: mqsec test-connect --client-id ID")
                .hint("the configuration has `allow_zero_length_clientid false`"),
        ),
        1 | 132 => Some(
            Diagnosis::no(Stage::Mqtt, "mqtt-version-refused", "the broker does not take this version of MQTT")
                .hint("try the other one: mqsec test-connect --mqtt 3.1.1 (or 5)")
                .hint("the listener's accept_protocol_versions says which it takes"),
        ),
        _ => None,
    }
}

fn not_authorised(case: &Case<'_>) -> Option<Diagnosis> {
    let no = |code, message: String| Some(Diagnosis::no(Stage::Mqtt, code, message));
    let settings = case.folder.map(|folder| &folder.settings);
    if let Some(prefixes) = settings.and_then(|settings| settings.get("clientid_prefixes"))
        && !case.attempt.client_id.starts_with(prefixes)
    {
        return no(
            "client-id-refused",
            format!("the broker takes only client identifiers that start with `{prefixes}`"),
        )
        .map(|found| {
            found
                .evidence(format!("the identifier was `{}`; config has clientid_prefixes", case.attempt.client_id))
                .hint(format!("mqsec test-connect --client-id {prefixes}1"))
        });
    }
    let Some((user, password)) = case.attempt.login else {
        return no("login-missing", "the broker lets nobody in without a user name and password".to_owned())
            .map(|found| found.hint("give them: mqsec test-connect USER"));
    };
    let folder = case.folder?;
    if folder.has_dynamic_security() {
        let message = format!("the dynamic security plugin refuses `{user}`: unknown, disabled, or another password");
        return no("login-refused", message).map(|found| {
            found
                .evidence("the plugin does not tell which".to_owned())
                .hint("see who there is: mqsec dynsec list")
                .hint(format!("give it a password: mqsec dynsec passwd {}", crate::error::single_quoted(user)))
        });
    }
    let file = folder.settings.get("password_file")?;
    if folder.has_plugin() {
        return None; // somebody else decides
    }
    let users = folder.passwd.as_ref()?;
    let verdict = UserName::parse(user).ok().and_then(|name| users.verify(&name, password));
    match verdict {
        None => no("user-unknown", format!("the broker knows no user `{user}`")).map(|found| {
            found
                .evidence(format!("`{file}` has no such user"))
                .hint(format!("add it: mqsec passwd add {}", crate::error::single_quoted(user)))
        }),
        Some(false) => no("password-wrong", format!("the password is not that of the user `{user}`")).map(|found| {
            found
                .evidence(format!("the hash of `{file}` is that of another password"))
                .hint(format!("set it: mqsec passwd set '{user}'; compare .env with the file: mqsec passwd test"))
        }),
        Some(true) => {
            no("passwd-not-reloaded", "the broker has not read the password file since it was changed".to_owned()).map(
                |found| {
                    found
                        .evidence(format!("user and password are those of `{file}`, and the broker refuses them"))
                        .hint("let the broker read it: mqsec up")
                },
            )
        }
    }
}

/// The user's name comes from the certificate, and there is none in it.
fn without_name(case: &Case<'_>) -> Option<Diagnosis> {
    let found = Diagnosis::no(
        Stage::Mqtt,
        "identity-without-name",
        "the broker takes the user name from the client certificate, and finds none there",
    );
    let settings = case.folder.map(|folder| &folder.settings);
    Some(match case.own.first() {
        None if settings.is_some_and(|settings| !settings.is_true("require_certificate")) => found
            .evidence("config has use_identity_as_username without require_certificate, so no certificate is asked for")
            .hint("add `require_certificate true` to the listener, then: mqsec restart"),
        None => {
            found.evidence("no client certificate was shown").hint("show one: mqsec test-connect USER --client CLIENT")
        }
        Some(own) if own.common_name.is_none() => found
            .evidence(format!("the certificate's subject `{}` has no common name (CN)", own.subject))
            .hint("issue one that has: mqsec client-cert NAME"),
        Some(_) => return None,
    })
}
