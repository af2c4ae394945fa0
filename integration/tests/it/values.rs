//! Values between JSON and JavaScript. Node.js' `JSON.parse` and `JSON.stringify` are the reference wherever the contract
//! says "as JSON.stringify", compared byte for byte, on a node and through the orchestrator.

use std::process::Command;

use serde_json::json;

use crate::harness::{node, Client, Cluster, Script};

/// Expressions whose value a method returns.
const RETURNED: &[&str] = &[
    "0", "-0", "1", "-1", "0.1", "-0.1", "1.5e300", "5e-324", "1e21", "1e-7", "123456789012345680000", "2147483647",
    "2147483648", "-2147483648", "-2147483649", "3000000000", "4294967296", "9007199254740991", "9007199254740993", "0.1 + 0.2",
    "100", "1e2", "NaN", "Infinity", "-Infinity", "true", "false", "null",
    "''", "'ä€😀'", "'\\u0000\\u0001\\b\\f\\n\\r\\t\\u001f\\u007f'", "'\"\\\\/'", "'\\u2028\\u2029'",
    "'\\ud800'", "'\\udc00'", "'a\\ud800b'", "'\\udc00\\ud800'", "'\\ud83d\\ude00'", "({ '\\ud800': '\\udfff' })",
    "[]", "({})", "[1, [2, [3]]]", "[undefined, () => 1, Symbol('s'), NaN, -0]",
    "({ a: undefined, b: () => 1, c: Symbol('s'), d: NaN, e: null, [Symbol('k')]: 1 })",
    "[, 1, , 2]", "Object.assign([1, 2], { extra: 3 })", "new Array(5)",
    "({ b: 1, a: 2, 10: 3, 9: 4, '-1': 5, '01': 6 })", "({ 4294967294: 1, 4294967295: 2, 0: 3 })",
    "Object.defineProperty({ seen: 1 }, 'hidden', { value: 2, enumerable: false })",
    "Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } })",
    "({ get member() { return this.other + 1; }, other: 1 })",
    "JSON.parse('{\"__proto__\": 1, \"constructor\": 2}')",
    "new Date(0)", "new Date(1700000000123)", "new Date(NaN)", "[new Date(-1)]",
    "new Map([[1, 2]])", "new Set([1])", "new WeakMap()", "/x/g", "new Error('e')",
    "new Number(3)", "new String('boxed')", "new Boolean(false)", "[new Number(NaN), Object('s')]", "Object(Symbol('s'))",
    "new Uint8Array([1, 2])", "new Float64Array([0.5])", "new ArrayBuffer(2)",
    "({ toJSON() { return { replaced: true }; } })", "({ toJSON: 5 })", "({ a: { toJSON(key) { return 'key ' + key; } } })",
    "[{ toJSON(key) { return typeof key + key; } }]", "({ toJSON() { return undefined; } }, [{ toJSON() {} }])",
    "new (class Point { constructor() { this.x = 1; } get y() { return 2; } })()",
    "new Proxy({ a: 1, b: 2 }, { get: (target, key) => key === 'toJSON' ? undefined : target[key] * 10 })",
    "new Proxy([1, 2], {})", "new Proxy({ a: 1 }, { ownKeys: () => ['a', 'b'], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }) })",
    "Object.create(null)", "Promise.resolve([1])", "(function () { return arguments; })(1, 2)", "globalThis.JSON",
    "(() => { const shared = { s: 1 }; return [shared, shared]; })()",
];

/// JSON texts that go in and come back from a method which returns its params.
const ECHOED: &[&str] = &[
    r#"{"a":3000000000}"#,
    "[-0]",
    "[0.1]",
    "[-0.0,1.0,1e2,1E-2,100e-2]",
    "[9007199254740993]",
    r#"["9007199254740993"]"#,
    "[12345678901234567890,-12345678901234567890,0.1234567890123456789]",
    "[1e308,5e-324,1e-400]",
    "[4294967295,4294967296,-2147483649]",
    r#"["\ud800"]"#,
    r#"["\udc00\ud800"]"#,
    r#"["a\ud800b","\ud83d\ude00","\uDBFF\uDFFF"]"#,
    r#"{"\ud800":"\udfff"}"#,
    r#"["é\u00e9\n\/\"\\","\u0000"]"#,
    "[\"\u{7f}\u{2028}😀\"]",
    r#"{"b":1,"a":2,"10":3,"9":4}"#,
    r#"{"a":1,"b":2,"a":3}"#,
    r#"{"__proto__":{"x":1},"constructor":1,"toString":null}"#,
    r#"{"__proto__":null}"#,
    r#"{"":{"":[{}]}}"#,
    "[null,true,false,[],{}]",
    " [ 1 , { \"a\" : 2 } ] ",
    r#"{"length":3,"0":"x"}"#,
];

/// Node.js' answer to an expression for each of `inputs`, as one text each.
fn by_node(expression: &str, inputs: &[&str]) -> Vec<String> {
    let program = format!(
        "const inputs = {}; const answer = async (input) => {expression}; \
         (async () => {{ for (const input of inputs) console.log(await answer(input)); }})();",
        json!(inputs)
    );
    let script = Script::new("reference.js", &program);
    let output = Command::new("node").arg(script.path()).output().expect("Node.js is on the PATH");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), inputs.len());
    lines
}

fn methods_returning(expressions: &[&str]) -> Script {
    let methods = expressions.iter().enumerate();
    let text: String =
        methods.map(|(i, expression)| format!("madrpc.register('m{i}', () => ({expression}));\n")).collect();
    Script::new("returning.js", &text)
}

#[test]
fn results_are_written_as_by_json_stringify() {
    let expected = by_node("JSON.stringify(await (0, eval)('(' + input + ')'))", RETURNED);
    let cluster = Cluster::start(methods_returning(RETURNED), 1);
    for client in [cluster.node_client(0), cluster.client.clone()] {
        for (i, expression) in RETURNED.iter().enumerate() {
            assert_eq!(client.call_text(&format!("m{i}"), "[]").as_ref(), Ok(&expected[i]), "{expression}");
        }
    }
}

#[test]
fn params_are_read_as_by_json_parse() {
    let expected = by_node("JSON.stringify(JSON.parse(input))", ECHOED);
    let script = Script::new(
        "echo.js",
        "madrpc.register('echo', (params) => params);
         madrpc.register('relay', (params) => madrpc.call('echo', params));
         madrpc.register('relay_sync', (params) => madrpc.callSync('echo', params));
         madrpc.register('parse', ([text]) => JSON.parse(text));",
    );
    let cluster = Cluster::start(&script, 1);
    for client in [cluster.node_client(0), cluster.client.clone()] {
        for (i, text) in ECHOED.iter().enumerate() {
            for method in ["echo", "relay", "relay_sync"] {
                assert_eq!(client.call_text(method, text).as_ref(), Ok(&expected[i]), "{method} {text}");
            }
            let quoted = json!([text]).to_string();
            assert_eq!(client.call_text("parse", &quoted).as_ref(), Ok(&expected[i]), "JSON.parse {text}");
        }
    }
}

/// A key `__proto__` is a member like any other and sets no prototype.
#[test]
fn own_properties_are_what_arrives() {
    let script = Script::new(
        "keys.js",
        "madrpc.register('own', (params) => [Object.keys(params), Object.getPrototypeOf(params) === Object.prototype, params.x]);",
    );
    let cluster = Cluster::start(&script, 1);
    let seen = cluster.client.call_text("own", r#"{"__proto__":{"x":1},"b":2}"#);
    assert_eq!(seen.as_deref(), Ok(r#"[["__proto__","b"],true,null]"#));
}

#[test]
fn what_json_cannot_express_is_refused_or_null() {
    let script = Script::new(
        "inexpressible.js",
        "madrpc.register('undefined', () => undefined);
         madrpc.register('later_undefined', async () => {});
         madrpc.register('function', () => () => 1);
         madrpc.register('class', () => class {});
         madrpc.register('symbol', () => Symbol('s'));
         madrpc.register('bigint', () => 1n);
         madrpc.register('inner_bigint', () => ({ a: [1n] }));
         madrpc.register('boxed_bigint', () => Object(1n));
         madrpc.register('cycle', () => { const a = {}; a.a = a; return a; });
         madrpc.register('long_cycle', () => { const a = []; a.push({ b: [a] }); return a; });
         madrpc.register('cycle_by_to_json', () => { const a = { toJSON() { return [a]; } }; return a; });
         madrpc.register('fine', () => 1);",
    );
    let cluster = Cluster::start(&script, 1);
    for client in [cluster.node_client(0), cluster.client.clone()] {
        for method in ["undefined", "later_undefined"] {
            assert_eq!(client.call_text(method, "[]").as_deref(), Ok("null"), "{method}");
        }
        for method in ["function", "class", "symbol", "bigint", "inner_bigint", "boxed_bigint", "cycle", "long_cycle"] {
            let failure = client.call(method, json!([])).expect_err(method);
            assert_eq!((failure.code, failure.message.as_str()), (-32012, "Not serialisable"), "{method}");
        }
        // Endless without being a cycle: the depth limit of results ends it.
        let failure = client.call("cycle_by_to_json", json!([])).expect_err("endless");
        assert!([-32012, -32009].contains(&failure.code), "{failure:?}");
        assert_eq!(client.call("fine", json!([])), Ok(json!(1)));
    }
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

/// The value of `params` counts; the request object around it does not.
#[test]
fn params_nest_at_most_128_deep() {
    let script = Script::new("echo.js", "madrpc.register('echo', (params) => params);");
    let cluster = Cluster::start(&script, 1);
    for client in [cluster.node_client(0), cluster.client.clone()] {
        let deepest = nested(128);
        assert_eq!(client.call_text("echo", &deepest).as_ref(), Ok(&deepest));
        for depth in [129, 200, 100_000] {
            let failure = client.call_text("echo", &nested(depth)).expect_err("too deep");
            assert_eq!((failure.code, failure.message.as_str()), (-32700, "Parse error"), "{depth}");
        }
        let objects = format!("{}1{}", r#"{"a":"#.repeat(100_000), "}".repeat(100_000));
        assert_eq!(client.call_text("echo", &objects).expect_err("too deep").code, -32700);
        assert_eq!(client.call_text("echo", "[1]").as_deref(), Ok("[1]"));
    }
}

#[test]
fn a_result_nests_at_most_128_deep() {
    let script = Script::new(
        "deep.js",
        "const grow = (depth, wrap) => { let value = wrap(); while (--depth > 0) value = wrap(value); return value; };
         madrpc.register('arrays', ([depth]) => grow(depth, (inner) => inner === undefined ? [] : [inner]));
         madrpc.register('objects', ([depth]) => grow(depth, (inner) => ({ inner })));
         madrpc.register('proxies', ([depth]) => grow(depth, (inner) => new Proxy({ inner }, {})));
         madrpc.register('throw_deep', ([depth]) => { throw new madrpc.RpcError(5, 'deep', grow(depth, (inner) => [inner])); });
         madrpc.register('pass_deep', async ([depth]) => madrpc.call('fine', grow(depth, (inner) => [inner])));
         madrpc.register('fine', () => 1);",
    );
    let node = node(&script, &[]);
    let client = Client::new(&node.url);
    assert_eq!(client.call_text("arrays", "[128]"), Ok(nested(128)));
    for method in ["arrays", "objects", "proxies"] {
        for depth in [129, 1_000, 100_000] {
            let failure = client.call(method, json!([depth])).expect_err("too deep");
            assert_eq!((failure.code, &failure.data["limit"]), (-32009, &json!(128)), "{method} {depth}");
        }
    }
    // Deep values in other places than the result end the call with some error, and nothing else.
    for method in ["throw_deep", "pass_deep"] {
        client.call(method, json!([100_000])).expect_err("too deep");
    }
    assert_eq!(client.call("fine", json!([])), Ok(json!(1)));
}
