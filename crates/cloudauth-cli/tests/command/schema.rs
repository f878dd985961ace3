//! `schema.json`, which every output must match.

use boon::{Compiler, Schemas};
use serde_json::Value;

const SCHEMA: &str = include_str!("../../schema.json");

/// The definition for the output of a command line.
pub(crate) fn of(args: &[String]) -> String {
    match args {
        [sim, command, ..] if sim == "sim" => format!("sim {command}"),
        [command, ..] => command.clone(),
        [] => String::new(),
    }
}

/// Checks a value against a definition.
#[track_caller]
pub(crate) fn check(definition: &str, value: &Value) {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    assert!(
        schema["$defs"].get(definition).is_some(),
        "no schema for {definition}"
    );
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    let url = "http://localhost/schema.json";
    compiler.add_resource(url, schema).unwrap();
    let location = format!("{url}#/$defs/{}", definition.replace(' ', "%20"));
    let definition_index = compiler.compile(&location, &mut schemas).unwrap();
    if let Err(error) = schemas.validate(value, definition_index) {
        panic!("{definition}: {error:#}\n{value:#}");
    }
}

#[test]
#[should_panic(expected = "additionalProperties")]
fn an_output_with_a_key_that_is_not_in_the_schema_is_found() {
    let value = serde_json::json!({
        "source": "env", "access_key_id": "x", "expires": null, "skipped_sources": [], "more": 1,
    });
    check("whoami", &value);
}
