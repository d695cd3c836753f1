//! `mqsec passwd import`: users out of another file.

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use crate::context::Context;
use crate::error::Diagnose;
use crate::error::Failure;
use crate::passwd;
use crate::passwd::DEFAULT_ITERATIONS;
use crate::passwd::Given;
use crate::passwd::Import;
use crate::passwd::Newcomer;
use crate::passwd::PasswdFile;
use crate::passwd::Refused;
use crate::passwd::User;
use crate::provision::credentials::must_read;
use crate::provision::users;
use crate::ui::Report;
use crate::workspace::Transaction;
use crate::workspace::env_file::EnvFile;
use crate::workspace::layout;
use crate::workspace::utf8;

/// Take over users from another file: lines of user:password or user:HASH, or a .env
///
/// Hashes that Mosquitto reads ($7$, $6$ of mosquitto_passwd) are kept; those of mkpasswd, htpasswd, /etc/shadow and
/// mosquitto-go-auth cannot be turned into Mosquitto's without the password, and are told by their lines. Nothing is
/// written unless every line can be taken over.
#[derive(clap::Args)]
pub(super) struct Args {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace users that are there with another password
    #[arg(long)]
    force: bool,
    /// Everything after the first colon is a password, even if it looks like a hash
    #[arg(long)]
    plain: bool,
    /// Take over what can be, and tell the rest (exit status 1)
    #[arg(long)]
    skip: bool,
    /// Rounds of PBKDF2 for passwords in clear; the broker pays them at every login
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000), default_value_t = DEFAULT_ITERATIONS)]
    iterations: u32,
}

#[derive(Debug, thiserror::Error)]
enum ImportError {
    #[error("`{path}` line {}: {}", refused[0].line, refused[0].what)]
    Lines { path: String, refused: Vec<Refused> },
    #[error("{} of the users of `{path}` {} in the password file with another password", names.len(), are(names.len()))]
    Conflict { path: String, names: Vec<String> },
    #[error("`{0}` has no users")]
    Nobody(String),
}

fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

/// More lines than this are told by their number.
const MOST: usize = 50;

impl Diagnose for ImportError {
    fn code(&self) -> &'static str {
        match self {
            Self::Lines { .. } => "passwd-import-refused",
            Self::Conflict { .. } => "passwd-import-conflict",
            Self::Nobody(_) => "passwd-import-empty",
        }
    }

    fn details(&self) -> Vec<String> {
        let (mut lines, count): (Vec<String>, usize) = match self {
            Self::Lines { refused, .. } => (refused.iter().skip(1).take(MOST).map(told).collect(), refused.len() - 1),
            Self::Conflict { names, .. } => {
                (names.iter().take(MOST).map(|name| format!("user `{name}`")).collect(), names.len())
            }
            Self::Nobody(_) => return Vec::new(),
        };
        if count > MOST {
            lines.push(format!("and {} more", count - MOST));
        }
        lines
    }

    fn hints(&self) -> Vec<String> {
        let to = |text: &str| text.to_owned();
        match self {
            Self::Lines { refused, .. } if refused.iter().any(|refused| refused.foreign) => vec![to(
                "nothing was written; take over the others with --skip, and set the passwords of these anew: mqsec passwd add USER",
            )],
            Self::Lines { .. } => vec![to("nothing was written; mend the lines, or take over the others with --skip")],
            Self::Conflict { .. } => vec![to("nothing was written; to replace them, repeat it with --force")],
            Self::Nobody(_) => vec![to("write lines of user:password into it")],
        }
    }
}

fn told(refused: &Refused) -> String {
    format!("line {}: {}", refused.line, refused.what)
}

pub(super) fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let path = args.file.display().to_string();
    let bytes = zeroize::Zeroizing::new(must_read(&args.file)?);
    let Import { users: newcomers, refused } = read(&bytes, &path, args.plain)?;
    if newcomers.is_empty() && refused.is_empty() {
        return Err(ImportError::Nobody(path).into());
    }
    if !refused.is_empty() && !args.skip {
        return Err(ImportError::Lines { path, refused }.into());
    }
    let mut change = Transaction::begin(&context.workspace)?;
    let mut file = users::passwd_file(&context.workspace)?;
    let mut done = Imported { path, refused, added: Vec::new(), changed: Vec::new(), unchanged: Vec::new() };
    take_over(&mut file, &newcomers, args.iterations, &mut done);
    if !done.changed.is_empty() && !args.force {
        return Err(ImportError::Conflict { path: done.path, names: done.changed }.into());
    }
    users::put_passwd(&mut change, &file)?;
    change.commit()?;
    super::tell_mended(context, &file);
    super::tell_cost(context, args.iterations);
    if newcomers.iter().any(|user| matches!(user.given, Given::Password(_))) {
        context.ui.warn(format!("`{}` holds passwords in clear: remove it when nobody needs it any more", done.path));
    }
    if newcomers.iter().any(|user| matches!(&user.given, Given::Hash(hash) if !hash.is_portable())) {
        context.ui.warn("some hashes have a salt of 64 bytes, which Mosquitto 2.0 does not read: mqsec passwd lint");
    }
    Ok(context.ui.report(&done))
}

/// A `.env` by its `USER_n` lines, everything else by its colons.
fn read(bytes: &[u8], path: &str, plain: bool) -> Result<Import, Failure> {
    let is_env = |line: &[u8]| {
        let line = line.trim_ascii();
        let line = line.strip_prefix(b"export ").unwrap_or(line);
        let digits = line.strip_prefix(b"USER_").and_then(|rest| rest.split(|byte| *byte == b'=').next());
        digits.is_some_and(|digits| !digits.is_empty() && digits.trim_ascii().iter().all(u8::is_ascii_digit))
    };
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if plain || !text.split(|byte| *byte == b'\n').any(is_env) {
        return Ok(passwd::import(bytes, plain));
    }
    let env = EnvFile::parse(&utf8(bytes.to_vec(), path)?, path)?;
    let newcomer =
        |(at, user): (usize, User)| Newcomer { name: user.name, given: Given::Password(user.password), line: at + 1 };
    Ok(Import { users: env.users.into_iter().enumerate().map(newcomer).collect(), refused: Vec::new() })
}

fn take_over(file: &mut PasswdFile, newcomers: &[Newcomer], iterations: u32, done: &mut Imported) {
    let mut there = file.hashes();
    let asked: Vec<_> = newcomers.iter().map(|one| (one, there.remove(one.name.as_str()))).collect();
    let answers = passwd::on_all_cores(&asked, |(Newcomer { given, .. }, old)| {
        let same = old.as_ref().map(|old| match given {
            Given::Password(password) => old.as_ref().is_ok_and(|old| old.verify(password)),
            Given::Hash(new) => old.as_ref() == Ok(new),
        });
        let hash = (same != Some(true)).then(|| match given {
            Given::Hash(hash) => hash.clone(),
            Given::Password(password) => passwd::Hash::new(password, iterations),
        });
        (same, hash)
    });
    for ((Newcomer { name, .. }, _), (same, hash)) in asked.iter().zip(answers) {
        match (same, hash) {
            (Some(_), Some(hash)) => {
                done.changed.push(name.to_string());
                file.set_hash(name, &hash);
            }
            (None, Some(hash)) => {
                done.added.push(name.to_string());
                file.append(name, &hash);
            }
            (_, None) => done.unchanged.push(name.to_string()),
        }
    }
}

struct Imported {
    path: String,
    refused: Vec<Refused>,
    added: Vec<String>,
    changed: Vec<String>,
    unchanged: Vec<String>,
}

impl Report for Imported {
    fn text(&self, _fancy: bool) -> String {
        let Self { added, changed, unchanged, refused, .. } = self;
        let mut text = format!(
            "{} user(s) of `{}` taken over into `{}`\n",
            added.len() + changed.len() + unchanged.len(),
            self.path,
            layout::PASSWD
        );
        let groups = [("added", added), ("changed", changed), ("unchanged", unchanged)];
        for (what, names) in groups.into_iter().filter(|(_, names)| !names.is_empty()) {
            let more = names.len().saturating_sub(MOST);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            text.push_str(&format!("  {what}: {}{more}\n", names[..names.len().min(MOST)].join(", ")));
        }
        for refused in refused {
            text.push_str(&format!("  not taken over: {}\n", told(refused)));
        }
        text.push_str("next: mqsec up (a broker that runs is reloaded, and all is proven again)\n");
        text
    }

    fn json(&self) -> Value {
        let refused = |refused: &Refused| json!({ "line": refused.line, "why": refused.what });
        json!({
            "schema": "mqsec/passwd-import/1", "from": self.path, "added": self.added, "changed": self.changed,
            "unchanged": self.unchanged, "refused": self.refused.iter().map(refused).collect::<Vec<_>>(),
        })
    }

    fn status(&self) -> u8 {
        u8::from(!self.refused.is_empty())
    }
}
