//! The lines on their way to the reader, with the causes below them.

use serde_json::Value;
use serde_json::json;

use crate::logs::Count;
use crate::logs::Gravity;
use crate::logs::Reader;
use crate::logs::Told;
use crate::ui;
use crate::ui::Tone;
use crate::ui::Ui;
use crate::ui::paint;

/// Lines are gathered and written together, because a long log has many of them.
const ENOUGH: usize = 64 << 10;

pub(super) struct Output<'a> {
    ui: &'a Ui,
    /// What knows the causes, when they are asked for.
    reader: Option<Reader>,
    text: String,
    is_first: bool,
}

impl<'a> Output<'a> {
    pub(super) fn new(ui: &'a Ui, explain: bool, name: &str) -> Self {
        let text = match ui.json {
            true => format!("{{\n  \"schema\": \"mqsec/logs/1\",\n  \"file\": {},\n  \"lines\": [", Value::from(name)),
            false => String::new(),
        };
        Self { ui, reader: explain.then(Reader::default), text, is_first: true }
    }

    pub(super) fn explains(&self) -> bool {
        self.reader.is_some()
    }

    /// A line that is not shown, and may tell something about those that are.
    pub(super) fn skipped(&mut self, line: &str) {
        if let Some(reader) = &mut self.reader {
            reader.learn(line);
        }
    }

    pub(super) fn line(&mut self, line: &str) {
        let told = self.reader.as_mut().and_then(|reader| reader.read(line));
        match (self.ui.json, self.explains()) {
            (true, explains) => self.item(&if explains { as_json(line, told.as_ref()) } else { line.into() }),
            (false, _) => {
                match line.contains(is_command) {
                    true => self.text.push_str(&line.replace(is_command, "\u{fffd}")),
                    false => self.text.push_str(line),
                }
                self.text.push('\n');
                if let Some(told) = told {
                    self.text.push_str(&as_text(&told, self.ui));
                }
            }
        }
        if self.text.len() > ENOUGH {
            self.flush();
        }
    }

    fn item(&mut self, value: &Value) {
        self.text.push_str(if self.is_first { "\n    " } else { ",\n    " });
        self.text.push_str(&value.to_string());
        self.is_first = false;
    }

    /// Writes what is gathered.
    pub(super) fn flush(&mut self) {
        match self.ui.json {
            true => ui::raw(self.text.as_bytes()),
            false => self.ui.part(&self.text),
        }
        self.text.clear();
    }

    pub(super) fn end(mut self) {
        let counts = self.reader.as_ref().map(Reader::counts);
        if self.ui.json {
            self.text.push_str("\n  ]");
            if let Some(counts) = counts {
                let counts: Vec<Value> = counts
                    .iter()
                    .map(|one| json!({ "code": one.code, "count": one.count, "harmless": one.is_harmless() }))
                    .collect();
                self.text.push_str(&format!(",\n  \"summary\": {}", Value::from(counts)));
            }
            self.text.push_str("\n}\n");
        } else if let Some(counts) = counts {
            self.text.push_str(&summary(&counts));
        }
        self.flush();
    }
}

fn as_json(line: &str, told: Option<&Told>) -> Value {
    let Some(Told { cause, again, continues }) = told else { return json!({ "line": line }) };
    json!({
        "line": line,
        "code": cause.code,
        "meaning": cause.meaning,
        "hint": cause.hint,
        "harmless": cause.harmless,
        "again": again,
        "continues": continues,
    })
}

fn as_text(told: &Told, ui: &Ui) -> String {
    let cause = &told.cause;
    let code = paint(tone(cause.gravity), cause.code);
    if told.again {
        return format!("    ^ {code}\n");
    }
    let mut text = format!("    ^ {code}: {}\n", cause.meaning);
    if let Some(hint) = &cause.hint {
        text.push_str(&format!("      {}: {}\n", paint(Tone::Head, "hint"), ui.with_folder(hint)));
    }
    text
}

fn summary(counts: &[Count]) -> String {
    if counts.is_empty() {
        return "\nno line tells of a trouble that is known\n".to_owned();
    }
    let row = |one: &Count| {
        let harmless = if one.is_harmless() { "harmless" } else { "" };
        vec![one.count.to_string(), paint(tone(one.gravity), one.code), harmless.to_owned()]
    };
    let rows: Vec<Vec<String>> = counts.iter().map(row).collect();
    format!("\ncauses, the worst first:\n{}more: mqsec explain CODE\n", ui::columns(&rows))
}

fn tone(gravity: Gravity) -> Tone {
    match gravity {
        Gravity::Harmless => Tone::Good,
        Gravity::Warning => Tone::Warn,
        Gravity::Refused => Tone::Head,
        Gravity::Failed | Gravity::Open => Tone::Bad,
    }
}

/// Whether a terminal would obey it: a log may hold what a stranger sent.
fn is_command(letter: char) -> bool {
    letter.is_control() && letter != '\t'
}
