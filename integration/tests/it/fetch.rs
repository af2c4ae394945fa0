//! `fetch` of scripts over real connections: what it may reach, what it sends, and how it ends.

use serde_json::{json, Value};

use crate::harness::{node, run, wait_until, Answer, Client, Origin, Process, Request, Script, SOON};

const PROGRAM: &str = r"
madrpc.register('get', async ({ url, init, read }) => {
  const response = await fetch(url, init);
  const body = await response[read ?? 'text']();
  const { status, ok, statusText, redirected, type } = response;
  return { status, ok, statusText, redirected, type, url: response.url, headers: Object.fromEntries(response.headers),
    body: body instanceof ArrayBuffer ? [...new Uint8Array(body)] : body };
});
const told = (error) => `${error.name}: ${error.message}`;
madrpc.register('fail', ({ url, init }) => fetch(url, init).then((response) => `${response.status}`, told));
madrpc.register('forget', ({ url }, ctx) => { for (let i = 0; i < 3; i++) fetch(url); return new Promise((done) => setTimeout(done, 1, 'done')); });
madrpc.register('race', async ({ url, wait }) => { fetch(wait); await fetch(url); return 'won'; });
madrpc.register('timeout', ({ url, ms }) => fetch(url, { signal: AbortSignal.timeout(ms) }).catch(told));
let controller;
madrpc.register('abortable', ({ url }) => { controller = new AbortController(); return fetch(url, controller).catch((reason) => `why: ${reason}`); });
madrpc.register('abort', () => { controller.abort('enough'); });
madrpc.register('many', async ({ url, count }) => {
  const all = await Promise.all(Array.from({ length: count }, async (_, i) => (await fetch(`${url}?${i}`)).json()));
  return all.reduce((sum, n) => sum + n, 0);
});
let late = 'nothing yet';
setTimeout(() => { fetch('http://127.0.0.1:1/').catch((error) => { late = told(error); }); }, 1);
madrpc.register('late', () => late);
";

/// A node that may fetch from what is listed.
fn fetching(allowed: &[&str], flags: &[&str]) -> (Process, Client) {
    let script = Script::new("fetching.js", PROGRAM);
    let allowed: Vec<&str> = allowed.iter().flat_map(|entry| ["--allow-net", entry]).collect();
    let node = node(&script, &[&allowed, flags].concat());
    let client = Client::new(&node.url);
    (node, client)
}

/// Why a fetch fails.
fn failure(client: &Client, url: &str, init: Value) -> String {
    let told = client.call("fail", json!({"url": url, "init": init})).expect("told");
    told.as_str().expect("text").to_owned()
}

fn echo(request: &Request) -> Answer {
    Answer::json(&request.json())
}

#[test]
fn a_request_is_sent_as_it_was_made() {
    let origin = Origin::start(echo);
    let (_node, client) = fetching(&[&origin.entry()], &[]);
    let init = json!({
        "method": "post", "body": "{\"ä\": 1}",
        "headers": {"Content-Type": "application/json", "X-Own": "a, b", "Authorization": "Bearer t", "Host": "forged"},
    });
    let params = json!({"url": origin.url("/a%20b/ü?x=|#part"), "init": init, "read": "json"});
    let answer = client.call("get", params).expect("an answer");
    assert_eq!((&answer["status"], &answer["ok"], &answer["statusText"]), (&json!(200), &json!(true), &json!("OK")));
    assert_eq!((&answer["redirected"], &answer["type"]), (&json!(false), &json!("basic")));
    assert_eq!(answer["url"], json!(origin.url("/a%20b/%C3%BC?x=|")));
    assert_eq!(answer["headers"]["content-type"], "application/json");
    let sent = &answer["body"];
    assert_eq!((&sent["method"], &sent["target"]), (&json!("POST"), &json!("/a%20b/%C3%BC?x=|")));
    assert_eq!(sent["body"], "{\"ä\": 1}");
    let headers = &sent["headers"];
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-own", "a, b"),
        ("authorization", "Bearer t"),
        ("host", &origin.entry()),
        ("content-length", "9"),
        ("accept", "*/*"),
        ("accept-encoding", "gzip, deflate"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    assert!(headers["user-agent"].as_str().is_some_and(|agent| agent.starts_with("madrpc-actor/")), "{headers}");
}

#[test]
fn bodies_come_in_every_form() {
    let origin = Origin::start(|request| match request.target.as_str() {
        "/missing" => Answer::of("404 Not Found", &[], "no"),
        "/none" => Answer::raw("HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n"),
        "/chunked" => {
            Answer::raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
        }
        "/old" => Answer::RawThenClose(b"HTTP/1.0 200 OK\r\n\r\nuntil the end".to_vec()),
        "/lengthless" => Answer::RawThenClose(b"HTTP/1.1 200 OK\r\n\r\nuntil the end".to_vec()),
        "/latin" => Answer::RawThenClose(b"HTTP/1.1 200 OK\r\nx-a: \xe4\r\ncontent-length: 2\r\n\r\n\xff\x00".to_vec()),
        _ => Answer::of("200 OK", &[("x-asked", &request.method)], if request.method == "HEAD" { "" } else { "text" }),
    });
    let (_node, client) = fetching(&[&origin.entry()], &[]);
    let get = |target: &str, read: &str| {
        client
            .call("get", json!({"url": origin.url(target), "read": read}))
            .unwrap_or_else(|error| panic!("{target}: {error:?}"))
    };
    let missing = get("/missing", "text");
    assert_eq!((&missing["status"], &missing["ok"], &missing["body"]), (&json!(404), &json!(false), &json!("no")));
    assert_eq!((&get("/none", "text")["status"], &get("/none", "text")["body"]), (&json!(204), &json!("")));
    assert_eq!(get("/chunked", "text")["body"], "abc");
    assert_eq!(get("/old", "text")["body"], "until the end");
    assert_eq!(get("/lengthless", "text")["body"], "until the end");
    let latin = get("/latin", "arrayBuffer");
    assert_eq!((&latin["body"], &latin["headers"]["x-a"]), (&json!([255, 0]), &json!("ä")));
    let head = client.call("get", json!({"url": origin.url("/"), "init": {"method": "HEAD"}})).expect("an answer");
    assert_eq!((&head["headers"]["x-asked"], &head["body"]), (&json!("HEAD"), &json!("")));
    let last = origin.requests().pop().expect("a request");
    assert_eq!((last.method.as_str(), last.header("content-length")), ("HEAD", None));
    client.call("get", json!({"url": origin.url("/"), "init": {"method": "POST"}})).expect("an answer");
    assert_eq!(origin.requests().pop().expect("a request").header("content-length"), Some("0"));
}

#[test]
fn nothing_is_reached_unless_it_is_listed() {
    let (origin, other) = (Origin::start(echo), Origin::start(echo));
    let (_node, closed) = fetching(&[], &[]);
    let refused = format!("TypeError: fetch failed: {} is not in --allow-net of this node", origin.entry());
    assert_eq!(failure(&closed, &origin.url("/secret?token"), Value::Null), refused);
    let (_node, open) = fetching(&[&origin.entry(), "app.localhost"], &[]);
    assert_eq!(failure(&open, &origin.url("/"), Value::Null), "200");
    for (url, part) in [
        (other.url("/"), format!("{} is not in --allow-net", other.entry())),
        (format!("http://localhost:{}/", origin.port), format!("localhost:{} is not in", origin.port)),
        (format!("http://[::ffff:127.0.0.1]:{}/", origin.port), "is not in --allow-net".into()),
        (format!("http://127.0.0.2:{}/", origin.port), "127.0.0.2".into()),
        ("ftp://app.localhost/".into(), "ftp".into()),
        ("data:text/plain,x".into(), "data".into()),
    ] {
        let told = failure(&open, &url, Value::Null);
        assert!(told.starts_with("TypeError: ") && told.contains(&part), "{url}: {told}");
    }
    assert!(other.requests().is_empty() && origin.requests().len() == 1);
    // However an address is written, it is that address; and `localhost` is a name for loopback.
    assert_eq!(failure(&open, &format!("http://0x7f.1:{}/", origin.port), Value::Null), "200");
    let (_node, named) = fetching(&["localhost"], &[]);
    assert_eq!(failure(&named, &format!("http://localhost:{}/", origin.port), Value::Null), "200");
    let host = origin.requests().pop().expect("a request").header("host").map(str::to_owned);
    assert_eq!(host, Some(format!("localhost:{}", origin.port)));
    assert!(failure(&named, &origin.url("/"), Value::Null).contains("is not in --allow-net"));
}

#[test]
fn a_bad_list_is_a_usage_error() {
    let output = run(["node", "--script", "x.js", "--allow-net", "http://a.example"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    for part in ["--allow-net", "http://a.example", "HOST:PORT"] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[test]
fn redirects_are_followed_within_the_list() {
    let elsewhere = Origin::start(echo);
    let there = elsewhere.url("/there");
    let origin = Origin::start(move |request| match request.target.split_once("?to=") {
        Some(("/away", status)) => Answer::redirect(status.parse().expect("a status"), &there),
        Some((_, status)) => Answer::redirect(status.parse().expect("a status"), "/end#x"),
        None => echo(request),
    });
    let (_node, client) = fetching(&[&origin.entry(), &elsewhere.entry()], &[]);
    let post = |target: &str| {
        let headers = json!({"content-type": "text/x", "authorization": "secret", "cookie": "a=b", "x-kept": "1"});
        let init = json!({"method": "POST", "body": "payload", "headers": headers});
        let answer = client.call("get", json!({"url": origin.url(target), "init": init, "read": "json"}));
        let answer = answer.unwrap_or_else(|error| panic!("{target}: {error:?}"));
        assert_eq!(answer["redirected"], true, "{target}");
        answer
    };
    for (status, method) in [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")] {
        let answer = post(&format!("/start?to={status}"));
        assert_eq!(answer["url"], origin.url("/end"), "{status}");
        let sent = &answer["body"];
        let body = if method == "POST" { "payload" } else { "" };
        assert_eq!((&sent["method"], &sent["body"]), (&json!(method), &json!(body)), "{status}");
        assert_eq!(sent["headers"].get("content-type").is_some(), method == "POST", "{status}");
        assert_eq!(sent["headers"]["authorization"], "secret", "{status}: the origin is the same");
    }
    let answer = post("/away?to=307");
    let sent = &answer["body"];
    assert_eq!((&answer["url"], &sent["body"]), (&json!(elsewhere.url("/there")), &json!("payload")));
    let headers = &sent["headers"];
    assert_eq!((&headers["x-kept"], &headers["host"]), (&json!("1"), &json!(elsewhere.entry())));
    assert!(headers.get("authorization").is_none() && headers.get("cookie").is_none(), "{headers}");
    let manual = client.call("get", json!({"url": origin.url("/start?to=302"), "init": {"redirect": "manual"}}));
    let manual = manual.expect("an answer");
    assert_eq!((&manual["status"], &manual["headers"]["location"]), (&json!(302), &json!("/end#x")));
    let error = failure(&client, &origin.url("/start?to=302"), json!({"redirect": "error"}));
    assert!(error.contains("redirect is 'error'"), "{error}");
}

#[test]
fn no_redirect_leads_out_of_the_list_or_goes_on_for_ever() {
    let inside = Origin::start(echo);
    let port = inside.port;
    let origin = Origin::start(move |request| match request.target.as_str() {
        "/port" => Answer::redirect(302, &format!("http://127.0.0.1:{port}/")),
        "/name" => Answer::redirect(302, &format!("http://localhost:{port}/")),
        "/metadata" => Answer::redirect(307, "http://169.254.169.254/latest"),
        "/file" => Answer::redirect(302, "file:///etc/passwd"),
        "/tls" => Answer::redirect(302, &format!("https://{}/", request.header("host").unwrap_or_default())),
        _ => Answer::redirect(302, "/loop"),
    });
    let (_node, client) = fetching(&[&origin.entry()], &[]);
    for (target, part) in [
        ("/port", format!("127.0.0.1:{port} is not in --allow-net")),
        ("/name", format!("localhost:{port} is not in --allow-net")),
        ("/metadata", "169.254.169.254:80 is not in --allow-net".into()),
        ("/file", "file".into()),
        ("/tls", "can't be reached".into()),
        ("/loop", "more than 20 times".into()),
    ] {
        let told = failure(&client, &origin.url(target), Value::Null);
        assert!(told.starts_with("TypeError: fetch failed: ") && told.contains(&part), "{target}: {told}");
    }
    assert!(inside.requests().is_empty());
    assert_eq!(origin.requests().iter().filter(|request| request.target == "/loop").count(), 21);
}

#[test]
fn answers_that_are_too_long_or_broken_reject() {
    let origin = Origin::start(|request| match request.target.as_str() {
        "/fits" => Answer::of("200 OK", &[], &"x".repeat(2_000)),
        "/declared" => Answer::of("200 OK", &[], &"x".repeat(2_001)),
        "/chunked" => {
            let chunk = format!("3e8\r\n{}\r\n", "x".repeat(1_000));
            Answer::raw(&format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}", chunk.repeat(5)))
        }
        "/cut" => Answer::RawThenClose(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec()),
        "/cut-chunk" => {
            Answer::RawThenClose(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n".to_vec())
        }
        "/in-chunk" => Answer::RawThenClose(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf".to_vec()),
        "/head" => Answer::RawThenClose(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()),
        "/nothing" => Answer::RawThenClose(Vec::new()),
        "/coded" => Answer::of("200 OK", &[("content-encoding", "gzip")], "no gzip"),
        _ => Answer::RawThenClose(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()),
    });
    let (node, client) = fetching(&[&origin.entry(), "127.0.0.1:1"], &["--max-body", "2000"]);
    assert_eq!(failure(&client, &origin.url("/fits"), Value::Null), "200");
    let closed = "closed the connection before its answer was complete";
    for (target, part) in [
        ("/declared", "longer than 2000 bytes"),
        ("/chunked", "longer than 2000 bytes"),
        ("/cut", closed),
        ("/cut-chunk", closed),
        ("/in-chunk", closed),
        ("/head", closed),
        ("/nothing", closed),
        ("/coded", "is not coded as it says"),
        ("/ssh", "is no HTTP"),
    ] {
        let told = failure(&client, &origin.url(target), Value::Null);
        assert!(told.starts_with("TypeError: fetch failed: ") && told.contains(part), "{target}: {told}");
    }
    let told = failure(&client, "http://127.0.0.1:1/?secret", Value::Null);
    assert_eq!(told, "TypeError: fetch failed: 127.0.0.1:1 can't be reached");
    let line = node.wait_for_log("the log tells why", SOON, |line| line.contains("no connection to 127.0.0.1:1"));
    assert!(line.contains("call=") && !node.log().contains("secret"), "with the call, and without the path: {line}");
    let told = failure(&client, &origin.url("/"), json!({"method": "POST", "body": "x".repeat(1_500), "x": 1}));
    assert!(told.contains("is no HTTP"), "a body within the limit is sent: {told}");
}

#[test]
fn an_abort_ends_the_exchange() {
    let origin = Origin::start(|_| Answer::Never);
    let (_node, client) = fetching(&[&origin.entry()], &["--pool-size", "1"]);
    std::thread::scope(|scope| {
        let aborted = scope.spawn(|| client.call("abortable", json!({"url": origin.url("/")})));
        wait_until("the server has the request", SOON, || origin.waiting() == 1);
        client.call("abort", Value::Null).expect("aborts");
        assert_eq!(aborted.join().expect("no panic"), Ok(json!("why: enough")));
    });
    wait_until("the connection is closed", SOON, || origin.waiting() == 0);
    let told = client.call("timeout", json!({"url": origin.url("/"), "ms": 50})).expect("told");
    assert!(told.as_str().is_some_and(|told| told.starts_with("TimeoutError: ")), "{told}");
    wait_until("the connection is closed", SOON, || origin.waiting() == 0);
    assert_eq!(origin.requests().len(), 2);
}

#[test]
fn the_deadline_of_a_call_ends_its_fetches() {
    let origin = Origin::start(|request| if request.target == "/wait" { Answer::Never } else { echo(request) });
    let (_node, client) = fetching(&[&origin.entry()], &[]);
    // What an answered call has left behind goes on until then.
    let leaving = |method: &str, params: Value| {
        let meta = json!({"timeoutMs": 2_000});
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params, "meta": meta});
        client.post(&body.to_string()).json()["result"].clone()
    };
    assert_eq!(leaving("forget", json!({"url": origin.url("/wait")})), "done");
    assert_eq!(leaving("race", json!({"url": origin.url("/"), "wait": origin.url("/wait")})), "won");
    wait_until("the connections are closed", SOON, || origin.waiting() == 0);
    // The deadline of the call is the longest that a silent server is waited for.
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "fail", "params": {"url": origin.url("/wait")},
                      "meta": {"timeoutMs": 300}});
    let reply = client.post(&body.to_string()).json();
    assert_eq!(reply["error"]["code"], -32001, "{reply}");
    wait_until("the connection is closed", SOON, || origin.waiting() == 0);
    assert!(origin.most_waiting() > 0, "there was one to be closed");
}

#[test]
fn many_fetches_wait_for_their_turn() {
    const COUNT: u64 = 1_000;
    let origin = Origin::start(|request| match request.target.split_once("/n?") {
        Some((_, number)) => Answer::of("200 OK", &[], number),
        None => Answer::Never,
    });
    let (_node, client) = fetching(&[&origin.entry()], &[]);
    let sum = client.call("many", json!({"url": origin.url("/n"), "count": COUNT}));
    assert_eq!(sum, Ok(json!((0..COUNT).sum::<u64>())));
    std::thread::scope(|scope| {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "many", "params": {"url": origin.url("/wait"), "count": COUNT},
                          "meta": {"timeoutMs": 3_000}});
        let waits = scope.spawn({
            let (client, body) = (&client, body.to_string());
            move || client.post(&body)
        });
        wait_until("the wire is full", SOON, || origin.waiting() == 64);
        assert_eq!(waits.join().expect("no panic").json()["error"]["code"], -32001);
    });
    wait_until("the connections are closed", SOON, || origin.waiting() == 0);
    assert_eq!(origin.most_waiting(), 64);
    assert_eq!(
        client.call("many", json!({"url": origin.url("/n"), "count": 3})),
        Ok(json!(3)),
        "the wire is free again"
    );
}

#[test]
fn a_timer_of_the_script_may_fetch() {
    let (_node, client) = fetching(&[], &[]);
    wait_until("the timer's fetch was refused", SOON, || {
        client.call("late", Value::Null)
            == Ok(json!("TypeError: fetch failed: 127.0.0.1:1 is not in --allow-net of this node"))
    });
}
