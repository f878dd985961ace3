//! Output: lines and tables on a terminal, JSON elsewhere or with `--json`.
//!
//! Keys that this command defines are in `snake_case`. Parameters and values of a reply keep the
//! names that they have on the wire, such as `CertifyId`. `schema.json` beside the manifest describes
//! every output.

mod plain;
mod table;

use core::cell::RefCell;
use core::fmt::Write as _;
use core::time::Duration;
use std::io::{self, IsTerminal, Write as _, stderr, stdout};
use std::rc::Rc;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value};

use crate::exit::Exit;

pub(crate) use self::plain::{json_text, one_line};

/// A key and its value.
pub(crate) type OutputField = (&'static str, Value);

#[derive(Clone, Copy, Debug, Default, clap::Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Print results and errors as JSON; results are JSON anyway if stdout is not a terminal
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Show the service's own message of a refusal, if stderr is a terminal: it can quote what was sent,
    /// names and ID numbers included
    #[arg(long, global = true)]
    pub(crate) show_message: bool,
}

/// Writes to stdout until that fails, and remembers the failure: what a command has done is done,
/// whether or not anybody reads of it.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    args: OutputArgs,
    is_json: bool,
    failure: Rc<RefCell<Option<io::Error>>>,
}

impl Output {
    pub(crate) fn new(args: OutputArgs) -> Self {
        Self {
            args,
            is_json: args.json || !stdout().is_terminal(),
            failure: Rc::default(),
        }
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.is_json
    }

    /// Whether errors are JSON.
    pub(crate) fn prints_json_errors(&self) -> bool {
        self.args.json
    }

    /// Whether the service's own message may be shown.
    pub(crate) fn shows_message(&self) -> bool {
        self.args.show_message && stderr().is_terminal()
    }

    /// Whether something could not be written.
    pub(crate) fn has_failed(&self) -> bool {
        self.failure.borrow().is_some()
    }

    /// The exit status of a command that ended with `exit`. A reader that has gone needs no error; a
    /// full disk is one.
    pub(crate) fn finish(&self, exit: Exit) -> Exit {
        match &*self.failure.borrow() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                to_stderr(&format!("error: cannot write to stdout: {error}"));
                if exit == Exit::Success {
                    Exit::Failed
                } else {
                    exit
                }
            }
            Some(_) | None => exit,
        }
    }

    /// Writes text as it is: a script, a completion.
    pub(crate) fn text(&self, text: &str) {
        let mut failure = self.failure.borrow_mut();
        if failure.is_none() {
            let mut out = stdout().lock();
            let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            *failure = written.err();
        }
    }

    /// Prints a line of ours, or lines.
    pub(crate) fn line(&self, text: &str) {
        self.text(&format!("{text}\n"));
    }

    fn json(&self, value: &Value) {
        self.line(&json_text(value));
    }

    /// Prints fields, one per line, or one JSON object.
    pub(crate) fn fields(&self, fields: &[OutputField]) {
        if self.is_json {
            self.json(&object(fields));
        } else {
            self.text(&field_lines(fields));
        }
    }

    /// Prints records with an empty line between them, or one JSON array of objects.
    pub(crate) fn records(&self, records: &[Vec<OutputField>]) {
        if self.is_json {
            return self.json(&records.iter().map(|record| object(record)).collect());
        }
        let records: Vec<String> = records.iter().map(|record| field_lines(record)).collect();
        self.text(&records.join("\n"));
    }

    /// Prints a record of a stream: its values on one line, or one line of JSON.
    pub(crate) fn event(&self, fields: &[OutputField]) {
        if self.is_json {
            return self.json(&object(fields));
        }
        let values: Vec<String> = fields.iter().map(|(_, value)| shown(value)).collect();
        self.line(&values.join("  "));
    }

    /// Prints multi-line strings under their keys, or one JSON object.
    pub(crate) fn blocks(&self, blocks: &[(&'static str, String)]) {
        if self.is_json {
            let fields = blocks.iter();
            let fields = fields.map(|(key, text)| (*key, Value::from(text.as_str())));
            return self.json(&object(&fields.collect::<Vec<_>>()));
        }
        let mut text = String::new();
        for (key, block) in blocks {
            let _ = writeln!(text, "--- {}", key.replace('_', " "));
            for line in block.lines() {
                let _ = writeln!(text, "{}", one_line(line));
            }
        }
        self.text(&text);
    }

    /// Prints a table with these keys as its headings, or one JSON array of objects. A null is an empty
    /// cell of the table.
    pub(crate) fn rows(&self, keys: &[&'static str], rows: &[Vec<Value>]) {
        if !self.is_json {
            let cell = |value: &Value| {
                if value.is_null() {
                    String::new()
                } else {
                    shown(value)
                }
            };
            let cells = rows.iter().map(|row| row.iter().map(cell).collect());
            return self.table(keys, &cells.collect::<Vec<_>>());
        }
        let object = |row: &Vec<Value>| {
            let fields = keys.iter().copied().zip(row.iter().cloned());
            object(&fields.collect::<Vec<_>>())
        };
        self.json(&rows.iter().map(object).collect());
    }

    /// Prints rows under headings, in columns as wide as their widest cell.
    pub(crate) fn table(&self, headings: &[&str], rows: &[Vec<String>]) {
        self.text(&table::aligned(headings, rows));
    }
}

/// Prints a line to stderr, if that can be written.
pub(crate) fn to_stderr(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}

/// A JSON object with these fields, in this order.
pub(crate) fn object(fields: &[OutputField]) -> Value {
    let fields = fields.iter();
    let object: Map<String, Value> = fields
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect();
    Value::Object(object)
}

/// A progress bar on stderr; hidden if that is not a terminal.
pub(crate) fn progress_bar(total: u64, unit: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(unit);
    let template = "{bar:40} {pos} of {len} {msg}, {eta} left";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A spinner on stderr; hidden if that is not a terminal.
pub(crate) fn spinner(message: &'static str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(message);
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

/// One line per field. An array is one line per element, with the key on the first one; an object is
/// indented JSON below its key.
fn field_lines(fields: &[OutputField]) -> String {
    let width = fields.iter().map(|(key, _)| key.len()).max();
    let width = width.unwrap_or(0);
    let mut text = String::new();
    for (key, value) in fields {
        let mut key = *key;
        let lines: Vec<String> = match value {
            Value::Array(elements) => elements.iter().map(shown).collect(),
            Value::Object(_) => plain::indented(value),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                vec![shown(value)]
            }
        };
        for line in lines {
            let _ = writeln!(text, "{key:width$}  {line}");
            key = "";
        }
    }
    text
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => one_line(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => json_text(value),
    }
}
