//! Lays out JSON text anew. Only the space between tokens changes: numbers, strings and key order stay as they came.

/// Well-formed JSON `text`, one member or element a line, indented by two spaces a level.
pub(super) fn pretty(text: &[u8]) -> Vec<u8> {
    lay_out(text, true)
}

/// Well-formed JSON `text` without a space or line break between tokens.
pub(super) fn compact(text: &[u8]) -> Vec<u8> {
    lay_out(text, false)
}

fn lay_out(text: &[u8], indent: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 4);
    let mut depth = 0usize;
    let new_line = |out: &mut Vec<u8>, depth: usize| {
        if indent {
            out.push(b'\n');
            out.resize(out.len() + 2 * depth, b' ');
        }
    };
    // A bracket is followed by a new line only once it turns out not to be empty.
    let mut opened = false;
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            continue;
        }
        let closes = matches!(byte, b']' | b'}');
        if closes {
            depth = depth.saturating_sub(1);
        }
        if opened != closes {
            new_line(&mut out, depth);
        }
        opened = false;
        out.push(byte);
        match byte {
            b'[' | b'{' => {
                depth += 1;
                opened = true;
            }
            b',' => new_line(&mut out, depth),
            b':' if indent => out.push(b' '),
            b'"' => copy_string(&mut bytes, &mut out),
            _ => {}
        }
    }
    out
}

/// Copies up to and with the closing quote.
fn copy_string(bytes: &mut impl Iterator<Item = u8>, out: &mut Vec<u8>) {
    let mut escaped = false;
    for byte in bytes {
        out.push(byte);
        match byte {
            b'"' if !escaped => return,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn pretty_text(text: &str) -> String {
        String::from_utf8(pretty(text.as_bytes())).expect("UTF-8")
    }

    #[test]
    fn nesting_is_indented_and_empty_brackets_are_not() {
        assert_eq!(
            pretty_text(r#"{"a":[1,{"b":null}],"c":{ },"d":[],"e":"x"}"#),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": {},\n  \"d\": [],\n  \"e\": \"x\"\n}"
        );
        assert_eq!(pretty_text(" 1e400 "), "1e400");
    }

    #[test]
    fn tokens_keep_their_text() {
        let text = r#"[9007199254740993,1.0,-0,1e2,"a\\\" : [ ,\\"," \u00e9é"]"#;
        assert_eq!(compact(&pretty(text.as_bytes())), text.as_bytes());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[ -~\\n\"\\\\é]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 60, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec(("[a-z\"\\\\ ]{0,4}", inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn layouts_convert_into_each_other(value in any_json()) {
            let (tight, wide) = (value.to_string(), serde_json::to_string_pretty(&value).expect("serialises"));
            prop_assert_eq!(&pretty_text(&tight), &wide);
            prop_assert_eq!(compact(wide.as_bytes()), tight.as_bytes());
        }
    }
}
