const names = (o) => { const all = []; for (const name in o) all.push(name); return all; };
check('for-in goes on to the prototype that a proxy names', () => names(new Proxy(Object.create({ up: 1 }), {})), '["up"]');
check('for-in asks the trap', () => names(new Proxy({ own: 1 }, { getPrototypeOf: () => ({ trap: 1 }) })), '["own", "trap"]');
check('for-in passes on what the trap throws', () => names(new Proxy({}, { getPrototypeOf() { throw new RangeError(); } })), 'throws RangeError');
