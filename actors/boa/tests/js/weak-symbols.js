// Symbols are held weakly, as objects are, but for those of Symbol.for.
const word = (body) => { try { return body(); } catch (error) { return `${error.name}: ${error.message}`; } };
const symbols = { new: () => Symbol('s'), 'without a description': () => Symbol(), 'well known': () => Symbol.iterator };
for (const which in symbols) {
    check(`WeakMap: ${which}`, () => {
        const [key, other, map] = [symbols[which](), Symbol('other'), new WeakMap()];
        return [map.has(key), map.get(key), map.set(key, 5) === map, map.get(key), map.has(key), map.has(other), map.get(other), map.set(key, 6).get(key), map.delete(key), map.delete(key), map.has(key)];
    }, '[false, undefined, true, 5, true, false, undefined, 6, true, false, false]');
    check(`WeakSet: ${which}`, () => {
        const [key, other, set] = [symbols[which](), Symbol('other'), new WeakSet()];
        return [set.has(key), set.add(key) === set, set.add(key).has(key), set.has(other), set.delete(other), set.delete(key), set.has(key)];
    }, '[false, true, true, false, false, true, false]');
    check(`WeakRef: ${which}`, () => { const key = symbols[which](); return [new WeakRef(key).deref() === key, typeof new WeakRef(key).deref()]; }, '[true, "symbol"]');
    check(`FinalizationRegistry: ${which}`, () => {
        const registry = new FinalizationRegistry(() => {});
        const [key, token] = [symbols[which](), Symbol('token')];
        return [registry.register(key, 1, token), registry.register({}, 1, key), registry.unregister(token), registry.unregister(token), registry.unregister(key)];
    }, '[undefined, undefined, true, false, true]');
}
check('of an iterable', () => { const [a, b] = [Symbol('a'), Symbol('b')]; return [new WeakMap([[a, 1], [b, 2]]).get(b), new WeakSet([a, b]).has(a)]; }, '[2, true]');
check('symbols of the same name differ', () => new WeakMap([[Symbol('a'), 1]]).has(Symbol('a')), 'false');
check('a symbol is one key in all', () => { const key = Symbol('k'); const [a, b] = [new WeakMap([[key, 1]]), new WeakMap([[key, 2]])]; a.delete(key); return [a.has(key), b.get(key)]; }, '[false, 2]');
check('many', () => {
    const [map, kept] = [new WeakMap(), []];
    for (let i = 0; i < 2000; i++) { const key = Symbol(i); map.set(key, i); if (i % 100 === 0) kept.push(key); }
    return kept.map((key) => map.get(key)).join();
}, '"0,100,200,300,400,500,600,700,800,900,1000,1100,1200,1300,1400,1500,1600,1700,1800,1900"');
for (const [what, key] of Object.entries({ registered: () => Symbol.for('r'), 'a number': () => 1, 'a text': () => 'text', undefined: () => undefined, null: () => null })) {
    check(`no key: ${what}`, () => [
        word(() => new WeakMap().set(key(), 1)), word(() => new WeakSet().add(key())), word(() => new WeakRef(key())), word(() => new FinalizationRegistry(() => {}).register(key())),
        new WeakMap().has(key()), new WeakMap().get(key()), new WeakMap().delete(key()), new WeakSet().has(key()), new WeakSet().delete(key()),
    ], '["TypeError: Invalid value used as weak map key", "TypeError: Invalid value used in weak set", "TypeError: WeakRef: invalid target", "TypeError: FinalizationRegistry.prototype.register: invalid target", false, undefined, false, false, false]');
}
check('tokens', () => [word(() => new FinalizationRegistry(() => {}).register({}, 1, 1)), word(() => new FinalizationRegistry(() => {}).unregister(1)), word(() => new FinalizationRegistry(() => {}).unregister(Symbol.for('r')))], '["TypeError: Invalid unregisterToken (\'1\')", "TypeError: Invalid unregisterToken (\'1\')", "TypeError: Invalid unregisterToken (\'Symbol(r)\')"]');
check('the target itself', () => { const key = Symbol('k'); return word(() => new FinalizationRegistry(() => {}).register(key, key)); }, '"TypeError: FinalizationRegistry.prototype.register: target and holdings must not be same"');
check.boa('getOrInsert', () => { const [key, map] = [Symbol('k'), new WeakMap()]; return [map.getOrInsert(key, 1), map.getOrInsert(key, 2), map.getOrInsertComputed(Symbol('c'), (given) => String(given)), word(() => map.getOrInsert(Symbol.for('r'), 1))]; }, '[1, 1, "Symbol(c)", "TypeError: Invalid value used as weak map key"]');
