//! What Boa's async generators do, where the engine hangs on it.

use crate::engine::tests::text;

#[test]
fn return_waits_for_what_is_awaited_and_runs_finally() {
    let body = "async () => { const seen = []; let go; \
        async function* g() { try { seen.push('begun'); await new Promise(r => { go = r }); seen.push('resumed'); yield 1; seen.push('never') } \
        finally { seen.push('finally'); await 0; seen.push('awaited') } } \
        const it = g(); const first = it.next(); const end = it.return('r'); seen.push('asked'); go(); \
        return [await first, await end, await it.next(), seen] }";
    assert_eq!(
        text(body),
        r#"[{"value":1,"done":false},{"value":"r","done":true},{"done":true},["begun","asked","resumed","finally","awaited"]]"#
    );
}

#[test]
fn return_at_a_yield_runs_finally_and_before_the_start_runs_nothing() {
    let body = "async () => { const seen = []; \
        async function* g() { seen.push('begun'); try { yield 1 } finally { seen.push('finally') } } \
        const a = g(); await a.next(); const b = g(); \
        return [await a.return(), await b.return(), await b.next(), seen] }";
    assert_eq!(text(body), r#"[{"done":true},{"done":true},{"done":true},["begun","finally"]]"#);
}

#[test]
fn a_throw_while_return_is_queued_is_the_outcome_of_next() {
    let body = "async () => { let fail; \
        async function* g() { await new Promise((_, r) => { fail = r }); yield 1 } \
        const it = g(); const first = it.next().catch(e => 'thrown ' + e); const end = it.return(7); fail('x'); \
        return [await first, await end] }";
    assert_eq!(text(body), r#"["thrown x",{"value":7,"done":true}]"#);
}

#[test]
fn next_is_queued_and_answered_in_order() {
    let body = "async () => { async function* g() { for (let i = 0; i < 3; i++) { await 0; yield i } return 'r' } \
        const it = g(); return (await Promise.all([it.next(), it.next(), it.next(), it.next(), it.next()])).map(r => [r.value, r.done]) }";
    assert_eq!(text(body), r#"[[0,false],[1,false],[2,false],["r",true],[null,true]]"#);
}

#[test]
fn what_is_yielded_is_awaited_and_delegation_passes_return_on() {
    let body = "async () => { const seen = []; \
        async function* inner() { try { yield Promise.resolve('a'); yield 'b' } finally { seen.push('inner') } } \
        async function* outer() { try { yield* inner() } finally { seen.push('outer') } } \
        const it = outer(); return [(await it.next()).value, (await it.return(1)).value, seen] }";
    assert_eq!(text(body), r#"["a",1,["inner","outer"]]"#);
}

#[test]
fn a_finally_that_throws_rejects_return() {
    let body = "async () => { async function* g() { try { yield 1 } finally { throw 'out' } } \
        const it = g(); await it.next(); return it.return().then(() => 'returned', e => 'thrown ' + e) }";
    assert_eq!(text(body), r#""thrown out""#);
}
