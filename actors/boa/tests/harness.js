// What the files in js/ are written with, in Boa and in Node.js alike.
//
// check(what, body, expected): `body()` must come to the text `expected`, in Boa and in Node.js.
// check.boa(...): as above, in Boa alone, where the Node.js of the tests is too old for it.
// What a body throws counts as `throws NAME`; a promise is waited for.
(function () {
    const rows = [];
    globalThis.check = (what, body, expected) => { rows.push({ what, body, expected, boa: false }); };
    globalThis.check.boa = (what, body, expected) => { rows.push({ what, body, expected, boa: true }); };

    function show(value, above = []) {
        if (typeof value === 'string') return JSON.stringify(value);
        if (typeof value === 'bigint') return `${value}n`;
        if (typeof value === 'function') return `function ${value.name}`;
        if (Object.is(value, -0)) return '-0';
        if (typeof value !== 'object' || value === null) return String(value);
        if (above.includes(value)) return '<cycle>';
        const inner = (each) => show(each, [...above, value]);
        if (Array.isArray(value)) {
            const items = [];
            for (let i = 0; i < value.length; i++) items.push(i in value ? inner(value[i]) : '<hole>');
            return `[${items.join(', ')}]`;
        }
        if (value instanceof Error) return value.name;
        if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
        if (value instanceof RegExp) return String(value);
        if (value instanceof Map) return `Map{${[...value].map(([k, v]) => `${inner(k)} => ${inner(v)}`).join(', ')}}`;
        if (value instanceof Set) return `Set{${[...value].map(inner).join(', ')}}`;
        if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
            return `${value.constructor.name}[${Array.from(value, inner).join(', ')}]`;
        }
        const keys = Reflect.ownKeys(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key));
        return `{${keys.map((key) => `${String(key)}: ${inner(value[key])}`).join(', ')}}`;
    }

    async function outcome(body) {
        try {
            return show(await body());
        } catch (error) {
            return `throws ${error instanceof Error ? error.name : show(error)}`;
        }
    }

    globalThis.rowCount = () => rows.length;
    // Runs the rows whose numbers `wanted` accepts, one after the other. Comes to the sentences that say what failed.
    globalThis.runRows = async (wanted = () => true, inBoa = true) => {
        const failures = [];
        for (const [number, { what, body, expected, boa }] of rows.entries()) {
            if (!wanted(number) || (boa && !inBoa)) continue;
            const actual = await outcome(body);
            if (actual !== expected) failures.push(`${what}: ${actual} where ${expected} is right`);
        }
        return failures;
    };
})();
