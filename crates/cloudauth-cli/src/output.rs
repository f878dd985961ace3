//! Output: lines and tables on a terminal, JSON elsewhere or with `--json`.
//!
//! Keys that this command defines are in `snake_case`. Parameters and values of a reply keep the
//! names that they have on the wire, such as `CertifyId`.
#![expect(clippy::print_stdout, reason = "a command prints")]

use core::time::Duration;
use std::io::{IsTerminal, stdout};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value};

/// A key and its value.
pub(crate) type OutputField = (&'static str, Value);

#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct OutputArgs {
    /// Print results and errors as JSON; results are JSON anyway if stdout is not a terminal
    #[arg(long)]
    pub(crate) json: bool,
}

impl OutputArgs {
    pub(crate) fn is_json(self) -> bool {
        self.json || !stdout().is_terminal()
    }
}

/// Replaces control characters by spaces, so that strings of a peer cannot move the cursor or start
/// a new line.
pub(crate) fn one_line(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).collect()
}

/// Prints a line.
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// Prints fields, one per line, or one JSON object.
pub(crate) fn fields(fields: &[OutputField], output: OutputArgs) {
    if output.is_json() {
        println!("{}", object(fields));
    } else {
        print_fields(fields);
    }
}

/// Prints records with an empty line between them, or one JSON array of objects.
pub(crate) fn records(records: &[Vec<OutputField>], output: OutputArgs) {
    if output.is_json() {
        let objects = records.iter().map(|record| object(record)).collect();
        println!("{}", Value::Array(objects));
        return;
    }
    for (i, record) in records.iter().enumerate() {
        if i > 0 {
            println!();
        }
        print_fields(record);
    }
}

/// Prints a record of a stream: its values on one line, or one line of JSON.
pub(crate) fn event(fields: &[OutputField], output: OutputArgs) {
    if output.is_json() {
        println!("{}", object(fields));
    } else {
        let values: Vec<String> = fields.iter().map(|(_, value)| shown(value)).collect();
        println!("{}", values.join("  "));
    }
}

/// Prints multi-line strings under their keys, or one JSON object.
pub(crate) fn blocks(blocks: &[(&'static str, String)], output: OutputArgs) {
    if output.is_json() {
        let fields = blocks.iter();
        let fields = fields.map(|(key, text)| (*key, Value::from(text.as_str())));
        println!("{}", object(&fields.collect::<Vec<_>>()));
        return;
    }
    for (key, text) in blocks {
        println!("--- {}", key.replace('_', " "));
        text.lines().for_each(|line| println!("{}", one_line(line)));
    }
}

/// Prints a table with these keys as its headings, or one JSON array of objects. A null is an empty cell
/// of the table.
pub(crate) fn rows(keys: &[&'static str], rows: &[Vec<Value>], output: OutputArgs) {
    if !output.is_json() {
        let cell = |value: &Value| {
            if value.is_null() {
                String::new()
            } else {
                shown(value)
            }
        };
        let cells = rows.iter().map(|row| row.iter().map(cell).collect());
        return table(keys, &cells.collect::<Vec<_>>());
    }
    let object = |row: &Vec<Value>| {
        let fields = keys.iter().copied().zip(row.iter().cloned());
        object(&fields.collect::<Vec<_>>())
    };
    println!("{}", Value::Array(rows.iter().map(object).collect()));
}

/// Prints rows under headings, in columns as wide as their widest cell.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([headings[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let print = |row: &[String]| {
        let cells = row.iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        println!("  {}", padded.join("  ").trim_end());
    };
    let headings: Vec<String> = headings.iter().map(ToString::to_string).collect();
    let rules: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
    print(&headings);
    print(&rules);
    for row in rows {
        print(row);
    }
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

/// Prints an array as one line per element, with the key on the first one.
fn print_fields(fields: &[OutputField]) {
    let width = fields.iter().map(|(key, _)| key.len()).max();
    let width = width.unwrap_or(0);
    for (key, value) in fields {
        let mut key = *key;
        let lines = match value {
            Value::Array(elements) => elements.as_slice(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => core::slice::from_ref(value),
        };
        for line in lines {
            println!("{key:width$}  {}", shown(line));
            key = "";
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => one_line(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
