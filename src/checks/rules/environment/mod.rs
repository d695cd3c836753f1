//! Rules of the topic `Environment`, a file each.

mod broker_name;
mod example_password;
mod leftover;
mod password_is_user;
mod same_password;
mod short_password;
mod syntax;

use crate::checks::Rule;
use crate::checks::Subject;
use crate::passwd::User;
use crate::workspace::layout;

pub const RULES: &[&Rule] = &[
    &syntax::RULE,
    &example_password::RULE,
    &password_is_user::RULE,
    &short_password::RULE,
    &same_password::RULE,
    &broker_name::RULE,
    &leftover::RULE,
];

/// The users of `.env`, each with the line of its password; none where the file cannot be read.
fn users(subject: &Subject) -> Vec<(usize, &User)> {
    let Some(Ok(env)) = subject.env() else { return Vec::new() };
    let text = subject.folder.text(layout::ENV).unwrap_or_default();
    let lines = text.lines().enumerate().filter_map(|(at, line)| {
        let key = line.trim().trim_start_matches('\u{feff}').trim_start_matches("export ").split('=').next()?.trim();
        let number = key.strip_prefix("PASS_")?.parse::<u64>().ok()?;
        Some((number, at + 1))
    });
    // users come in the order of their numbers
    let mut lines: Vec<(u64, usize)> = lines.collect();
    lines.sort_unstable();
    lines.into_iter().map(|(_, line)| line).zip(&env.users).collect()
}
