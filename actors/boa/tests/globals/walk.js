// Comes to what the globals of ECMAScript have, as JSON: by path, what each property is. It runs in Boa and in Node.js.
(() => {
    const NAMES = [
        'globalThis', 'Infinity', 'NaN', 'undefined', 'eval', 'isFinite', 'isNaN', 'parseFloat', 'parseInt', 'decodeURI', 'decodeURIComponent', 'encodeURI', 'encodeURIComponent', 'escape', 'unescape',
        'AggregateError', 'Array', 'ArrayBuffer', 'AsyncDisposableStack', 'Atomics', 'BigInt', 'BigInt64Array', 'BigUint64Array', 'Boolean', 'DataView', 'Date', 'DisposableStack', 'Error', 'EvalError', 'FinalizationRegistry', 'Float16Array', 'Float32Array',
        'Float64Array', 'Function', 'Int8Array', 'Int16Array', 'Int32Array', 'Intl', 'Iterator', 'JSON', 'Map', 'Math', 'Number', 'Object', 'Promise', 'Proxy', 'RangeError', 'ReferenceError', 'Reflect', 'RegExp', 'Set',
        'SharedArrayBuffer', 'String', 'SuppressedError', 'Symbol', 'SyntaxError', 'Temporal', 'TypeError', 'Uint8Array', 'Uint8ClampedArray', 'Uint16Array', 'Uint32Array', 'URIError', 'WeakMap', 'WeakRef', 'WeakSet',
    ];
    /** What has no global name. */
    const HIDDEN = {
        '%TypedArray%': () => Object.getPrototypeOf(Int8Array),
        '%GeneratorFunction%': () => (function* () {}).constructor,
        '%AsyncFunction%': () => (async () => {}).constructor,
        '%AsyncGeneratorFunction%': () => (async function* () {}).constructor,
        '%ArrayIteratorPrototype%': () => Object.getPrototypeOf([][Symbol.iterator]()),
        '%StringIteratorPrototype%': () => Object.getPrototypeOf(''[Symbol.iterator]()),
        '%MapIteratorPrototype%': () => Object.getPrototypeOf(new Map()[Symbol.iterator]()),
        '%SetIteratorPrototype%': () => Object.getPrototypeOf(new Set()[Symbol.iterator]()),
        '%RegExpStringIteratorPrototype%': () => Object.getPrototypeOf(/a/[Symbol.matchAll]('')),
        '%AsyncIteratorPrototype%': () => Object.getPrototypeOf(Object.getPrototypeOf((async function* () {}).prototype)),
    };

    const found = {};
    const paths = new Map();
    const attributes = ({ writable, enumerable, configurable }) => (writable ? 'w' : '') + (enumerable ? 'e' : '') + (configurable ? 'c' : '');
    const text = (value) => (typeof value === 'string' ? JSON.stringify(value) : String(value));
    const called = (value) => `function ${text(value.name)}/${value.length}${Object.hasOwn(value, 'prototype') ? ' with prototype' : ''}`;

    /** A value as text. An object is described once, where it is met first. */
    function value(path, of) {
        if (typeof of !== 'function' && (typeof of !== 'object' || of === null)) return `${typeof of} ${text(of)}`;
        if (paths.has(of)) return `is ${paths.get(of)}`;
        paths.set(of, path);
        const prototype = Object.getPrototypeOf(of);
        const above = prototype === null ? 'null' : prototype === Function.prototype ? '' : paths.get(prototype) ?? 'another';
        properties(path, of);
        return `${typeof of === 'function' ? called(of) : 'object'}${above && ` above ${above}`}`;
    }

    function properties(path, of) {
        // In one order: an object that has two names is described under the first.
        const keys = Reflect.ownKeys(of).sort((a, b) => (String(a) < String(b) ? -1 : 1));
        for (const key of keys) {
            // Which functions have these two is left open.
            if (typeof of === 'function' && (key === 'arguments' || key === 'caller')) continue;
            const property = Reflect.getOwnPropertyDescriptor(of, key);
            const name = typeof key === 'symbol' ? `${path}[${key.description}]` : `${path}.${key}`;
            if ('value' in property) found[name] = `${attributes(property)} ${value(name, property.value)}`;
            else found[name] = `${attributes(property)}${property.get ? ` get ${called(property.get)}` : ''}${property.set ? ` set ${called(property.set)}` : ''}`;
        }
    }

    paths.set(globalThis, 'globalThis');
    for (const name of ['Object', 'Function', 'Error']) paths.set(globalThis[name].prototype, `${name}.prototype`);
    // It is there without its global name, too.
    paths.set(Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())), 'Iterator.prototype');
    const first = [...paths.keys()].slice(1);
    for (const prototype of first) properties(paths.get(prototype), prototype);
    for (const name of NAMES) {
        const property = Reflect.getOwnPropertyDescriptor(globalThis, name);
        if (property) found[name] = `${attributes(property)} ${value(name, property.value ?? property.get?.call(globalThis))}`;
    }
    for (const name in HIDDEN) found[name] = value(name, HIDDEN[name]());
    return JSON.stringify(found);
})()
