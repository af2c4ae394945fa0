use std::time::Duration;

use madrpc_actors::policy::balance::BalancePolicy;

use super::*;

fn parse_with(args: &str, variables: &[(&str, &str)]) -> Result<Command, Usage> {
    let env = |name: &str| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| OsString::from(value))
    };
    let args = std::iter::once("madrpc-actor").chain(args.split_whitespace());
    Command::parse(args.map(OsString::from), &env)
}

fn orchestrator(args: &str) -> OrchestratorConfig {
    match parse_with(&format!("orchestrator {args}"), &[]) {
        Ok(Command::Orchestrator(config)) => config,
        other => panic!("{other:?}"),
    }
}

fn node(args: &str, variables: &[(&str, &str)]) -> NodeConfig {
    match parse_with(&format!("node {args}"), variables) {
        Ok(Command::Node(config)) => config,
        other => panic!("{other:?}"),
    }
}

fn wrong(args: &str, variables: &[(&str, &str)]) -> String {
    match parse_with(args, variables) {
        Err(Usage::Wrong(text)) => text,
        other => panic!("{args} came to {other:?}"),
    }
}

#[test]
fn an_orchestrator_has_defaults() {
    let config = orchestrator("");
    assert_eq!(config.bind.to_string(), "0.0.0.0:8080");
    assert!(config.nodes.is_empty() && config.server.security.cluster_token.is_none());
    assert_eq!((config.failure_threshold, config.backoff_multiplier), (5, 2));
    assert_eq!(config.circuit_timeout, Duration::from_secs(30));
    assert_eq!(config.balance, BalancePolicy::LeastInflight);
    assert_eq!(config.health_interval(), Some(Duration::from_secs(5)));
    assert_eq!((config.health_timeout, config.health_failures), (Duration::from_secs(2), 3));
    assert_eq!(config.retries, 2);
    let server = config.server;
    assert_eq!((server.call_timeout, server.summary_interval), (Duration::from_secs(30), Duration::from_secs(10)));
    assert_eq!((server.max_body, server.max_batch, server.max_inflight), (10 << 20, 10_000, 65_536));
    assert_eq!(server.workers(), server::cpus());
}

#[test]
fn an_orchestrator_takes_every_flag() {
    let config = orchestrator(
        "-b [::1]:0 -n http://a:1 --node http://b:2/ --failure-threshold 1 --circuit-timeout 750ms --backoff-multiplier 3 \
         --balance round-robin --call-timeout 1m --max-body 512KB --max-batch 7 --max-inflight 8 --health-interval 0 \
         --health-timeout 9 --health-failures 4 --retries 0 --cluster-token t --summary-interval 0 --workers 3",
    );
    assert_eq!(config.bind.to_string(), "[::1]:0");
    let nodes: Vec<_> = config.nodes.iter().map(|node| node.as_str()).collect();
    assert_eq!(nodes, ["http://a:1", "http://b:2"]);
    assert_eq!((config.failure_threshold, config.backoff_multiplier, config.retries), (1, 3, 0));
    assert_eq!((config.circuit_timeout, config.health_interval()), (Duration::from_millis(750), None));
    assert_eq!((config.health_timeout, config.health_failures), (Duration::from_millis(9), 4));
    assert_eq!(config.balance, BalancePolicy::RoundRobin);
    let server = config.server;
    assert_eq!((server.call_timeout, server.summary_interval), (Duration::from_secs(60), Duration::ZERO));
    assert_eq!((server.max_body, server.max_batch, server.max_inflight, server.workers()), (512_000, 7, 8, 3));
    assert!(server.security.cluster_token.is_some_and(|token| token.is(b"t")));
}

#[test]
fn a_node_has_defaults() {
    let config = node("-s a.js", &[]);
    assert_eq!(config.bind.to_string(), "0.0.0.0:9001");
    assert_eq!((config.pool_size(), config.weight() as usize), (server::cpus(), server::cpus()));
    assert_eq!(config.max_depth, 64);
    assert!(config.orchestrators.is_empty() && config.public_url.is_none() && config.tags.is_empty());
    assert!(config.allow_net.is_empty());
}

#[test]
fn a_node_takes_every_flag() {
    let config = node(
        "-s a.js --script b.js --orchestrator http://o:1 --orchestrator http://o:2 --public-url http://n:3 --pool-size 5 \
         --max-depth 6 --tag zone=a --tag gpu= --allow-net api.example.org --allow-net [::1]:81",
        &[],
    );
    assert_eq!(config.scripts, [PathBuf::from("a.js"), PathBuf::from("b.js")]);
    assert_eq!(config.orchestrators.len(), 2);
    assert_eq!(config.public_url.as_ref().map(|url| url.as_str()), Some("http://n:3"));
    assert_eq!((config.pool_size(), config.weight(), config.max_depth), (5, 5, 6));
    assert_eq!((config.tags["zone"].as_str(), config.tags["gpu"].as_str()), ("a", ""));
    let net: Vec<_> = config.allow_net.iter().map(ToString::to_string).collect();
    assert_eq!(net, ["api.example.org", "[::1]:81"]);
    assert_eq!(node("-s a.js --pool-size 5 --weight 2", &[]).weight(), 2);
}

#[test]
fn a_node_is_supervised_unless_told_otherwise() {
    assert!(!node("-s a.js", &[]).no_supervise);
    assert!(!node("-s a.js", &[("MADRPC_NO_SUPERVISE", "false")]).no_supervise);
    assert!(node("-s a.js --no-supervise", &[]).no_supervise);
    assert!(node("-s a.js", &[("MADRPC_NO_SUPERVISE", "1")]).no_supervise);
}

#[test]
fn repeatable_flags_read_lists_from_the_environment() {
    let variables = [
        ("MADRPC_SCRIPT", "a.js, b.js"),
        ("MADRPC_TAG", "zone=a,gpu=1"),
        ("MADRPC_ALLOW_NET", "a.example,127.0.0.1:80"),
    ];
    let config = node("", &variables);
    assert_eq!((config.scripts.len(), config.tags.len(), config.allow_net.len()), (2, 2, 2));
    let config = node("-s c,d.js", &variables);
    assert_eq!(config.scripts, [PathBuf::from("c,d.js")]);
    match parse_with("call http://h:1 m --header a:1", &[("MADRPC_PRETTY", "TRUE"), ("MADRPC_NOTIFY", "0")]) {
        Ok(Command::Call(config)) => assert!(config.pretty && !config.notify && config.headers.len() == 1),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_bad_value_names_flag_value_and_what_is_allowed() {
    let cases = [
        ("orchestrator -b 8080", "--bind", "\"8080\"", "HOST:PORT"),
        ("orchestrator -n h", "--node", "\"h\"", "http://HOST:PORT"),
        ("orchestrator -n http://127.0.0.1:8080", "--node", "http://127.0.0.1:8080", "URL of a node"),
        ("orchestrator --failure-threshold 0", "--failure-threshold", "\"0\"", "from 1"),
        ("orchestrator --circuit-timeout 0", "--circuit-timeout", "\"0\"", "at least 1ms"),
        ("orchestrator --backoff-multiplier x", "--backoff-multiplier", "\"x\"", "from 1"),
        ("orchestrator --balance fair", "--balance", "\"fair\"", "least-inflight, round-robin, random or p2c-ewma"),
        ("orchestrator --call-timeout 0", "--call-timeout", "\"0\"", "at least 1ms"),
        ("orchestrator --max-body 0", "--max-body", "\"0\"", "10MiB"),
        ("orchestrator --max-batch 0", "--max-batch", "\"0\"", "from 1"),
        ("orchestrator --max-inflight 0", "--max-inflight", "\"0\"", "from 1"),
        ("orchestrator --health-interval soon", "--health-interval", "\"soon\"", "5s"),
        ("orchestrator --health-timeout 0s", "--health-timeout", "\"0s\"", "at least 1ms"),
        ("orchestrator --health-failures 0", "--health-failures", "\"0\"", "from 1"),
        ("orchestrator --retries=-1", "--retries", "\"-1\"", "from 0 to 100"),
        ("orchestrator --summary-interval 5y", "--summary-interval", "\"5y\"", "ms, s, m or h"),
        ("orchestrator --rate-limit 0", "--rate-limit", "\"0\"", "RPS:BURST"),
        ("orchestrator --rate-limit 5:x", "--rate-limit", "\"5:x\"", "whole number"),
        ("orchestrator --allow-origin *", "--allow-origin", "\"*\"", "without *"),
        ("node -s a.js --allow-origin http://a/b", "--allow-origin", "\"http://a/b\"", "https://app.example.org"),
        ("orchestrator --api-key @/no/such/file", "--api-key", "/no/such/file", "@FILE"),
        ("orchestrator --workers 0", "--workers", "\"0\"", "from 1 to 1024"),
        ("node -s a.js --pool-size 0", "--pool-size", "\"0\"", "from 1 to 1024"),
        ("node -s a.js --max-depth 0", "--max-depth", "\"0\"", "from 1"),
        ("node -s a.js --weight 0", "--weight", "\"0\"", "from 1"),
        ("node -s a.js --tag x", "--tag", "\"x\"", "KEY=VALUE"),
        ("node -s a.js --tag x=1 --tag x=2", "--tag", "\"x=2\"", "each key once"),
        ("node -s a.js --allow-net *.example", "--allow-net", "\"*.example\"", "HOST:PORT"),
        ("node -s a.js --allow-net http://a", "--allow-net", "\"http://a\"", "HOST:PORT"),
        ("node -s a.js --allow-net a:0", "--allow-net", "\"a:0\"", "from 1 to 65535"),
        ("node -s a.js --public-url http://h/p", "--public-url", "\"http://h/p\"", "nothing after it"),
        ("node -s a.js --orchestrator https://h/p", "--orchestrator", "\"https://h/p\"", "https://HOST:PORT"),
        ("orchestrator --tls-cert /no/such/file", "--tls-cert", "/no/such/file", "certificates in PEM"),
        ("orchestrator --tls-key Cargo.toml", "--tls-key", "Cargo.toml", "private key in PEM"),
        ("node -s a.js --ca Cargo.toml", "--ca", "Cargo.toml", "certificates in PEM"),
        (
            "node -s a.js --orchestrator http://localhost:9001",
            "--orchestrator",
            "localhost:9001",
            "URL of an orchestrator",
        ),
        ("node", "--script", "required", "MADRPC_SCRIPT"),
        ("local -s a.js --nodes 0", "--nodes", "\"0\"", "from 1 to 64"),
        ("call h m", "<URL>", "\"h\"", "http://HOST:PORT"),
        ("call http://h:1 m --timeout 0", "--timeout", "\"0\"", "at least 1ms"),
        ("call http://h:1 m --header x", "--header", "\"x\"", "NAME:VALUE"),
    ];
    for (args, flag, value, allowed) in cases {
        let text = wrong(args, &[]);
        for part in [flag, value, allowed] {
            assert!(text.contains(part), "{args}: no {part} in {text}");
        }
    }
}

#[test]
fn keys_come_by_flag_file_and_environment() {
    let keys = |args: &str, variables: &[(&str, &str)]| {
        let keys = node(&format!("-s a.js {args}"), variables).server.security.api_keys;
        keys.iter().map(|key| key.expose().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys("--api-key new --api-key old", &[("MADRPC_API_KEY", "other")]), ["new", "old"]);
    assert_eq!(keys("", &[("MADRPC_API_KEY", "new, old")]), ["new", "old"]);
    let text = wrong("orchestrator", &[("MADRPC_API_KEY", "good,b\u{e4}d")]);
    assert!(text.contains("--api-key") && !text.contains("good") && !text.contains("b\u{e4}d"), "{text}");
    let text = wrong("orchestrator --cluster-token= ", &[]);
    assert!(text.contains("--cluster-token"), "{text}");
    match parse_with("call http://h:1 m", &[("MADRPC_API_KEY", "new,old")]) {
        Ok(Command::Call(config)) => assert!(config.access.api_key.is_some_and(|key| key.is(b"new"))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_bad_variable_is_named() {
    let text = wrong("orchestrator", &[("MADRPC_NODE", "http://a:1,b")]);
    assert!(text.contains("--node") && text.contains("\"b\"") && text.contains("MADRPC_NODE"), "{text}");
    let text = wrong("node -s a.js", &[("MADRPC_ALLOW_NET", "a.example,b c")]);
    assert!(text.contains("--allow-net") && text.contains("\"b c\"") && text.contains("MADRPC_ALLOW_NET"), "{text}");
    let text = wrong("call http://h:1 m", &[("MADRPC_NOTIFY", "maybe")]);
    assert!(text.contains("--notify") && text.contains("maybe") && text.contains("MADRPC_NOTIFY"), "{text}");
}

#[test]
fn local_shares_the_cpus_among_its_nodes() {
    let local = |args: &str| match parse_with(&format!("local -s a.js {args}"), &[]) {
        Ok(Command::Local(config)) => config,
        other => panic!("{other:?}"),
    };
    assert_eq!(local("").nodes, 2);
    assert_eq!(local("--nodes 64").pool_size(), (server::cpus() / 64).max(1));
    assert_eq!(local("--pool-size 9").pool_size(), 9);
    let config = local("--call aggregate [1,2] --nodes 3");
    assert_eq!((config.call.as_deref(), config.args.as_deref(), config.nodes), (Some("aggregate"), Some("[1,2]"), 3));
    assert!(wrong("local -s a.js b.js", &[]).contains("--call"));
}

#[test]
fn args_are_an_array_or_an_object() {
    let text = |args| client::load_args(Some(args)).map(|json| json.map(|json| json.as_str().to_owned()));
    assert_eq!(client::load_args(None), Ok(None));
    assert_eq!(text(" [1.0, 1e400] "), Ok(Some("[1.0, 1e400]".into())));
    for bad in ["1", "null", "\"x\"", "{", "[1] 2", "", "@/no/such/file"] {
        match client::load_args(Some(bad)) {
            Err(Usage::Wrong(text)) => assert!(text.contains("ARGS"), "{text}"),
            other => panic!("{bad} came to {other:?}"),
        }
    }
}

#[test]
fn help_and_version_are_shown() {
    for args in ["--help", "--version", "node --help", "help node"] {
        assert!(matches!(parse_with(args, &[]), Err(Usage::Shown(_))), "{args}");
    }
    assert!(wrong("", &[]).contains("orchestrator"));
    assert!(wrong("nod", &[]).contains("nod"));
}
