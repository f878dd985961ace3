//! The parameters of an operation: JSON, checked against the operation's table.

use core::cell::RefCell;
use std::collections::BTreeMap;

use cloudauth_proto::operation::{FieldKind, Listed, OperationMetadata};
use serde_json::{Map, Value};

use crate::error::{CommandError, usage};
use crate::operation::{closest, is_name};

/// Parameters by name, in their form on the wire.
pub(crate) struct Parameters {
    listed: &'static OperationMetadata,
    texts: BTreeMap<&'static str, String>,
    /// What is wrong with the JSON: the name of a field, and the problem.
    problems: Vec<(String, String)>,
}

impl Parameters {
    /// Reads the values of an object. What is wrong is reported by [`build`](Self::build).
    pub(crate) fn new(listed: &'static OperationMetadata, object: Map<String, Value>) -> Self {
        let (mut texts, mut problems) = (BTreeMap::new(), Vec::new());
        for (name, value) in object {
            let field = listed.fields.iter().find(|field| field.name == name);
            let Some(field) = field else {
                problems.push(unknown(&name, listed));
                continue;
            };
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Bool(boolean) => boolean.to_string(),
                list @ (Value::Array(_) | Value::Object(_)) if field.kind == FieldKind::Json => {
                    list.to_string()
                }
                Value::Array(_) | Value::Object(_) => {
                    let problem = "must be a string, a number or a boolean";
                    problems.push((name, problem.to_owned()));
                    continue;
                }
            };
            texts.insert(field.name, text);
        }
        Self {
            listed,
            texts,
            problems,
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    pub(crate) fn set(&mut self, name: &'static str, text: String) {
        self.texts.insert(name, text);
    }

    /// The names of the parameters that are set.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.texts.keys().copied()
    }

    /// The operation, or everything that is wrong with its parameters. `files` are the fields that are
    /// set by an upload.
    pub(crate) fn build<O: Listed>(&self, files: &[&'static str]) -> Result<O, CommandError> {
        let mut problems = self.problems.clone();
        let texts = RefCell::new(self.texts.clone());
        let built = O::from_texts(|field| texts.borrow_mut().remove(field.name));
        let found = match &built {
            Ok(operation) => operation.check(),
            Err(fields) => fields.clone(),
        };
        for field in found {
            problems.push((field.field.to_owned(), field.problem.into_owned()));
        }
        if built.is_err() {
            self.check_each(&mut problems);
        }
        let is_reported =
            |name: &str, list: &[(String, String)]| list.iter().any(|it| it.0 == name);
        for name in files {
            if self.texts.contains_key(name) && !is_reported(name, &problems) {
                problems.push(((*name).to_owned(), "is a parameter and a file".to_owned()));
            } else {
                problems.retain(|(field, problem)| field != name || problem != "is missing");
            }
        }
        match built {
            Ok(operation) if problems.is_empty() => Ok(operation),
            Ok(_) | Err(_) => Err(self.invalid(&problems)),
        }
    }

    /// The checks of single fields that an operation which could not be built has not had.
    fn check_each(&self, problems: &mut Vec<(String, String)>) {
        for field in self.listed.fields {
            if problems.iter().any(|(name, _)| name == field.name) {
                continue;
            }
            let text = self.get(field.name).unwrap_or_default();
            if field.required && text.is_empty() {
                problems.push((field.name.to_owned(), "is missing".to_owned()));
            }
            if let Some(max) = field.max
                && text.chars().count() > max
            {
                let problem = format!("is longer than {max} characters");
                problems.push((field.name.to_owned(), problem));
            }
        }
    }

    fn invalid(&self, problems: &[(String, String)]) -> CommandError {
        let problems: Vec<String> = problems
            .iter()
            .map(|(name, it)| format!("{name} {it}"))
            .collect();
        let action = &self.listed.action;
        usage(format!("{action} was not sent: {}", problems.join("; ")))
    }
}

/// A name that is no field's. It is shown if it looks like one.
fn unknown(name: &str, listed: &OperationMetadata) -> (String, String) {
    let shown = if is_name(name) { name } else { "a parameter" };
    let problem = match closest(name, listed.fields.iter().map(|field| field.name)) {
        Some(field) => format!("is unknown, did you mean {field}?"),
        None => "is unknown".to_owned(),
    };
    (shown.to_owned(), problem)
}
