//! The result goes to stdout, the conversation to stderr.
//!
//! Text is written with ANSI styles; anstream strips them where the stream is no terminal, `NO_COLOR` is set or
//! `--color never` was given. Nothing is said by colour alone.

use std::io::BufRead;
use std::io::IsTerminal;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anstyle::AnsiColor;
use anstyle::Style;
use clap::CommandFactory;
use serde_json::Value;
use serde_json::json;

use crate::cli::Cli;
use crate::cli::ColorWhen;
use crate::cli::Global;
use crate::error::Failure;
use crate::error::Plain;
use crate::secret::Secret;

/// What a command found or did.
pub trait Report {
    /// The result for a reader, with its final newline.
    fn text(&self, fancy: bool) -> String;

    /// The result for a program. The `schema` field is `mqsec/<command>/1`.
    fn json(&self) -> Value;

    /// 0 yes or done, 1 no.
    fn status(&self) -> u8 {
        0
    }
}

/// The terminal, or what stands for it.
pub struct Ui {
    pub json: bool,
    quiet: bool,
    /// Whether emoji may decorate the result.
    pub fancy: bool,
    /// The folder, when it is not the current one.
    dir: Option<String>,
}

impl Ui {
    pub fn new(global: &Global) -> Self {
        match global.color {
            ColorWhen::Auto => {}
            ColorWhen::Always => anstream::ColorChoice::Always.write_global(),
            ColorWhen::Never => anstream::ColorChoice::Never.write_global(),
        }
        let plain = global.color == ColorWhen::Never || std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        Self {
            json: global.json,
            quiet: global.quiet,
            fancy: std::io::stdout().is_terminal() && !plain,
            dir: (global.dir != Path::new(".")).then(|| global.dir.display().to_string()),
        }
    }

    /// A line of conversation; `--quiet` and `--json` silence it.
    pub fn say(&self, line: impl AsRef<str>) {
        if !self.quiet && !self.json {
            let _ = writeln!(anstream::stderr(), "{}", line.as_ref());
        }
    }

    /// A line for a program, beside the result.
    pub fn line(&self, text: &str) {
        let _ = writeln!(anstream::stderr(), "{text}");
    }

    /// Whether nothing but the result is wanted.
    pub fn is_silent(&self) -> bool {
        self.quiet || self.json
    }

    /// Something that the reader should know, whatever the mode.
    pub fn warn(&self, line: impl AsRef<str>) {
        let _ = writeln!(anstream::stderr(), "{}: {}", paint(Tone::Warn, "warning"), line.as_ref());
    }

    /// A part of the result, at once, for results that come in parts (transcripts, logs).
    pub fn part(&self, text: &str) {
        if !self.json {
            out(text);
        }
    }

    /// The result itself; gives its exit status.
    pub fn report(&self, report: &dyn Report) -> u8 {
        if self.json {
            out(&format!("{:#}\n", report.json()));
        } else {
            out(&report.text(self.fancy));
        }
        report.status()
    }

    /// A failure: one screen on stderr, and with `--json` an object on stdout too. Gives its exit status.
    pub fn failure(&self, failure: &Failure) -> u8 {
        let hints: Vec<String> = failure.hints.iter().map(|hint| self.with_folder(hint)).collect();
        if self.json {
            let mut object = json!({
                "schema": "mqsec/error/1",
                "code": failure.code,
                "message": failure.message(),
                "details": failure.details,
                "hints": hints,
            });
            if let Some(facts) = &failure.facts {
                object["facts"] = facts.clone();
            }
            out(&format!("{object:#}\n"));
        }
        let mut text = format!("{}: {}\n", paint(Tone::Bad, &format!("error[{}]", failure.code)), failure.message());
        for detail in &failure.details {
            text.push_str(&format!("  {detail}\n"));
        }
        for hint in &hints {
            text.push_str(&format!("  {}: {hint}\n", paint(Tone::Head, "hint")));
        }
        text.push_str(&format!("  more: mqsec explain {}\n", failure.code));
        let _ = anstream::stderr().write_all(text.as_bytes());
        failure.kind.status()
    }

    /// A hint whose commands work where the reader is: with the folder that this command was given.
    pub fn with_folder(&self, hint: &str) -> String {
        let Some(dir) = &self.dir else { return hint.to_owned() };
        let root = Cli::command();
        let is_command = |word: &str| root.get_subcommands().any(|command| command.get_name() == word);
        let mut parts = hint.split("mqsec ");
        let mut text = parts.next().unwrap_or_default().to_owned();
        for rest in parts {
            let word: String =
                rest.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '-').collect();
            text.push_str(&if is_command(&word) { format!("mqsec --dir {dir} ") } else { "mqsec ".to_owned() });
            text.push_str(rest);
        }
        text
    }

    /// Whether a question can be asked at all.
    pub fn can_ask(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && !self.json
    }

    /// A yes-or-no question; no terminal is no.
    pub fn confirm(&self, question: &str) -> bool {
        if !self.can_ask() {
            return false;
        }
        let _ = write!(anstream::stderr(), "{question} [y/N] ");
        let mut answer = String::new();
        let _ = std::io::stdin().lock().read_line(&mut answer);
        matches!(answer.trim(), "y" | "Y" | "yes")
    }

    /// The first line of standard input, without its end.
    pub fn read_password(&self) -> Result<Secret, Failure> {
        let mut line = zeroize::Zeroizing::new(String::new());
        std::io::stdin().lock().read_line(&mut line).map_err(|error| {
            Plain::new("password-not-read", format!("no password can be read from standard input: {error}"))
        })?;
        let text = line.strip_suffix('\n').unwrap_or(&line);
        Ok(Secret::new(text.strip_suffix('\r').unwrap_or(text)))
    }

    /// Something secret from the terminal, typed twice when it is a new one; nothing without a terminal.
    pub fn secret_from_terminal(json: bool, prompt: &str, twice: bool) -> Result<Option<Secret>, Failure> {
        if json || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Ok(None);
        }
        let ask = |prompt: &str| rpassword::prompt_password(prompt).ok().map(Secret::new);
        let first = ask(prompt);
        if twice && first.is_some() && first != ask("Again: ") {
            return Err(Plain::new("password-differs", "the two are not the same").into());
        }
        Ok(first)
    }

    /// A password from the terminal, typed twice when it is a new one.
    pub fn ask_password(&self, what: &str, twice: bool) -> Result<Secret, Failure> {
        let no_terminal = || {
            Plain::new("password-needed", format!("no password for {what}, and no terminal to ask for it"))
                .hint("give it on standard input (--stdin, for test-connect --password-stdin), or in the environment variable MQSEC_PASSWORD")
        };
        if !self.can_ask() {
            return Err(no_terminal().into());
        }
        let first =
            Secret::new(rpassword::prompt_password(format!("Password for {what}: ")).map_err(|_| no_terminal())?);
        if twice {
            let second = Secret::new(rpassword::prompt_password("Again: ").map_err(|_| no_terminal())?);
            if first != second {
                return Err(Plain::new("password-differs", "the two passwords are not the same").into());
            }
        }
        Ok(first)
    }
}

/// What a word means; colour is only its echo.
#[derive(Clone, Copy)]
pub enum Tone {
    Good,
    Bad,
    Warn,
    Head,
}

pub fn paint(tone: Tone, text: &str) -> String {
    let style = match tone {
        Tone::Good => AnsiColor::Green.on_default(),
        Tone::Bad => AnsiColor::Red.on_default().bold(),
        Tone::Warn => AnsiColor::Yellow.on_default(),
        Tone::Head => Style::new().bold(),
    };
    format!("{style}{text}{style:#}")
}

/// Whether styles in a result come to be seen; where many are left out, looking for them afterwards costs more than all the rest.
pub fn has_styles() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// Prints what clap has to say: help on stdout with status 0, a usage error on stderr with 2.
pub fn usage(error: clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.render().ansi().to_string();
    let plain = error.render().to_string();
    // clap's word for it, with the code that every error of ours has
    let text = match plain.strip_prefix("error: ") {
        Some(rest) => format!("{}: {rest}", paint(Tone::Bad, "error[usage]")),
        None => text,
    };
    let _ = anstream::stderr().write_all(text.as_bytes());
    ExitCode::from(2)
}

/// Writes to stdout; a reader that went away (`mqsec … | head`) is no error.
fn out(text: &str) {
    // what has no styles needs nobody to look for them, which costs more than writing it
    if !text.contains('\x1b') {
        let mut stdout = std::io::stdout().lock();
        if stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).is_err() {
            std::process::exit(0);
        }
        return;
    }
    let mut stdout = anstream::stdout();
    if stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Rows in aligned columns; widths count characters, not bytes.
pub fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|c| visible(c)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::from("  ");
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - visible(cell) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The characters of a cell without its ANSI styles.
fn visible(cell: &str) -> usize {
    anstream::adapter::strip_str(cell).to_string().chars().count()
}

/// Writes a generated document to stdout as it is.
pub fn raw(bytes: &[u8]) {
    out(&String::from_utf8_lossy(bytes));
}

/// Writes a file's bytes to stdout, whatever they are.
pub fn binary(bytes: &[u8]) {
    let mut stdout = std::io::stdout();
    if stdout.write_all(bytes).and_then(|()| stdout.flush()).is_err() {
        std::process::exit(0);
    }
}
