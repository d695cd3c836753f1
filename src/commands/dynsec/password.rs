//! A client's new password: never on the command line.

use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::secret::Secret;

#[derive(clap::Args)]
pub(super) struct Source {
    /// Read the password from the first line of standard input
    #[arg(long, conflicts_with = "generate")]
    stdin: bool,
    /// Make a password of 128 bits and print it, once
    #[arg(long)]
    pub(super) generate: bool,
}

impl Source {
    /// From where the arguments say; else MQSEC_PASSWORD, else the terminal.
    pub(super) fn password(&self, context: &Context<'_>, name: &str) -> Result<Secret, Failure> {
        if self.generate && context.ui.json {
            return Err(Plain::new("password-in-json", "a generated password is never put into JSON")
                .hint("leave out --json: the password is then the only line on standard output")
                .into());
        }
        let given = if self.generate {
            Secret::generate()
        } else if self.stdin {
            context.ui.read_password()?
        } else if let Ok(text) = std::env::var("MQSEC_PASSWORD") {
            Secret::new(text)
        } else {
            context.ui.ask_password(&format!("client `{name}`"), true)?
        };
        match given.expose() {
            "" => {
                Err(Plain::new("password-empty", "the password is empty, and a broker never accepts an empty one")
                    .into())
            }
            long if long.len() > 65535 => {
                let message = format!("the password has {} bytes; MQTT allows 65535", long.len());
                Err(Plain::new("password-long", message).into())
            }
            _ => Ok(given),
        }
    }

    /// The generated password, once, as the only line of the result.
    pub(super) fn show(&self, context: &Context<'_>, name: &str, password: &Secret) {
        context.ui.say(format!("the password of `{name}`, shown this once:"));
        context.ui.part(&format!("{}\n", password.expose()));
    }
}
