//! The documents are true: their sessions are run as they stand, every link has its place.
//!
//! In a ```` ```console ```` block a line with `$ ` is a command and one with `> ` goes on with it; what follows is its
//! output, with `...` for any number of lines and `[..]` for anything within a line. All blocks of a document are one
//! shell session, in which `mqsec` is the binary under test and Docker is not installed. Documents speak of port 8883;
//! the session has a free one in its place, and gives it to `up`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;

use crate::support::Said;
use crate::support::Sandbox;
use crate::support::binary;
use crate::support::peers;

const SESSIONS: [&str; 4] = ["README.md", "CERTIFICATE.md", "MOSQUITTO_DOCS.md", "docs/fleet.md"];

#[test]
fn the_sessions_of_the_readme_are_true() {
    run_sessions("README.md");
}

#[test]
fn the_sessions_about_certificates_are_true() {
    run_sessions("CERTIFICATE.md");
}

#[test]
fn the_sessions_about_mosquitto_are_true() {
    run_sessions("MOSQUITTO_DOCS.md");
}

#[test]
fn the_sessions_about_fleets_are_true() {
    run_sessions("docs/fleet.md");
}

#[test]
fn a_block_that_is_not_run_says_why() {
    let mut skipped = 0;
    for document in SESSIONS {
        let text = read(document);
        let blocks = blocks(&text);
        for block in &blocks {
            let place = format!("{document}:{}", block.line);
            assert!(!block.steps.is_empty(), "{place}: a console block without a command");
            if let Some(reason) = &block.not_run {
                assert!(reason.len() > 8, "{place}: `not run` needs a reason");
                crate::support::tell(&format!("not run: {place}: {reason}"));
                skipped += 1;
            }
        }
        let markers = text.lines().filter(|line| line.contains("<!-- not run")).count();
        let used = blocks.iter().filter(|block| block.not_run.is_some()).count();
        assert_eq!(markers, used, "{document}: a `not run` marker without a block below it");
    }
    crate::support::tell(&format!("{skipped} console blocks are not run"));
}

#[test]
fn links_lead_somewhere() {
    for document in documents() {
        let (text, place) = (read(&document), document.display());
        for link in prose(&text).flat_map(links).filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => document.clone(),
                file => document.with_file_name(file),
            };
            assert!(root().join(&target).exists(), "{place}: no file for `{link}`");
            let found =
                anchor.is_empty() || prose(&read(&target)).any(|line| line.starts_with('#') && slug(line) == anchor);
            assert!(found, "{place}: no heading for `{link}`");
        }
    }
}

#[test]
fn no_document_names_a_host_of_a_package_registry() {
    for document in documents() {
        let text = read(&document).to_lowercase();
        for host in REGISTRIES.replace(' ', ".").split(',') {
            assert!(!text.contains(host), "{} names {host}", document.display());
        }
    }
}

/// With spaces for dots, so that this page does not name them either.
const REGISTRIES: &str = "crates io,docker io,hub docker com,ghcr io,quay io,pypi org,pythonhosted org,npmjs com,\
    npmjs org,deb debian org,archive ubuntu com,dl-cdn alpinelinux org";

#[test]
fn the_page_of_commands_is_what_help_prints() {
    let mut page = String::from(CLI_HEAD);
    describe("mqsec", &Sandbox::new(), &mut page);
    if std::env::var_os("MQSEC_BLESS").is_some() {
        fs::write(root().join("docs/cli.md"), &page).unwrap();
    }
    assert!(
        read("docs/cli.md") == page,
        "docs/cli.md is not what `mqsec help` prints; write it: MQSEC_BLESS=1 tests/run docs"
    );
}

/// Adds the help of a command and of those below it.
fn describe(command: &str, sandbox: &Sandbox, page: &mut String) {
    let words: Vec<&str> = std::iter::once("help").chain(command.split(' ').skip(1)).collect();
    let help = sandbox.mqsec(&words).ok().stdout;
    let own = match command {
        "mqsec" => help.as_str(),
        // the same below every command
        _ => help.split("\nGlobal options:").next().unwrap(),
    };
    let own: Vec<&str> = own.trim_end().lines().map(str::trim_end).collect();
    page.push_str(&format!("\n## {command}\n\n```text\n{}\n```\n", own.join("\n")));
    for name in subcommands(&help) {
        describe(&format!("{command} {name}"), sandbox, page);
    }
}

const CLI_HEAD: &str = "\
# Commands

What `mqsec help` prints, for every command. A test compares this page with the program and writes it:
`MQSEC_BLESS=1 tests/run docs`. Global options stand at the first one and work with all of them.
";

/// The commands that a help text lists.
fn subcommands(help: &str) -> impl Iterator<Item = &str> {
    let (_, list) = help.split_once("\nCommands:\n").unwrap_or_default();
    list.lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
}

#[test]
fn the_wildcards_stand_for_what_they_say() {
    assert!(matches(&["a", "...", "c"], &["a", "b", "b", "c"]) && matches(&["...", "c"], &["c"]));
    assert!(matches(&["x [..] z[..]"], &["x y y z"]) && matches(&[], &[]));
    assert!(!matches(&["a"], &["a", "b"]) && !matches(&["a", "...", "c"], &["a", "c", "b"]));
    assert!(!matches(&["x [..] z"], &["x z"]) && !matches(&["[..]a"], &["ab"]) && !matches(&["a", "b"], &["a"]));
}

/// A console block of a document.
struct Block {
    line: usize,
    not_run: Option<String>,
    steps: Vec<Step>,
}

struct Step {
    line: usize,
    command: String,
    expected: Vec<String>,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut inside = false;
    let mut before = "";
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
            if inside {
                let not_run = before.strip_prefix("<!-- not run:");
                let not_run = not_run.map(|rest| rest.trim_end_matches("-->").trim().to_owned());
                let (line, steps) = (number + 1, Vec::new());
                found.push(Block { line, not_run, steps });
            }
        } else if inside {
            let steps = &mut found.last_mut().unwrap().steps;
            match (line.strip_prefix("$ "), line.strip_prefix("> "), steps.last_mut()) {
                (Some(command), ..) => {
                    steps.push(Step { line: number + 1, command: command.to_owned(), expected: Vec::new() })
                }
                (_, Some(more), Some(step)) if step.expected.is_empty() => {
                    step.command.push('\n');
                    step.command.push_str(more);
                }
                (.., Some(step)) => step.expected.push(line.trim_end().to_owned()),
                (.., None) => panic!("line {}: output before the first command", number + 1),
            }
        }
        before = line;
    }
    found
}

/// Runs all blocks of a document in one shell, and compares each command's output.
fn run_sessions(document: &str) {
    const END: &str = "--- end of a command ---";
    let sandbox = Sandbox::new();
    let _brokers = Brokers(&sandbox);
    let text = read(document).replace("8883", &sandbox.port.to_string());
    let steps: Vec<Step> =
        blocks(&text).into_iter().filter(|block| block.not_run.is_none()).flat_map(|block| block.steps).collect();
    let mut script = String::new();
    for step in &steps {
        let command = command_of(&step.command, sandbox.port);
        script.push_str(&format!("{{ {command}\n}} 2>&1\nstatus=$?; echo '{END}'; (exit $status)\n"));
    }
    let script = sandbox.write("../session.sh", script);
    let mut shell = sandbox.command("timeout");
    shell.args(["300", "sh"]).arg(script).env("PATH", path_without_docker(&sandbox)).stderr(Stdio::inherit());
    let said = Said::of(shell.output().unwrap()).stdout;
    let mut rest = said.as_str();
    for step in &steps {
        let place = format!("{document}:{}: $ {}", step.line, step.command);
        let Some((output, after)) = rest.split_once(&format!("{END}\n")) else {
            panic!("{place}\ndid not end; it said:\n{rest}");
        };
        rest = after;
        let output: Vec<&str> = output.lines().map(str::trim_end).collect();
        let expected: Vec<&str> = step.expected.iter().map(String::as_str).collect();
        assert!(
            matches(&expected, &output),
            "{place}\n--- expected\n{}\n--- said\n{}\n",
            expected.join("\n"),
            output.join("\n")
        );
    }
}

/// The command of a document as the sandbox runs it.
fn command_of(text: &str, port: u16) -> String {
    let text = text.replace("cargo run --release -- ", "mqsec ");
    let own = text.starts_with("mqsec ") && text.split(' ').any(|word| word == "up");
    if own { text.replacen(" up", &format!(" up --port {port}"), 1) } else { text }
}

fn path_without_docker(sandbox: &Sandbox) -> String {
    let none = sandbox.base.join("no-docker");
    fs::create_dir(&none).unwrap();
    for name in ["docker", "docker-compose"] {
        let program = none.join(name);
        fs::write(&program, "#!/bin/sh\nexit 127\n").unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let own = binary().parent().unwrap();
    let broker = peers().join("bin/2.1.2");
    let dirs = [&none, own, &broker].map(|dir| dir.display().to_string());
    format!("{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", dirs.join(":"))
}

/// Stops what a session that failed left running in folders of its own.
struct Brokers<'a>(&'a Sandbox);

impl Drop for Brokers<'_> {
    fn drop(&mut self) {
        for entry in fs::read_dir(&self.0.dir).unwrap().flatten() {
            let folder = entry.path();
            if folder.join(".mqsec/broker.pid").exists() {
                self.0.run(binary(), &["--dir", &folder.to_string_lossy(), "down"]);
            }
        }
    }
}

fn matches(expected: &[&str], said: &[&str]) -> bool {
    match (expected.split_first(), said.split_first()) {
        (None, None) => true,
        (Some((&"...", rest)), _) => (0..=said.len()).any(|skip| matches(rest, &said[skip..])),
        (Some((pattern, rest)), Some((line, after))) => line_matches(pattern, line) && matches(rest, after),
        _ => false,
    }
}

fn line_matches(pattern: &str, line: &str) -> bool {
    match pattern.split_once("[..]") {
        None => pattern == line,
        Some((start, rest)) => line.strip_prefix(start).is_some_and(|tail| {
            let mut ends = tail.char_indices().map(|(at, _)| at).chain([tail.len()]);
            ends.any(|at| line_matches(rest, &tail[at..]))
        }),
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(file: impl AsRef<Path>) -> String {
    let file = root().join(file);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The documents of the repository, by their path in it.
fn documents() -> Vec<PathBuf> {
    let mut found = files_below("docs", "md");
    let top = fs::read_dir(root()).unwrap().flatten().map(|entry| PathBuf::from(entry.file_name()));
    found.extend(top.filter(|path| path.extension().is_some_and(|end| end == "md")));
    found
}

pub fn files_below(dir: impl AsRef<Path>, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(dir.as_ref())).unwrap().flatten() {
        let path = dir.as_ref().join(entry.file_name());
        if entry.path().is_dir() {
            found.extend(files_below(path, end));
        } else if path.extension().is_some_and(|found| found == end) {
            found.push(path);
        }
    }
    found
}

/// The lines outside of code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.lines().filter(move |line| {
        let fence = line.starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// The anchor that GitHub gives a heading.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter))
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}
