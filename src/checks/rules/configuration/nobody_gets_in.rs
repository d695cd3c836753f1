//! Nothing lets anybody in.

use crate::checks::Change as C;
use crate::checks::Example;
use crate::checks::Found;
use crate::checks::Rule;
use crate::checks::Severity;
use crate::checks::Subject;
use crate::checks::Topic;
use crate::workspace::layout;

pub(super) const RULE: Rule = Rule {
    id: "conf-nobody-gets-in",
    topic: Topic::Configuration,
    severity: Severity::Error,
    title: "nobody can come in on a listener: there are no passwords, and no certificate stands for one",
    why: "As soon as there is a `listener`, `allow_anonymous` is false. Without a password file, a plugin or \
          `use_identity_as_username`, every login is refused; a valid client certificate by itself is not a login.",
    fix: "name a `password_file`, or let the certificate be the login: `use_identity_as_username true`",
    source: "measured on 2.0.21 and 2.1.2; eclipse-mosquitto/mosquitto#2970, #1839, #2040",
    check,
    mend: None,
    fires: &[Example {
        name: "no password file",
        changes: &[C::Replace("config/mosquitto.conf", "password_file config/mosquitto.passwd", "# none")],
    }],
    quiet: &[Example {
        name: "the certificate is the login",
        changes: &[
            C::Replace("config/mosquitto.conf", "password_file config/mosquitto.passwd", "# none"),
            C::Append("config/mosquitto.conf", "use_identity_as_username true\nuse_username_as_clientid true\n"),
        ],
    }],
};

fn check(subject: &Subject, found: &mut Found<'_>) {
    super::listeners(subject, |reading, listener| {
        let options = &listener.options;
        let identity = options.is_true("use_identity_as_username") || options.is_true("use_subject_as_username");
        let by_certificate =
            identity && (listener.is_psk() || (listener.is_tls() && options.is_true("require_certificate")));
        let closed = !reading.allows_anonymous(listener) && !reading.authenticates(listener) && !by_certificate;
        // what lacks only `require_certificate` has a rule of its own
        (closed && !identity)
            .then(|| format!("port {} lets in nobody: there are no passwords and no plugin", listener.port))
    })
    .into_iter()
    .for_each(|(place, message)| {
        // `conf set` refuses a file that is not there
        let hint = match subject.folder.file(layout::PASSWD) {
            Some(_) => "name a password file: mqsec conf set password_file config/mosquitto.passwd",
            None => "make a user, and name the file: mqsec passwd add NAME; then: mqsec conf set password_file config/mosquitto.passwd",
        };
        super::at(subject, found, &place, message).hint(hint);
    });
}
