//! Numbers stay what they are, bit by bit, on every way into a script and out of it. Node.js is the reference.

use std::process::Command;

use serde_json::json;

use crate::harness::{node, program, run, Answer, Client, Cluster, Origin, Script};

/// The methods get an array of numbers, or its text where they are called with one, and give the numbers back.
const WAYS: &str = r"
madrpc.register('echo', (params) => params);
madrpc.register('relay', (params) => madrpc.call('echo', params));
madrpc.register('relay_sync', (params) => madrpc.callSync('echo', params));
madrpc.register('mapped', (params) => madrpc.map('echo', params.map((number) => [number])).then((all) => all.flat()));
madrpc.register('thrown', (params) => { throw new madrpc.RpcError(7, 'numbers', params); });
madrpc.register('caught', (params) => madrpc.call('thrown', params).catch((error) => error.data));
madrpc.register('cloned', (params) => structuredClone(params));
madrpc.register('printed', (params) => params.map((number) => Number(`${number}`)));
madrpc.register('items', async function* (params) { yield* params; });
madrpc.register('streamed', async (params) => {
  const all = [];
  for await (const number of madrpc.stream('items', params)) all.push(number);
  return all;
});
let seen;
madrpc.subscribe('numbers', (data) => seen(data));
madrpc.register('published', async (params) => {
  const event = new Promise((resolve) => { seen = resolve; });
  await madrpc.publish('numbers', params);
  return event;
});

madrpc.register('parse', ([text]) => JSON.parse(text));
madrpc.register('revive', ([text]) => JSON.parse(text, (key, value) => value));
madrpc.register('number', ([text]) => text.slice(1, -1).split(',').map(Number));
madrpc.register('parseFloat', ([text]) => text.slice(1, -1).split(',').map(parseFloat));
";

const BY_VALUE: [&str; 10] =
    ["echo", "relay", "relay_sync", "mapped", "caught", "cloned", "printed", "items", "streamed", "published"];
const BY_TEXT: [&str; 4] = ["parse", "revive", "number", "parseFloat"];

/// Arrays of numbers as text, and what Node.js reads and writes for each.
fn numbers(seed: u32) -> Vec<(String, String)> {
    let output = Command::new("node").arg(program("number-texts.mjs")).arg(seed.to_string()).output();
    let output = output.expect("Node.js is on the PATH");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("pairs of texts")
}

/// Names the first few numbers that differ, instead of all thousands.
#[track_caller]
fn assert_same(seen: &str, (text, expected): &(String, String), way: &str) {
    let all = |array: &str| array.trim_matches(['[', ']', '\n']).split(',').map(str::to_owned).collect::<Vec<_>>();
    let (seen, text, expected) = (all(seen), all(text), all(expected));
    assert_eq!(seen.len(), expected.len(), "{way}");
    let differing = (0..seen.len()).filter(|i| seen[*i] != expected[*i]);
    let differing: Vec<_> =
        differing.map(|i| format!("{} gives {} and not {}", text[i], seen[i], expected[i])).collect();
    assert!(differing.is_empty(), "{way}: {} differ: {:?}", differing.len(), &differing[..differing.len().min(5)]);
}

#[test]
fn numbers_are_exact_on_every_way() {
    let seed = fastrand::u32(..);
    let cluster = Cluster::start(Script::new("numbers.js", WAYS), 1);
    for pair in numbers(1).iter().chain(&numbers(seed)) {
        for client in [cluster.node_client(0), cluster.client.clone()] {
            for way in BY_VALUE {
                assert_same(&client.call_text(way, &pair.0).expect(way), pair, &format!("{way} (seed {seed})"));
            }
            let quoted = json!([pair.0]).to_string();
            for way in BY_TEXT {
                assert_same(&client.call_text(way, &quoted).expect(way), pair, &format!("{way} (seed {seed})"));
            }
        }
    }
}

#[test]
fn numbers_are_exact_in_source_text_files_and_at_the_command_line() {
    let numbers = numbers(1);
    for pair in &numbers {
        let script = Script::new(
            "main.mjs",
            &format!(
                "import read from './numbers.json' with {{ type: 'json' }};
                 madrpc.register('literal', () => {});
                 madrpc.register('imported', () => read);
                 madrpc.register('echo', (params) => params);",
                pair.0
            ),
        );
        let params = script.path().with_file_name("numbers.json");
        std::fs::write(&params, &pair.0).expect("the numbers can be written");
        let node = node(&script, &[]);
        let client = Client::new(&node.url);
        for way in ["literal", "imported"] {
            assert_same(&client.call_text(way, "[]").expect(way), pair, way);
        }
        let args = format!("@{}", params.display());
        let output = run(["call", &node.url, "echo", &args]);
        assert_same(&String::from_utf8_lossy(&output.stdout), pair, "call");
    }
}

#[test]
fn numbers_are_exact_in_a_fetched_body() {
    let numbers = numbers(1);
    let texts: Vec<String> = numbers.iter().map(|(text, _)| text.clone()).collect();
    let origin = Origin::start(move |request| {
        let index: usize = request.target.trim_start_matches('/').parse().expect("an index");
        Answer::of("200 OK", &[("content-type", "application/json")], &texts[index])
    });
    let script = Script::new("fetching.js", "madrpc.register('get', async ([url]) => (await fetch(url)).json());");
    let node = node(&script, &["--allow-net", &origin.entry()]);
    let client = Client::new(&node.url);
    for (index, pair) in numbers.iter().enumerate() {
        let url = origin.url(&format!("/{index}"));
        assert_same(&client.call_text("get", &json!([url]).to_string()).expect("numbers"), pair, "fetch");
    }
}
