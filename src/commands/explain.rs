//! `mqsec explain`: what an error code, a rule of doctor or an option of mosquitto.conf means.

mod option;
mod rule;

use std::io::IsTerminal;

use serde_json::Value;
use serde_json::json;

use crate::checks::Rule;
use crate::checks::rules;
use crate::conf::keyword;
use crate::conf::keyword::KEYWORDS;
use crate::conf::keyword::Keyword;
use crate::context::Context;
use crate::error::Failure;
use crate::error::Plain;
use crate::pages;
use crate::pages::Page;
use crate::ui::Report;
use crate::ui::Tone;
use crate::ui::paint;

/// Tell what an error code, a rule or an option of mosquitto.conf means; without one, list the codes
///
/// The whole line of an error or of a finding can be given in quotes; the code is found in it.
#[derive(clap::Args)]
pub struct Args {
    #[arg(value_name = "CODE")]
    code: Vec<String>,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<u8, Failure> {
    let width = std::io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
    let width = width.map(|(width, _)| usize::from(width.0));
    if args.code.is_empty() {
        return Ok(context.ui.report(&List { width }));
    }
    let asked = args.code.join(" ");
    match find(&asked) {
        Some(Found::Page(page)) => {
            let text = context.ui.with_folder(page.text);
            let folder = (text != page.text).then(|| context.workspace.root().display().to_string());
            Ok(context.ui.report(&Explained { page, width, text, folder }))
        }
        Some(Found::Rule(rule)) => Ok(context.ui.report(&rule::Described { rule, width })),
        Some(Found::Option(keyword)) => Ok(context.ui.report(&option::Described { keyword, width })),
        None => Err(unknown(asked.trim()).into()),
    }
}

enum Found {
    Page(Page),
    Rule(&'static Rule),
    Option(&'static Keyword),
}

/// A code before all; then a rule, then an option, whose line may be given whole.
fn find(asked: &str) -> Option<Found> {
    let rule = |word: &str| rules::all().find(|rule| rule.id == word);
    let is_inside = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let option = || {
        let first = asked.trim().split(' ').next()?;
        KEYWORDS.iter().find(|known| known.name == first).or_else(|| keyword::keyword(first))
    };
    pages::asked_for(asked)
        .map(Found::Page)
        .or_else(|| asked.split(|letter| !is_inside(letter)).find_map(rule).map(Found::Rule))
        .or_else(|| option().map(Found::Option))
}

fn unknown(asked: &str) -> Plain {
    let code = asked.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or(asked, |(code, _)| code);
    let mut error = Plain::new("code-unknown", format!("there is no error code, rule or option `{}`", cut(code, 60)));
    let related: Vec<&str> = names().filter(|known| known.contains(code)).collect();
    if code.len() > 2 && !related.is_empty() {
        error = error.detail(format!("names with that word: {}", related.join(", ")));
    }
    if let Some(nearest) = nearest(code) {
        error = error.hint(format!("the nearest one: mqsec explain {nearest}"));
    }
    error.hint("list the codes: mqsec explain")
}

/// All that can be explained.
fn names() -> impl Iterator<Item = &'static str> {
    pages::all()
        .map(|page| page.code)
        .chain(rules::all().map(|rule| rule.id))
        .chain(KEYWORDS.iter().map(|keyword| keyword.name))
}

/// The name that is spelt most like this one, when one is.
fn nearest(code: &str) -> Option<&'static str> {
    // nobody misspells a whole page
    let code: String = code.chars().take(80).collect();
    let distance = |name: &&str| strsim::osa_distance(name, &code);
    let nearest = names().min_by_key(distance)?;
    (distance(&nearest) <= (code.chars().count() / 4).max(2)).then_some(nearest)
}

/// Every code with its meaning, a line each.
struct List {
    /// Of the terminal, if there is one.
    width: Option<usize>,
}

impl Report for List {
    fn text(&self, _fancy: bool) -> String {
        let lines = pages::all().map(|page| format!("{:<24}  {}", page.code, page.summary()));
        lines.map(|line| cut(&line, self.width.unwrap_or(usize::MAX)) + "\n").collect()
    }

    fn json(&self) -> Value {
        let codes: Vec<_> = pages::all().map(|page| json!({ "code": page.code, "summary": page.summary() })).collect();
        json!({ "schema": "mqsec/explain/1", "codes": codes })
    }
}

struct Explained {
    page: Page,
    width: Option<usize>,
    /// The page, with commands for the reader's folder.
    text: String,
    /// The reader's folder, when it is not the current one.
    folder: Option<String>,
}

impl Report for Explained {
    fn text(&self, _fancy: bool) -> String {
        let mut text = format!("{}\n", paint(Tone::Head, self.page.code));
        for paragraph in self.text.split("\n\n") {
            let paragraph = match self.width {
                Some(width) if !paragraph.starts_with(' ') => wrap(paragraph, width.clamp(20, WIDEST)),
                _ => paragraph.to_owned(),
            };
            let label = LABELS.iter().find_map(|label| Some((label, paragraph.strip_prefix(label)?)));
            text.push('\n');
            text.push_str(&match label {
                Some((label, rest)) => format!("{}{rest}", paint(Tone::Head, label)),
                None => paragraph,
            });
            text.push('\n');
        }
        let examples = EXAMPLES.iter().filter(|(name, _)| self.text.contains(name));
        let examples: Vec<String> = examples.map(|(name, what)| format!("`{name}` for {what}")).collect();
        if !examples.is_empty() {
            let line = examples.join(", ").replacen(" for ", " stands for ", 1);
            text.push_str(&format!("\n{}.\n", wrap(&line, self.width.unwrap_or(WIDEST).clamp(20, WIDEST))));
        }
        if let Some(folder) = &self.folder {
            text.push_str(&format!("\nPaths are below `{folder}`.\n"));
        }
        text
    }

    fn json(&self) -> Value {
        json!({
            "schema": "mqsec/explain/1",
            "code": self.page.code,
            "summary": self.page.summary(),
            "text": self.page.text,
        })
    }
}

const LABELS: [&str; 3] = ["Arises:", "See:", "Mend:"];

/// As wide as the source of the pages.
const WIDEST: usize = 100;

/// The names that the commands of the pages have, and what the reader has in their place.
const EXAMPLES: [(&str, &str); 3] =
    [("anderson", "your client or user"), ("mqtt.example.com", "your broker"), ("192.168.0.10", "its address")];

fn cut(line: &str, width: usize) -> String {
    match line.char_indices().nth(width) {
        None => line.to_owned(),
        Some(_) => line.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// A paragraph in lines of at most `width` characters.
fn wrap(paragraph: &str, width: usize) -> String {
    let (mut text, mut column) = (String::new(), 0);
    for word in paragraph.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_rules_and_options_are_found_and_the_nearest_of_all_is_offered() {
        assert!(matches!(find("error[ca-exists]: it is there"), Some(Found::Page(page)) if page.code == "ca-exists"));
        assert!(matches!(find("require_certificate"), Some(Found::Option(one)) if one.name == "require_certificate"));
        assert!(matches!(find(" listener 8883 ::1"), Some(Found::Option(one)) if one.name == "listener"));
        assert!(matches!(find("plugin_opt_config_file x"), Some(Found::Option(one)) if one.name == "plugin_opt_*"));
        assert!(matches!(find("plugin_opt_*"), Some(Found::Option(one)) if one.name == "plugin_opt_*"));
        // some codes of `verify` are rules of `doctor`, too: the page tells more
        for rule in rules::all() {
            match find(rule.id) {
                Some(Found::Rule(found)) => assert_eq!(found.id, rule.id),
                Some(Found::Page(page)) => assert_eq!(page.code, rule.id),
                _ => panic!("{} cannot be explained", rule.id),
            }
        }
        assert!(find("nothing of the kind").is_none() && find("").is_none());
        assert_eq!(nearest("require_certifikate"), Some("require_certificate"));
        assert_eq!(nearest("ca-exsits"), Some("ca-exists"));
        assert_eq!(nearest("tls_client_expired"), Some("tls-client-expired"));
        assert_eq!((nearest("quite-something-else"), nearest("")), (None, None));
        assert_eq!(nearest(&"x".repeat(1_000_000)), None);
    }

    #[test]
    fn every_option_has_a_page_that_fits() {
        for keyword in KEYWORDS {
            let text = option::Described { keyword, width: Some(60) }.text(false);
            for line in text.lines().filter(|line| !line.starts_with("    mqsec")) {
                let plain = anstream::adapter::strip_str(line).to_string();
                let unbreakable = plain.split_whitespace().any(|word| word.len() > 40);
                assert!(plain.chars().count() <= 60 || unbreakable, "{}: {plain}", keyword.name);
            }
        }
    }

    #[test]
    fn lines_fit_the_terminal() {
        assert_eq!(wrap("one two\nthree four", 9), "one two\nthree\nfour");
        assert_eq!(wrap("unbreakable x", 4), "unbreakable\nx");
        assert_eq!((cut("äbc", 3), cut("äbc", 2)), ("äbc".to_owned(), "ä…".to_owned()));
        let text = List { width: Some(60) }.text(false);
        assert!(text.lines().all(|line| line.chars().count() <= 60) && text.lines().any(|line| line.ends_with('…')));
        let page = pages::find("tls-client-expired").unwrap();
        let text = Explained { page, width: Some(40), text: page.text.to_owned(), folder: None }.text(false);
        let prose = text.lines().filter(|line| !line.starts_with(' '));
        assert!(
            prose.clone().count() > 10
                && prose.map(anstream::adapter::strip_str).all(|line| line.to_string().len() <= 40)
        );
    }
}
