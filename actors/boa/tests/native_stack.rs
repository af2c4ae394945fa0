//! What calls itself on the native stack ends with an error, whatever it is; the process goes on.

use boa_engine::error::{EngineError, RuntimeLimitError};
use boa_engine::{Context, Source, native_stack};

/// An eighth of what the threads of an engine have: it takes less time to use it up.
const STACK_BYTES: usize = 8 << 20;

/// What JavaScript may use of it, in the same proportion as there.
const SCRIPT_STACK_BYTES: usize = STACK_BYTES / 8 * 7;

/// Links of a chain: what goes down it natively would use up the stack and more.
const LINKS: usize = 20_000;

/// What makes a value `o` of `LINKS` links out of the first one.
const CHAINS: &[(&str, &str)] = &[
    ("let o = {}", "o = new Proxy(o, {})"),
    ("let o = {}", "o = Object.create(o)"),
    ("let o = {}", "o = Object.create(new Proxy(o, {}))"),
    ("let o = () => 1", "o = new Proxy(o, {})"),
    ("let o = class {}", "o = o.bind(null)"),
    ("let o = []", "o = [o]"),
    ("let o = {}", "o = { o }"),
    ("let o = {}", "o = { __proto__: new Proxy(o, {}), toJSON: undefined }"),
    ("let o = [].values()", "o = o.map((x) => x)"),
    ("let o = 1", "{ const inner = o; o = { valueOf: () => +inner, toString: () => `${inner}` }; }"),
    ("let o = 1", "{ const inner = o; o = { [Symbol.toPrimitive]: () => inner + 1 }; }"),
    ("let o = Promise.resolve(1)", "{ const inner = o; o = { then: (f) => f(inner) }; }"),
    ("let o = new Error('x')", "o = new Error('x', { cause: o })"),
    ("let o = new Set()", "o = new Set([o])"),
];

/// What is done with `o`; what changes it comes last.
const USES: &[&str] = &[
    "o.missing",
    "'missing' in o",
    "delete o.missing",
    "Object.keys(o)",
    "for (const k in o) k;",
    "{ ...o }",
    "Object.getPrototypeOf(o)",
    "Object.isExtensible(o)",
    "Object.getOwnPropertyDescriptor(o, 'x')",
    "Array.isArray(o)",
    "JSON.stringify(o)",
    "JSON.stringify([o], null, 1)",
    "[[o]].flat(Infinity)",
    "[o].join()",
    "[o].toLocaleString()",
    "String(o)",
    "`${o}`",
    "+o",
    "o + 1",
    "o == 1",
    "o < 1",
    "o()",
    "new o()",
    "o.call()",
    "Reflect.construct(Array, [], o)",
    "Reflect.construct(o, [])",
    "({}) instanceof o",
    "o instanceof Array",
    "class C extends o {}",
    "[].concat(o)",
    "Object.prototype.toString.call(o)",
    "typeof o",
    "structuredCloneOf(o)",
    "[...o]",
    "Array.from(o)",
    "Object.assign({}, o)",
    "Object.entries(o)",
    "o.then?.(() => 1)",
    "Promise.resolve(o)",
    "o.next?.()",
    "new Map([[o, o]])",
    "Object.groupBy([o], (x) => x)",
    "o.isPrototypeOf?.({})",
    "Reflect.get(o, 'x', 1)",
    "with_(o)",
    "new Intl.NumberFormat(o)",
    "new Date(o)",
    "BigInt.asIntN(8, o)",
    "o.missing = 1",
    "Reflect.set(o, 'x', 1, 1)",
    "Object.defineProperty(o, 'x', { value: 1 })",
    "Object.isFrozen(o)",
    "Object.freeze(o)",
    "Object.preventExtensions(o)",
    "Object.setPrototypeOf(o, null)",
];

/// What goes in a circle, or asks for itself.
const CIRCLES: &[&str] = &[
    "const h = {}; const p = new Proxy({}, h); Object.setPrototypeOf(h, p); p.x",
    "const h = {}; const p = new Proxy({}, h); Object.setPrototypeOf(h, p); 'x' in p",
    "const h = {}; const p = new Proxy({}, h); Object.setPrototypeOf(h, p); Object.keys(p)",
    "const h = {}; const p = new Proxy(() => 1, h); Object.setPrototypeOf(h, p); p()",
    "const o = {}, p = new Proxy(Object.create(o), {}); Object.setPrototypeOf(o, p); o.missing",
    "const o = {}, p = new Proxy(Object.create(o), {}); Object.setPrototypeOf(o, p); 'missing' in o",
    "const o = {}, p = new Proxy(Object.create(o), {}); Object.setPrototypeOf(o, p); o.missing = 1",
    "const o = {}, p = new Proxy(Object.create(o), {}); Object.setPrototypeOf(o, p); for (const k in o) k;",
    "const o = { get x() { return Reflect.get(o, 'x'); } }; o.x",
    "const o = { toString: () => `${o}` }; `${o}`",
    "const o = { valueOf: () => +o }; +o",
    "const o = { [Symbol.toPrimitive]: () => o + 1 }; o + 1",
    "const o = { toJSON: () => [o] }; JSON.stringify(o)",
    "const o = { toJSON: () => ({ o: { toJSON: o.toJSON } }) }; JSON.stringify(o)",
    "JSON.stringify({}, () => ({ a: 1 }))",
    "JSON.parse('['.repeat(1e6) + ']'.repeat(1e6))",
    "JSON.parse('['.repeat(1e6) + ']'.repeat(1e6), (k, v) => v)",
    "JSON.parse('{\"a\":'.repeat(1e5) + '1' + '}'.repeat(1e5), (k, v) => v)",
    "const a = []; a[0] = a; a.flat(Infinity)",
    "const o = { get [Symbol.isConcatSpreadable]() { return [].concat(o); } }; [].concat(o)",
    "const f = () => [2, 1].sort(f); f()",
    "const f = () => 'x'.replace(/x/, f); f()",
    "function f() { return f.bind(null).call(); } f()",
    "class A extends Array { static get [Symbol.species]() { return new A(1).map((x) => x).constructor; } } new A(1).map((x) => x)",
    "const f = () => Reflect.construct(class { constructor() { f(); } }, []); f()",
    "function* f() { yield* f(); } f().next()",
    "let g = [1].values(); for (let i = 0; i < 20000; i++) { const h = g; g = (function* () { yield* h; })(); } g.next()",
];

/// Text that nests: what begins a level, what is within all, what ends a level.
const TEXTS: &[(&str, &str, &str)] = &[
    ("[", "", "]"),
    ("(", "1", ")"),
    ("{", "", "}"),
    ("({a:", "1", "})"),
    ("!", "1", ""),
    ("- ", "1", ""),
    ("typeof ", "1", ""),
    ("", "a", ".b"),
    ("", "a", "[0]"),
    ("", "a", "()"),
    ("", "a", "``"),
    ("", "a", "?.b"),
    ("", "a", "?.()"),
    ("", "1", "-1"),
    ("", "1", "+1"),
    ("", "1", "*1"),
    ("", "1", "**1"),
    ("", "1", "<1"),
    ("", "1", "==1"),
    ("", "1", "|1"),
    ("", "1", "&&1"),
    ("", "1", "||1"),
    ("", "1", "??1"),
    ("", "1", ",1"),
    ("", "1", " in a"),
    ("", "a", "?1:a"),
    ("1?", "1", ":1"),
    ("`${", "1", "}`"),
    ("a=", "1", ""),
    ("a=>", "1", ""),
    ("(a=", "1", ")=>1"),
    ("async()=>", "1", ""),
    ("[...", "a", "]"),
    ("function f(){", "", "}"),
    ("(function(){", "", "})"),
    ("class A{a(){", "", "}}"),
    ("class A{a=class{", "", "}}"),
    ("class A extends ", "a", "{}"),
    ("if(1)", "1", ""),
    ("if(1);else ", ";", ""),
    ("for(;;)", ";", ""),
    ("while(1)", ";", ""),
    ("do ", ";", " while(1);"),
    ("try{", "", "}catch{}"),
    ("try{}catch{", "", "}"),
    ("switch(1){case 1:", "", "}"),
    ("a:", ";", ""),
    ("with(a)", ";", ""),
    ("let [", "a", "]=1"),
    ("var {a:", "a", "}=1"),
    ("new ", "a", ""),
    ("new ", "a", "()"),
    ("/", "(", ")/"),
    ("a[", "1", "]"),
    ("a(", "1", ")"),
    ("void ", "0", ""),
    ("delete ", "a", ""),
    ("a;", "", ""),
    ("", "a", "\na"),
    ("({[", "1", "]:1})"),
    ("({get a(){", "", "}})"),
    ("((", "a", ").b-1)"),
    ("yield=", "1", ""),
    ("import(", "1", ")"),
];

/// Patterns that nest in the same way.
const PATTERNS: &[(&str, &str, &str)] = &[
    ("(", "", ")"),
    ("(?:", "a", ")*"),
    ("(?=", "a", ")"),
    ("(?<=", "a", ")"),
    ("(?<!", "a", ")"),
    ("(?:a|", "b", ")"),
    ("(?:", "a", "){2}"),
    ("[", "a", "]"),
    ("", "a", "?"),
    ("", "a", "|b"),
    ("", "a", "a?"),
];

fn ends(code: &str, context: &mut Context) -> Result<(), String> {
    match context.eval(Source::from_bytes(code)) {
        Ok(_) => Ok(()),
        Err(error) => match error.as_engine() {
            None | Some(EngineError::RuntimeLimit(RuntimeLimitError::Recursion | RuntimeLimitError::StackSize)) => {
                Ok(())
            }
            Some(other) => Err(format!("{code}: {other}")),
        },
    }
}

fn on_a_thread(body: impl FnOnce(&mut Context) + Send + 'static) {
    let body = move || {
        native_stack::set_size(SCRIPT_STACK_BYTES);
        let mut context = Context::default();
        context.runtime_limits_mut().set_recursion_limit(2_000);
        context.runtime_limits_mut().set_stack_size_limit(1 << 20);
        let globals = "structuredCloneOf = (x) => x; with_ = new Function('o', 'with (o) missing');";
        context.eval(Source::from_bytes(globals)).expect("runs");
        body(&mut context);
        let sum = context.eval(Source::from_bytes("[1, 2].reduce((a, b) => a + b)")).expect("runs");
        assert_eq!(sum.as_number(), Some(3.0), "the context still works");
    };
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(body).expect("a thread").join().expect("no panic");
}

#[test]
fn chains_end() {
    on_a_thread(|context| {
        for (first, link) in CHAINS {
            let chain = format!("{{ {first}; for (let i = 0; i < {LINKS}; i++) {link}; chain = o; }}");
            println!("{chain}");
            context.eval(Source::from_bytes(&chain)).expect("a loop");
            for action in USES {
                let action = if action.starts_with('{') { format!("({action})") } else { (*action).to_owned() };
                println!("    {action}");
                ends(&format!("{{ const o = chain; {action}; }}"), context).unwrap();
            }
        }
    });
}

#[test]
fn circles_end() {
    on_a_thread(|context| {
        for code in CIRCLES {
            println!("{code}");
            ends(&format!("{{ {code}; }}"), context).unwrap();
        }
    });
}

#[test]
fn texts_end() {
    on_a_thread(|context| {
        for (begin, within, end) in TEXTS {
            for levels in [100, 3_000, 20_000] {
                let code =
                    format!("new Function('a', {begin:?}.repeat({levels}) + {within:?} + {end:?}.repeat({levels}))");
                println!("{code}");
                ends(&code, context).unwrap();
            }
        }
    });
}

#[test]
fn patterns_end() {
    on_a_thread(|context| {
        for (begin, within, end) in PATTERNS {
            for levels in [100, 250, 20_000] {
                let code = format!(
                    "new RegExp({begin:?}.repeat({levels}) + {within:?} + {end:?}.repeat({levels})).test('aaaa')"
                );
                println!("{code}");
                ends(&code, context).unwrap();
            }
        }
    });
}
