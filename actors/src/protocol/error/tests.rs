use super::*;

fn json(error: &CallError) -> String {
    serde_json::to_string(error).expect("serialises")
}

#[test]
fn specification_errors_are_bare() {
    assert_eq!(json(&CallError::Parse), r#"{"code":-32700,"message":"Parse error"}"#);
    assert_eq!(json(&CallError::InvalidRequest), r#"{"code":-32600,"message":"Invalid Request"}"#);
    assert_eq!(json(&CallError::MethodNotFound), r#"{"code":-32601,"message":"Method not found"}"#);
}

#[test]
fn what_is_more_to_say_is_told_beside_what_is_told_anyway() {
    let plain = CallError::TooLarge { limit: 7 };
    let error = plain.clone().with("size", 9).with("what", "batch");
    let told: serde_json::Value = serde_json::from_str(&json(&error)).expect("JSON");
    assert_eq!(told["data"], serde_json::json!({"limit": 7, "size": 9, "what": "batch"}));
    assert_eq!((error.meaning(), error.message(), error.fault()), (plain.meaning(), plain.message(), plain.fault()));
    assert!(matches!(error.kind(), CallError::TooLarge { limit: 7 }));
    assert!(error.size() > plain.size());
    assert_eq!(error.to_string(), r#"-32006 Payload too large, size 9, what "batch""#);
    let unbounded = CallError::NoNode.with("method", "x".repeat(MAX_DETAIL));
    assert_eq!(json(&unbounded), r#"{"code":-32004,"message":"No node available"}"#);
    assert_eq!(CallError::Draining.with("a", 1).fault(), Some(Fault::Draining));
}

#[test]
fn a_deadline_says_whose_it_was_unless_the_peer_knows_better() {
    let data = |error: CallError| serde_json::to_value(&error).expect("JSON")["data"].clone();
    let mut scope = CallScope::root(Duration::from_secs(2));
    let remote = |text: &str, fault| {
        let object = JsonText::parse(text).expect("valid");
        CallError::Remote(Box::new(RemoteError { object, code: Code::TIMEOUT, fault }))
    };
    assert_eq!(json(&CallError::Timeout), BARE_TIMEOUT);
    let told = serde_json::json!({"timeoutMs": 2000, "by": "client"});
    assert_eq!(data(CallError::Timeout.of_call("m", &scope)), told);
    assert_eq!(data(remote(BARE_TIMEOUT, Some(Fault::Failed)).of_call("m", &scope)), told);
    assert!(data(remote(BARE_TIMEOUT, None).of_call("m", &scope)).is_null(), "a script's own");
    let known = r#"{"code":-32001,"message":"Timeout","data":{"by":"method"}}"#;
    assert_eq!(data(remote(known, Some(Fault::Failed)).of_call("m", &scope))["by"], "method");
    scope.allowed.by = DeadlineBy::Peer;
    assert!(data(CallError::Timeout.of_call("m", &scope)).is_null());
}

#[test]
fn who_found_nobody_is_told_what_was_looked_for() {
    let data = |error: CallError| serde_json::to_value(&error).expect("JSON")["data"].clone();
    let mut scope = CallScope::root(Duration::from_secs(2));
    assert_eq!(data(CallError::NoNode.of_call("m", &scope)), serde_json::json!({"method": "m"}));
    scope.tags.insert("zone".into(), "eu".into());
    let tagged = serde_json::json!({"method": "m", "tags": {"zone": "eu"}});
    assert_eq!(data(CallError::NoNode.of_call("m", &scope)), tagged);
    assert!(data(CallError::MethodNotFound.of_call("m", &scope)).is_null());
    let nested = data(CallError::MethodNotFound.of_call(&"é".repeat(9999), &scope.nested(None)));
    assert_eq!(nested["method"].as_str().map(|name| name.chars().count()), Some(MAX_NAME));
}

#[test]
fn detail_stays_out_of_the_reply() {
    let error = CallError::internal("secret path");
    assert!(!json(&error).contains("secret"));
    assert!(error.to_string().contains("secret"));
}

#[test]
fn a_remote_error_keeps_its_bytes_and_its_fault() {
    let object = JsonText::parse(r#"{"message":"m", "code":-32003,"data":1.0}"#).expect("valid");
    let remote = |fault| CallError::Remote(Box::new(RemoteError { object: object.clone(), code: Code(-32003), fault }));
    assert_eq!(json(&remote(None)), object.as_str());
    // A script that throws -32003 itself must not make the orchestrator run it again elsewhere.
    assert_eq!(remote(None).meaning().retry, Retry::Never);
    assert_eq!(remote(Some(Fault::Refused)).meaning().retry, Retry::Always);
    assert_eq!(remote(Some(Fault::Refused)).fault(), None);
}

#[test]
fn of_an_object_that_is_too_long_code_and_message_stay() {
    let data = "x".repeat(MAX_ERROR);
    let long = format!(r#"{{"code":7,"message":"no","data":"{data}"}}"#);
    let remote = RemoteError::read(&long, Some(Fault::Failed)).expect("an error");
    assert_eq!((remote.code, remote.fault), (Code(7), Some(Fault::Failed)));
    let object: serde_json::Value = serde_json::from_str(remote.object.as_str()).expect("JSON");
    assert_eq!((&object["code"], &object["message"]), (&7.into(), &"no".into()));
    assert_eq!(object["data"]["omitted"]["data"], format!("it is longer than {MAX_ERROR} bytes"));
    let message = format!(r#"{{"code":1.5,"message":"{}"}}"#, "é".repeat(MAX_ERROR));
    let remote = RemoteError::read(&message, None).expect("an error");
    assert_eq!(remote.code, Code::INTERNAL);
    assert!(remote.object.len() < 2 * KEPT_MESSAGE + 200, "{}", remote.object.len());
    let size = CallError::Remote(Box::new(remote.clone())).size();
    assert!(size >= remote.object.len());
}

#[test]
fn retry_and_breaker_follow_the_table() {
    let row = |error: CallError| (error.meaning().retry, error.meaning().breaker_counts, error.fault());
    assert_eq!(row(CallError::Overloaded), (Retry::Always, false, Some(Fault::Refused)));
    assert_eq!(row(CallError::Draining), (Retry::Always, false, Some(Fault::Draining)));
    assert_eq!(row(CallError::Unreachable { sent: true }), (Retry::IfIdempotent, true, Some(Fault::Failed)));
    assert_eq!(row(CallError::Unreachable { sent: false }), (Retry::Always, true, Some(Fault::Refused)));
    assert_eq!(row(CallError::Timeout), (Retry::Never, true, Some(Fault::Failed)));
    assert_eq!(row(CallError::MethodNotFound), (Retry::Never, false, None));
    assert_eq!(row(CallError::EngineFailed { method: "f".into() }), (Retry::Never, false, None));
    assert_eq!(row(CallError::internal("lost")), (Retry::Never, true, Some(Fault::Failed)));
}
