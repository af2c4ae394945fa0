// A function or class that is a parameter's default is named after the parameter.

check('functions', () => [(function (c = () => 1) { return c.name; })(), ((c = function () {}) => c.name)(), ({ m(c = class {}) { return c.name; } }).m(), (async (d = async () => {}) => d.name)().constructor === Promise], '["c", "c", "c", true]');
check('what has a name keeps it', () => (function (a = function own() {}, b = (0, () => 1)) { return [a.name, b.name]; })(), '["own", ""]');
check('generators', () => [...(function* (g = function* () {}) { yield g.name; })()], '["g"]');
check('in patterns', () => (function ({ f = () => 1 } = {}, [g = class {}] = []) { return [f.name, g.name]; })(), '["f", "g"]');
