//! `docs/rules.md` is made from the rules of `doctor`, examples and all.

use std::fmt::Write;
use std::fs;

use mqsec::checks::Rule;
use mqsec::checks::Topic;
use mqsec::checks::accept;
use mqsec::checks::rules;

use crate::docs::read;
use crate::docs::root;

const DOCUMENT: &str = "docs/rules.md";

#[test]
fn the_page_of_rules_is_what_they_say() {
    let page = page();
    if std::env::var_os("MQSEC_BLESS").is_some() {
        fs::write(root().join(DOCUMENT), &page).unwrap();
    }
    let there = root().join(DOCUMENT).exists() && read(DOCUMENT) == page;
    assert!(there, "{DOCUMENT} is not what the rules say; write it: MQSEC_BLESS=1 tests/run docs");
}

#[test]
fn the_page_has_every_rule_once_and_no_markup_by_chance() {
    let page = page();
    for rule in rules::all() {
        let heading = format!("\n### {}\n", rule.id);
        assert_eq!(page.matches(&heading).count(), 1, "{}", rule.id);
    }
    assert!(page.lines().all(|line| line.trim_end() == line), "a space at the end of a line");
}

fn page() -> String {
    let count = rules::all().count();
    let mut page = format!("{HEAD}\n{count} rules.\n");
    for topic in Topic::ALL {
        let of_it: Vec<&Rule> = rules::of(topic).collect();
        if of_it.is_empty() {
            continue;
        }
        writeln!(page, "\n## {}\n\n| rule | severity | what is wrong |\n| --- | --- | --- |", topic.name()).unwrap();
        for rule in &of_it {
            let fixes = if rule.mend.is_some() { ", `--fix`" } else { "" };
            writeln!(page, "| [{0}](#{0}) | {1}{fixes} | {2} |", rule.id, rule.severity.name(), cell(rule.title))
                .unwrap();
        }
        for rule in of_it {
            describe(rule, &mut page);
        }
    }
    page.push_str("\n## acceptances\n");
    for rule in [&accept::WITHOUT_REASON, &accept::UNUSED] {
        describe(rule, &mut page);
    }
    page
}

fn describe(rule: &Rule, page: &mut String) {
    let (id, severity) = (rule.id, rule.severity.name());
    writeln!(
        page,
        "\n### {id}\n\n{}: {}.\n\n{}\n\n**Mend:** {}",
        capital(severity),
        rule.title,
        rule.why,
        ended(rule.fix)
    )
    .unwrap();
    if rule.mend.is_some() {
        writeln!(page, "`mqsec doctor --fix` does what is safe of it.").unwrap();
    }
    writeln!(page, "\n**Known from:** {}", ended(rule.source)).unwrap();
    for (what, examples) in [("Fires", rule.fires), ("Stays quiet", rule.quiet)] {
        if !examples.is_empty() {
            let names: Vec<&str> = examples.iter().map(|example| example.name).collect();
            writeln!(page, "\n**{what}:** {}.", names.join("; ")).unwrap();
        }
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn ended(text: &str) -> String {
    if text.ends_with(['.', '…']) { text.to_owned() } else { format!("{text}.") }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

const HEAD: &str = "\
# Rules of doctor

What `mqsec doctor` looks for. Made from `src/checks/rules/` by `MQSEC_BLESS=1 tests/run docs`; the examples of each rule
are tests. One rule on the terminal: `mqsec explain ID`. To run some of them alone: `mqsec doctor --only ID|TOPIC`.

A finding that is meant is accepted with a reason: a comment on the line above it,

```text
# mqsec: accept RULE-ID reason
```

or a line in `.mqsec-accept`, with the file and line where only one place is meant:

```text
RULE-ID [PATH[:LINE]] reason
```
";
