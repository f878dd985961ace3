//! A JSON body as XML, the default of RPC 1.0.
//!
//! The error envelope is in the vendor's runtimes. The name of the root of a good response and that
//! every item of a list repeats the list's name are inferred: no response of this product in XML is
//! public.

use core::fmt::Write as _;

use serde_json::Value;

/// An XML document with this root.
pub(crate) fn document(root: &str, body: &Value) -> String {
    let mut text = String::from("<?xml version='1.0' encoding='UTF-8'?>");
    element(&mut text, root, body);
    text
}

fn element(text: &mut String, name: &str, value: &Value) {
    // Writing to a `String` cannot fail.
    match value {
        Value::Array(items) => {
            for item in items {
                element(text, name, item);
            }
        }
        Value::Object(members) => {
            let _ = write!(text, "<{name}>");
            for (name, member) in members {
                element(text, name, member);
            }
            let _ = write!(text, "</{name}>");
        }
        Value::Null => {
            let _ = write!(text, "<{name}/>");
        }
        Value::String(content) => {
            let _ = write!(text, "<{name}>");
            escape(text, content);
            let _ = write!(text, "</{name}>");
        }
        Value::Bool(_) | Value::Number(_) => {
            let _ = write!(text, "<{name}>{value}</{name}>");
        }
    }
}

/// Appends text; what XML 1.0 cannot hold becomes `?`.
fn escape(text: &mut String, content: &str) {
    for c in content.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => {
                text.push(c);
            }
            _ => text.push('?'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_body_becomes_nested_elements() {
        let body = json!({
            "Code": "200",
            "Items": [{"A": 1}, {"A": true}],
            "Text": "<a & b>\u{1}",
            "None": null,
        });
        let expected = "<?xml version='1.0' encoding='UTF-8'?><R><Code>200</Code>\
            <Items><A>1</A></Items><Items><A>true</A></Items><None/>\
            <Text>&lt;a &amp; b&gt;?</Text></R>";
        let text = document("R", &body);
        assert_eq!(text.len(), expected.len());
        for part in [
            "<Items><A>1</A></Items><Items><A>true</A></Items>",
            "<None/>",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(text.contains("&lt;a &amp; b&gt;?"));
    }
}
