use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn secret(text: &str) -> Secret {
    text.parse().expect("a secret")
}

fn register(json: &str) -> Register {
    serde_json::from_str(json).expect("params")
}

fn code(result: Result<impl Sized, CallError>) -> Option<i64> {
    result.err().map(|error| error.code().0)
}

#[test]
fn the_token_opens_to_anyone_and_without_it_nobody_comes_in() {
    let far = ip("203.0.113.7");
    let token = secret("secret");
    assert_eq!(code(authorise(Some(&token), Some(&token), far)), None);
    for wrong in [None, Some("secre"), Some("secreT"), Some("secret1")] {
        let presented = wrong.map(secret);
        assert_eq!(code(authorise(Some(&token), presented.as_ref(), ip("127.0.0.1"))), Some(-32008), "{wrong:?}");
    }
}

#[test]
fn without_a_token_only_private_networks_join() {
    for near in ["127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "::1", "fd00::1", "::ffff:10.0.0.1"]
    {
        assert_eq!(code(authorise(None, None, ip(near))), None, "{near}");
    }
    for far in ["8.8.8.8", "172.32.0.1", "169.254.169.254", "0.0.0.0", "fe80::1", "2001:db8::1", "::ffff:8.8.8.8"] {
        assert_eq!(code(authorise(None, Some(&secret("x")), ip(far))), Some(-32007), "{far}");
    }
}

#[test]
fn addresses_that_may_not_join() {
    let of = |url: &str, has_token| code(check(register(&format!(r#"{{"node_url":"{url}"}}"#)), has_token));
    for url in ["http://127.0.0.1:9001/", "http://node-1:9001", "https://[::1]:1", "http://10.0.0.1:1"] {
        assert_eq!(of(url, false), None, "{url}");
    }
    for url in ["", "nonsense", "http://"] {
        assert_eq!(of(url, true), Some(-32602), "{url}");
    }
    for url in [
        "ftp://h:1",
        "http://h:1/p",
        "http://h:1?q",
        "http://u:p@h:1",
        "http://h:0",
        "http://0.0.0.0:1",
        "http://[::]:1",
    ] {
        assert_eq!(of(url, true), Some(-32007), "{url}");
    }
    for url in ["http://8.8.8.8:1", "http://169.254.169.254:80", "http://134744072:1", "http://[::ffff:8.8.8.8]:1"] {
        assert_eq!((of(url, false), of(url, true)), (Some(-32007), None), "{url}");
    }
}

#[test]
fn what_a_node_tells_is_bounded() {
    let base = || register(r#"{"node_url":"http://127.0.0.1:1","instance":"i"}"#);
    let long = "x".repeat(MAX_NAME + 1);
    let refused = |change: &dyn Fn(&mut Register)| {
        let mut params = base();
        change(&mut params);
        match check(params, false) {
            Err(CallError::InvalidParams { parameter, .. }) => parameter,
            other => panic!("{other:?}"),
        }
    };
    assert!(check(base(), false).is_ok());
    assert_eq!(refused(&|p| p.weight = 0), "weight");
    assert_eq!(refused(&|p| p.weight = 1001), "weight");
    assert_eq!(refused(&|p| p.instance = Some(long.clone())), "instance");
    assert_eq!(refused(&|p| p.instance = Some(String::new())), "instance");
    assert_eq!(refused(&|p| p.version = long.clone()), "version");
    assert_eq!(refused(&|p| p.tags = (0..65).map(|i| (i.to_string(), String::new())).collect()), "tags");
    assert_eq!(refused(&|p| p.tags = [("k".to_owned(), long.clone())].into()), "tags");
    let methods = |names: Vec<String>| Some(names.into_iter().map(MethodInfo::named).collect::<Vec<_>>());
    assert_eq!(refused(&|p| p.methods = methods((0..1001).map(|i| i.to_string()).collect())), "methods");
    assert_eq!(refused(&|p| p.methods = methods(vec![long.clone()])), "methods");
    assert_eq!(refused(&|p| p.methods = methods(vec!["_info".into()])), "methods");
}

#[test]
fn the_node_itself_must_confirm() {
    let joining = |json: &str| check(register(json), false).expect("well-formed");
    let claimed = || joining(r#"{"node_url":"http://127.0.0.1:1","instance":"me","methods":["a"],"weight":3}"#);
    let info = |json: &str| -> NodeInfo { serde_json::from_str(json).expect("info") };
    let node = || info(r#"{"server_type":"node","instance":"me","methods":["b","b","_c"],"weight":5000}"#);

    let mut full = claimed();
    assert_eq!(code(confirm(&mut full, node(), "orchestrator")), None);
    assert_eq!((full.methods.expect("told")[0].name.as_str(), full.weight), ("a", 3));

    let mut short = joining(r#"{"node_url":"http://127.0.0.1:1"}"#);
    assert_eq!(code(confirm(&mut short, node(), "orchestrator")), None);
    assert_eq!(short.methods, Some([MethodInfo::named("b")].into()));
    assert_eq!((short.instance.as_deref(), short.weight), (Some("me"), 1000));

    for (other, own) in [
        (info(r#"{"server_type":"node","instance":"you"}"#), "orchestrator"),
        (info(r#"{"server_type":"orchestrator","instance":"me"}"#), "orchestrator"),
        (info(r#"{"server_type":"node"}"#), "orchestrator"),
        (info("{}"), "orchestrator"),
        (node(), "me"),
    ] {
        assert_eq!(code(confirm(&mut claimed(), other.clone(), own)), Some(-32007), "{other:?}");
    }
}
