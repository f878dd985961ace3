//! Text for people on a terminal, JSON for machines; an error is one line of either.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command prints"
)]

use core::time::Duration;
use std::io::{IsTerminal, stdout};

use cloudauth_proto::Error;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

/// Prints an error and what is behind it as one line of plain characters, or as one JSON object.
pub(crate) fn complain(error: &(dyn core::error::Error + 'static), json: bool) {
    let text = plain(&error.to_string());
    if !json {
        return eprintln!("error: {text}");
    }
    let of_call = error.downcast_ref::<Error>();
    let fault = match of_call {
        Some(Error::Service(fault)) => Some(fault),
        Some(_) | None => None,
    };
    let code = fault.and_then(|fault| fault.code.as_deref());
    let mismatch = fault.and_then(|fault| fault.mismatch.as_ref());
    let fields = [
        ("Error", json!(text)),
        ("Code", json!(code)),
        ("Mismatch", json!(mismatch.map(ToString::to_string))),
        ("RequestId", json!(of_call.and_then(Error::request_id))),
        (
            "MayHaveBeenCarriedOut",
            json!(of_call.is_some_and(Error::may_have_been_carried_out)),
        ),
    ];
    eprintln!("{}", object(&fields));
}

/// What a peer sent cannot move the cursor or begin a line.
pub(crate) fn plain(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(plain).collect()
}

/// Prints fields: a line each on a terminal, else one JSON object.
pub(crate) fn fields(fields: &[(&str, Value)], json: bool) {
    if json || !stdout().is_terminal() {
        println!("{}", object(fields));
        return;
    }
    let width = fields.iter().map(|(name, _)| name.len()).max();
    let width = width.unwrap_or(0);
    for (name, value) in fields {
        let mut name = *name;
        let rows = match value {
            Value::Array(rows) => rows.as_slice(),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => core::slice::from_ref(value),
        };
        for row in rows {
            println!("{name:width$}  {}", shown(row));
            name = "";
        }
    }
}

/// Prints several records: their fields with an empty line between on a terminal, else one JSON
/// list.
pub(crate) fn records(records: &[Vec<(&str, Value)>], json: bool) {
    if json || !stdout().is_terminal() {
        let list = records.iter().map(|record| object(record)).collect();
        println!("{}", Value::Array(list));
        return;
    }
    for (i, record) in records.iter().enumerate() {
        if i > 0 {
            println!();
        }
        fields(record, false);
    }
}

fn object(fields: &[(&str, Value)]) -> Value {
    let fields = fields.iter();
    let object: Map<String, Value> = fields
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    Value::Object(object)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => plain(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Prints long texts under their names on a terminal, else one JSON object.
pub(crate) fn blocks(blocks: &[(&str, String)], json: bool) {
    if json || !stdout().is_terminal() {
        let values = blocks
            .iter()
            .map(|(name, text)| (*name, Value::from(text.as_str())));
        return fields(&values.collect::<Vec<_>>(), true);
    }
    for (name, text) in blocks {
        println!("--- {name}");
        text.lines().for_each(|line| println!("{}", plain(line)));
    }
}

/// Prints a line.
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// Prints rows: a table on a terminal, else a JSON array of objects.
pub(crate) fn rows(head: &[&str], rows: &[Vec<String>], json: bool) {
    if !json && stdout().is_terminal() {
        return table(head, rows);
    }
    let object = |row: &Vec<String>| {
        let fields = head.iter().zip(row);
        let fields = fields.map(|(name, value)| ((*name).to_owned(), value.as_str().into()));
        Value::Object(fields.collect())
    };
    println!("{}", Value::Array(rows.iter().map(object).collect()));
}

/// A bar on stderr, if that is a terminal.
pub(crate) fn progress(all: u64, of: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(all).with_message(of);
    let shape = "{bar:40} {pos} of {len} {msg}, {eta} left";
    match ProgressStyle::with_template(shape) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Something that turns on stderr, if that is a terminal.
pub(crate) fn spinner(waiting: &'static str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(waiting);
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

/// Prints a record as soon as it is there: its values in a row on a terminal, else a line of JSON.
pub(crate) fn event(fields: &[(&str, Value)], json: bool) {
    if json || !stdout().is_terminal() {
        println!("{}", object(fields));
    } else {
        let values: Vec<String> = fields.iter().map(|(_, value)| shown(value)).collect();
        println!("{}", values.join("  "));
    }
}

/// Prints rows under a head, in columns as wide as their widest entry.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let entries = rows.iter().map(|row| row[column].chars().count());
        entries.chain([head[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let print = |row: &[String]| {
        let cells = row.iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        println!("  {}", padded.join("  ").trim_end());
    };
    print(&head.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
    print(
        &widths
            .iter()
            .map(|&width| "-".repeat(width))
            .collect::<Vec<_>>(),
    );
    for row in rows {
        print(row);
    }
}
