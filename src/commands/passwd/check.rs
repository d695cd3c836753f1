//! `mqsec passwd check`: whether a password is the user's, and where it would let him in.

use serde_json::Value;
use serde_json::json;

use crate::context::Context;
use crate::error::Failure;
use crate::passwd;
use crate::passwd::PasswdError;
use crate::passwd::Reading;
use crate::passwd::UserName;
use crate::secret::Secret;
use crate::series::Series;
use crate::ui::Report;
use crate::workspace::layout;

/// Tell whether a password is the user's, and by which series of Mosquitto it is let in
///
/// Nothing is written and no broker is asked: this is what the password file says. Exit status 0 when every series that
/// is meant lets the user in.
#[derive(clap::Args)]
pub(super) struct Args {
    #[arg(value_name = "USER")]
    name: UserName,
    /// Read the password from the first line of standard input
    #[arg(long)]
    stdin: bool,
    /// The series that are meant
    #[arg(long, value_enum, value_name = "SERIES", default_values_t = Series::RELEASED.to_vec())]
    target: Vec<Series>,
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let path = context.workspace.show(layout::PASSWD);
    let Some(bytes) = context.workspace.read(layout::PASSWD)? else {
        return Err(super::missing(&path).into());
    };
    let readings: Vec<Reading> = args.target.iter().map(|series| passwd::read(&bytes, *series)).collect();
    let name = args.name.as_str();
    let named = |reading: &Reading| {
        reading.user(name).is_some() || reading.problems.iter().any(|problem| problem.what.user() == Some(name))
    };
    if !readings.iter().any(named) {
        return Err(PasswdError::NoSuchUser(args.name.to_string()).into());
    }
    let password = given(context, args)?;
    let answers = readings.iter().map(|reading| answer(reading, args.name.as_str(), &password)).collect();
    Ok(context.ui.report(&Checked { path, user: args.name.clone(), answers }))
}

fn given(context: &Context<'_>, args: &Args) -> Result<Secret, Failure> {
    if args.stdin {
        context.ui.read_password()
    } else if let Ok(text) = std::env::var("MQSEC_PASSWORD") {
        Ok(Secret::new(text))
    } else {
        context.ui.ask_password(&format!("user `{}`", args.name), false)
    }
}

struct Answer {
    series: Series,
    lets_in: bool,
    /// Whether the hash is this password's, whatever the broker does with the file.
    matches: bool,
    why: String,
}

fn answer(reading: &Reading, user: &str, password: &Secret) -> Answer {
    let series = reading.series;
    let login = reading.user(user);
    let matches = login.is_some_and(|login| login.hash.verify(password));
    let own = || reading.problems.iter().find(|problem| problem.what.user() == Some(user));
    let why = match (&reading.stop, login) {
        (Some(stop), _) => format!("the broker does not start: line {}: {}", stop.line, stop.what),
        (None, Some(_)) if matches => "lets the user in".to_owned(),
        (None, Some(_)) => "refuses: another password".to_owned(),
        (None, None) => match own() {
            Some(problem) => format!("refuses: line {}: {}", problem.line, problem.what),
            None => "refuses: does not see the user".to_owned(),
        },
    };
    Answer { series, lets_in: matches && reading.stop.is_none(), matches, why }
}

struct Checked {
    path: String,
    user: UserName,
    answers: Vec<Answer>,
}

impl Report for Checked {
    fn text(&self, _fancy: bool) -> String {
        let matches = self.answers.iter().any(|answer| answer.matches);
        let is = if matches { "is" } else { "is not" };
        let mut text = format!("this {is} the password of `{}` in `{}`\n", self.user, self.path);
        let row = |answer: &Answer| vec![format!("Mosquitto {}", answer.series), answer.why.clone()];
        text.push_str(&crate::ui::columns(&self.answers.iter().map(row).collect::<Vec<_>>()));
        if matches && self.status() != 0 {
            text.push_str("next: mqsec passwd lint\n");
        }
        text
    }

    fn json(&self) -> Value {
        let series = |answer: &Answer| {
            json!({
                "series": answer.series.to_string(), "lets_in": answer.lets_in, "matches": answer.matches,
                "told": answer.why,
            })
        };
        let series: Vec<_> = self.answers.iter().map(series).collect();
        json!({
            "schema": "mqsec/passwd-check/1", "file": self.path, "user": self.user.as_str(),
            "matches": self.answers.iter().any(|answer| answer.matches), "series": series,
        })
    }

    fn status(&self) -> u8 {
        u8::from(!self.answers.iter().all(|answer| answer.lets_in))
    }
}
