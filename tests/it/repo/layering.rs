//! Dependencies point one way, files stay readable, no test is forgotten.

use super::sources;

/// Each part of the source, and what it may use beside itself. `cli` and `ui` know each other's types: the options that
/// every command has are the interface's own.
const LAYERS: &[(&str, &[&str])] = &[
    ("main", &[]),
    ("lib", &["cli", "commands", "ui"]),
    ("cli", &["commands"]),
    (
        "commands",
        &[
            "cli",
            "context",
            "ui",
            "checks",
            "diagnosis",
            "provision",
            "snapshot",
            "takeover",
            "acme",
            "broker",
            "workspace",
            "mqtt",
            "acl",
            "bridge",
            "conf",
            "dynsec",
            "export",
            "fleet",
            "series",
            "logs",
            "pages",
            "passwd",
            "pki",
            "error",
            "secret",
        ],
    ),
    (
        "checks",
        &["workspace", "acl", "bridge", "conf", "dynsec", "export", "passwd", "pki", "series", "error", "secret"],
    ),
    (
        "takeover",
        &[
            "checks",
            "provision",
            "snapshot",
            "broker",
            "workspace",
            "mqtt",
            "acl",
            "conf",
            "passwd",
            "pki",
            "series",
            "error",
            "secret",
        ],
    ),
    ("acme", &["provision", "workspace", "pki", "error", "secret"]),
    ("snapshot", &["checks", "broker", "workspace", "series"]),
    ("context", &["ui", "workspace"]),
    ("ui", &["cli", "error", "secret"]),
    ("diagnosis", &["workspace", "logs", "mqtt", "acl", "conf", "passwd", "pki", "error", "secret"]),
    (
        "provision",
        &[
            "workspace",
            "mqtt",
            "acl",
            "bridge",
            "conf",
            "dynsec",
            "export",
            "fleet",
            "series",
            "passwd",
            "pki",
            "error",
            "secret",
        ],
    ),
    ("broker", &["workspace", "mqtt", "acl", "series", "conf", "logs", "passwd", "pki", "error", "secret"]),
    ("workspace", &["passwd", "pki", "error", "secret"]),
    ("acl", &["series", "error"]),
    ("export", &["pki", "error", "secret"]),
    ("fleet", &["export", "acl", "passwd", "pki", "error", "secret"]),
    ("bridge", &["conf", "pki", "series", "error", "secret"]),
    ("conf", &["workspace::layout", "workspace::Owner", "acl", "passwd", "pki", "series", "error"]),
    ("dynsec", &["acl", "passwd", "series", "error", "secret"]),
    ("logs", &["error"]),
    ("mqtt", &["error", "secret"]),
    ("passwd", &["series", "error", "secret"]),
    ("pki", &["error", "secret"]),
    ("pages", &[]),
    ("error", &[]),
    ("secret", &[]),
    ("series", &[]),
];

fn part(path: &std::path::Path) -> String {
    let second = path.components().nth(1).unwrap().as_os_str().to_string_lossy().into_owned();
    second.trim_end_matches(".rs").to_owned()
}

/// The parts that a file names, as `crate::part` or `crate::part::item`.
fn uses(text: &str) -> impl Iterator<Item = String> + '_ {
    let code = text.split("#[cfg(test)]").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| line.split("crate::").skip(1)).map(
        |rest| {
            let end = rest
                .find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':')
                .unwrap_or(rest.len());
            rest[..end].to_owned()
        },
    )
}

#[test]
fn dependencies_point_one_way() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let part = part(&path);
        let (_, allowed) =
            LAYERS.iter().find(|(name, _)| *name == part).unwrap_or_else(|| panic!("{part} is in no layer"));
        for used in uses(&text) {
            let fits = |name: &str| used == name || used.starts_with(&format!("{name}::"));
            if !fits(&part) && !allowed.iter().any(|name| fits(name)) {
                wrong.push(format!("{} uses {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_command_calls_another() {
    for (path, text) in sources("src/commands") {
        let own = path.components().nth(2).unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
        for used in uses(&text).filter(|used| own != "mod" && used.starts_with("commands::")) {
            let other = used.split("::").nth(1).unwrap_or_default();
            // what has no `run` is no command, but what several of them share
            let text = std::fs::read_to_string(super::root().join(format!("src/commands/{other}.rs")));
            let is_command = text.is_ok_and(|text| text.contains("pub fn run("));
            assert!(!is_command || other == own, "{} uses {used}", path.display());
        }
    }
}

#[test]
fn files_stay_readable() {
    for folder in ["src", "tests"] {
        for (path, text) in sources(folder) {
            let lines = text.lines().count();
            assert!(lines <= 800, "{} has {lines} lines", path.display());
            assert!(text.starts_with("//! "), "{} does not say what it is", path.display());
        }
    }
}

#[test]
fn every_test_file_is_run() {
    for (path, _) in sources("tests/it") {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if matches!(&*stem, "mod" | "main") {
            continue;
        }
        let parent = path.parent().unwrap();
        let index = if parent.ends_with("it") { parent.join("main.rs") } else { parent.join("mod.rs") };
        let text = std::fs::read_to_string(super::root().join(&index)).unwrap();
        assert!(text.contains(&format!("mod {stem};")), "{} is not in {}", path.display(), index.display());
    }
}
