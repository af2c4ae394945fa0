//! The log as JSON: one object a line, with the time, the level, where it comes from, the text, and what the record says
//! of a call in members of their own.

use std::io::{self, Write};

use ::log::kv::{Error, Key, Value, VisitSource};
use ::log::Record;
use serde_json::{json, Map};

/// Writes one record and the end of its line.
pub(super) fn write(out: &mut env_logger::fmt::Formatter, record: &Record<'_>) -> io::Result<()> {
    let time = out.timestamp_millis().to_string();
    writeln!(out, "{}", object(&time, record))
}

fn object(time: &str, record: &Record<'_>) -> serde_json::Value {
    let mut members = Members(Map::new());
    members.0.insert("time".into(), time.into());
    members.0.insert("level".into(), record.level().as_str().to_lowercase().into());
    members.0.insert("target".into(), record.target().into());
    members.0.insert("message".into(), record.args().to_string().into());
    // The visitor refuses nothing.
    let _ = record.key_values().visit(&mut members);
    serde_json::Value::Object(members.0)
}

struct Members(Map<String, serde_json::Value>);

impl<'kvs> VisitSource<'kvs> for Members {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        // A member of the record itself is never overwritten.
        self.0.entry(key.as_str()).or_insert_with(|| match (value.to_u64(), value.to_i64()) {
            (Some(number), _) => json!(number),
            (None, Some(number)) => json!(number),
            (None, None) => json!(value.to_string()),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ::log::Level;

    use super::*;

    #[test]
    fn a_record_is_one_object_whatever_its_text() {
        let fields: &[(&str, Value<'_>)] = &[
            ("method", "a\"b".into()),
            ("duration_us", 1500_u64.into()),
            ("code", (-32000_i64).into()),
            ("level", "x".into()),
        ];
        let args = format_args!("first\nsecond \u{1b}[31m");
        let record = Record::builder().args(args).level(Level::Warn).target("t").key_values(&fields).build();
        let text = object("2026-01-01T00:00:00.000Z", &record).to_string();
        assert!(!text.contains(['\n', '\u{1b}']), "{text}");
        let read: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let expected = json!({
            "time": "2026-01-01T00:00:00.000Z", "level": "warn", "target": "t", "message": "first\nsecond \u{1b}[31m",
            "method": "a\"b", "duration_us": 1500, "code": -32000
        });
        assert_eq!(read, expected);
    }
}
