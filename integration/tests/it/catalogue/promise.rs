//! What is promised of a row, and what came of it.

use serde_json::Value;

use crate::harness::Reply;

/// What the first words of a description promise.
#[derive(Debug, PartialEq)]
pub(super) enum Promise {
    /// `stopped`: the call gets -32009 once it has run for too long, and the engine stays.
    Stopped,
    /// `limit`: the call gets -32009, and the engine stays.
    Limit,
    /// `timeout`: the call ends at its deadline.
    Timeout,
    /// `gives JSON`: it has this result.
    Gives(Value),
    /// `throws NAME`: the script catches it as an error of this name.
    Throws(String),
    /// `code N`: the call fails with this code.
    Code(i64),
    /// `answers`: whatever it is, the call gets it, and the engine stays. For what depends on the machine or on how much
    /// of the standard the engine has.
    Answers,
    /// `replaced`: nothing inside of the process can stop it. The call gets -32009 or a broken connection, and the node
    /// another engine.
    Replaced,
    /// `limit or replaced`: native work in steps. Whether it can be stopped between two of them depends on the machine.
    LimitOrReplaced,
}

impl Promise {
    pub(super) fn read(description: &str) -> Promise {
        let (word, rest) = description.split_once(' ').unwrap_or((description, ""));
        match (word, rest) {
            ("stopped", "") => Promise::Stopped,
            ("limit", "") => Promise::Limit,
            ("timeout", "") => Promise::Timeout,
            ("gives", json) => Promise::Gives(serde_json::from_str(json).expect("JSON")),
            ("throws", name) => Promise::Throws(name.to_owned()),
            ("code", code) => Promise::Code(code.parse().expect("a number")),
            ("answers", "") => Promise::Answers,
            ("replaced", "") => Promise::Replaced,
            ("limit", "or replaced") => Promise::LimitOrReplaced,
            _ => panic!("{description} promises nothing"),
        }
    }

    /// None: it may.
    pub(super) fn costs_the_engine(&self) -> Option<bool> {
        (*self != Promise::LimitOrReplaced).then_some(*self == Promise::Replaced)
    }

    pub(super) fn is_kept_by(&self, outcome: &Outcome) -> bool {
        match (self, outcome) {
            (Promise::Stopped, Outcome::Error { code: -32009, data }) => {
                data["what"] == "running time in ms" || is_memory(data)
            }
            (Promise::Limit | Promise::Replaced | Promise::LimitOrReplaced, Outcome::Error { code: -32009, .. }) => {
                true
            }
            (Promise::Replaced | Promise::LimitOrReplaced, Outcome::Broken) => true,
            (Promise::Timeout, Outcome::Error { code: -32001, .. }) => true,
            (Promise::Gives(value), Outcome::Result(result)) => value == result,
            (Promise::Throws(name), Outcome::Error { code: -32000, data }) => data["name"] == **name,
            (Promise::Code(promised), Outcome::Error { code, .. }) => promised == code,
            (Promise::Answers, outcome) => *outcome != Outcome::Broken,
            _ => false,
        }
    }
}

/// A loop that allocates may meet the limit of memory first.
fn is_memory(data: &Value) -> bool {
    data["what"] == "memory in bytes"
}

/// What came of a call.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    Result(Value),
    Error { code: i64, data: Value },
    Broken,
}

impl Outcome {
    pub(super) fn of(reply: Option<Reply>) -> Outcome {
        let Some(reply) = reply else { return Outcome::Broken };
        let Ok(mut reply) = serde_json::from_str::<Value>(&reply.body) else { return Outcome::Broken };
        match reply["error"].take() {
            Value::Null => Outcome::Result(reply["result"].take()),
            mut error => Outcome::Error { code: error["code"].as_i64().expect("a code"), data: error["data"].take() },
        }
    }
}
