check('hyperbolic functions of small numbers', () => [Math.atanh(2e-12), Math.asinh(2e-12), Math.atanh(1e-7), Math.asinh(-1e-20), Math.acosh(1), Math.acosh(1 + 2 ** -40)],
    '[2e-12, 2e-12, 1.0000000000000033e-7, -1e-20, 0, 0.0000013486991523485068]');
check('hyperbolic functions at their limits', () => [Math.atanh(1), Math.atanh(-1), Math.atanh(1.5), Math.asinh(-0), Math.asinh(-Infinity), Math.acosh(0.5), Math.acosh(Infinity), Math.atanh(-0), Math.asinh(1e300)],
    '[Infinity, -Infinity, NaN, -0, -Infinity, NaN, Infinity, -0, 691.4686750787736]');
check('hypot, as V8 adds up', () => [Math.hypot(), Math.hypot(-0), Math.hypot(3, 4), Math.hypot(NaN, -Infinity), Math.hypot(1, NaN), Math.hypot(1e300, 1e300), Math.hypot(0.000007, 81.778), Math.hypot(50, 39.39969688653946), Math.hypot(1, 1, 1)],
    '[0, 0, 5, Infinity, NaN, 1.4142135623730952e+300, 81.77800000000029, 63.657961911697946, 1.7320508075688772]');
check('hypot converts all before it looks', () => {
    const seen = [];
    const value = (v) => ({ valueOf() { seen.push(v); return v; } });
    Math.hypot(value(Infinity), value(1));
    return seen;
}, '[Infinity, 1]');
