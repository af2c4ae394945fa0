// The sizes are such that quadratic work takes very long, and linear work a moment.
const N = 3000;
const lines = (line) => Array.from({ length: N }, (_, i) => line(i)).join('\n');

check('a function has many variables', () => [
    new Function(`${lines((i) => `let v${i} = ${i};`)}\n${lines((i) => `v${i}++;`)}\nreturn v5 + v${N - 1};`)(),
    new Function(`${lines((i) => `var v${i} = ${i};`)}\n${lines((i) => `v${i}++;`)}\nreturn v5 + v${N - 1};`)(),
    new Function(`${lines((i) => `const v${i} = ${i};`)}\n${lines((i) => `(() => v${i})();`)}\nreturn v5 + v${N - 1};`)(),
], '[3006, 3006, 3004]');
check('a function has many functions', () =>
    new Function(`${lines((i) => `function f${i}(a) { return a + ${i}; }`)}\nlet s = 0; ${lines((i) => `s += f${i}(1);`)} return s;`)(), '4501500');

const few = (n, line) => Array.from({ length: n }, (_, i) => line(i)).join('\n');
check('names are found among few and many', () => [3, 15, 16, 17, 18, 40].map((n) =>
    new Function(`let out = '';
        ${few(n, (i) => `let v${i} = ${i};`)}
        var v = 'v', w;
        function v${n}() { return v2; }
        { let v1 = 'inner'; const v2 = 'deep'; out += v1 + v2; (() => { v1 += v${n - 1}; })(); out += v1; }
        const read = (v0) => v0 + v1 + eval('v2 + v${n - 1}');
        try { v1 = 7; eval('var late = v1'); } catch (error) { out += error.name; }
        try { missing; } catch (error) { out += error.name; }
        try { early; let early; } catch (error) { out += error.name; }
        return out + read('p') + v${n}() + late + typeof w + typeof missing;`)()), '["innerdeepinnerdeepReferenceErrorReferenceErrorp7427undefinedundefined", "innerdeepinner14ReferenceErrorReferenceErrorp71627undefinedundefined", "innerdeepinner15ReferenceErrorReferenceErrorp71727undefinedundefined", "innerdeepinner16ReferenceErrorReferenceErrorp71827undefinedundefined", "innerdeepinner17ReferenceErrorReferenceErrorp71927undefinedundefined", "innerdeepinner39ReferenceErrorReferenceErrorp74127undefinedundefined"]');
