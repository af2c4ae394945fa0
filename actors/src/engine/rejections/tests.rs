use super::super::tests::{call, load, on_engine_stack};
use super::super::Engine;
use std::time::Instant;

/// The methods that the log tells of once the promise jobs of a call have run.
fn told(engine: &mut Engine, method: &str) -> Vec<String> {
    let _result = engine.invoke(1, call(method, None), Instant::now());
    while engine.run_jobs() {}
    let told = engine.host.rejections.methods();
    engine.take_finished();
    assert!(engine.host.rejections.methods().is_empty(), "it is told once");
    told
}

#[test]
fn only_a_rejection_that_nobody_handles_is_told_of() {
    const SCRIPT: &str = r"
        madrpc.register('forgotten', () => { Promise.reject(new Error('x')); return 1 });
        madrpc.register('async', () => { (async () => { await null; throw 2 })(); return 1 });
        madrpc.register('handled', () => { Promise.reject(1).catch(() => {}); return 1 });
        madrpc.register('later', async () => { const p = Promise.reject(1); await null; await null; try { await p } catch { return 1 } });
        madrpc.register('fails', async () => { throw new Error('told to the caller') });
        madrpc.register('all', () => Promise.all([Promise.reject(1), Promise.reject(2)]));
        madrpc.register('waits', () => { madrpc.call('m'); return new Promise(() => {}) });
    ";
    on_engine_stack(|| {
        let mut engine = load(SCRIPT).expect("loads");
        for method in ["forgotten", "async"] {
            assert_eq!(told(&mut engine, method), [method]);
        }
        for method in ["handled", "later", "fails", "all"] {
            assert!(told(&mut engine, method).is_empty(), "{method}");
        }
        assert!(engine.invoke(2, call("waits", None), Instant::now()).is_none());
        engine.cancel(2);
        assert!(engine.host.rejections.methods().is_empty(), "the cancellation was logged");
    });
}
