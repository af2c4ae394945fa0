import Decimal from 'decimal.js';

const Exact = Decimal.clone({ precision: 50, rounding: Decimal.ROUND_HALF_EVEN });
const told = (run) => { try { return run(); } catch (error) { return error.message; } };

export default () => ({
  sums: [new Decimal(0.1).plus(0.2), Decimal('0x1F.8'), new Decimal('1e1000').times('1e-999'), Decimal.sum('1.5', 2, '3e-10'), new Decimal('123.456').dividedBy(7)].map(String),
  shown: [new Decimal('255.5').toBinary(), new Decimal(255).toHexadecimal(), new Decimal('1234.5678').toFixed(2), new Decimal('1234.5678').toExponential(3), new Decimal('1234.5678').toPrecision(3), new Decimal('1.5').toFraction().join('/'), new Decimal(Math.PI).toFraction(1000).join('/'), new Decimal(-0).valueOf(), new Decimal('1e-7').toString(), new Decimal('99.995').toDP(2).toString(), new Decimal('12345').toSD(2).toString()],
  functions: ['sqrt', 'cbrt', 'exp', 'ln', 'log', 'sin', 'cos', 'tan', 'atan', 'sinh', 'asinh'].map((name) => new Exact(2)[name]().toString()),
  bounded: ['asin', 'acos', 'atanh'].map((name) => new Exact('0.3')[name]().toString()),
  powers: [new Exact(2).pow(100).toFixed(), new Exact('1.1').pow('2.5').toString(), Exact.pow(2, 0.5).toString(), Exact.hypot(3, 4).toString(), Exact.log2(1024).toString(), Exact.atan2(1, -1).toString(), Exact.acos(-1).toString()],
  rounding: Array.from({ length: 9 }, (_, mode) => [new Decimal('2.5').toDP(0, mode), new Decimal('-2.5').toDP(0, mode), new Decimal('2.51').toDP(1, mode)].map(String)),
  compared: [new Decimal(1).cmp(2), new Decimal('NaN').eq(NaN), new Decimal(5).gt('4.99999'), new Decimal(Infinity).isFinite(), Decimal.max(1, '3', 2).toNumber(), new Decimal(5).clamp(1, 3).toString(), Decimal.sign('-3')],
  rest: [new Decimal(-7).mod(3), new Decimal('7.5').divToInt(2), new Decimal('5.3').toNearest('0.25'), new Decimal(-7.7).trunc(), new Decimal(-7.7).floor(), new Decimal(10).mod('3.3')].map(String),
  limits: [new Decimal('1e9000000000000001').toString(), Exact.clone({ maxE: 10 })('1e11').toString(), Exact.clone({ precision: 5 })(1).div(3).toString(), Exact.clone({ modulo: 9 })(-7).mod(3).toString()],
  random: Decimal.random(20).lt(1),
  json: { value: new Decimal('1.10') },
  errors: [() => new Decimal('x'), () => Decimal.set({ precision: 0 }), () => new Decimal(1).toFixed(-1), () => new Decimal(-1).sqrt().toString(), () => new Decimal(1).div(0).toString()].map(told),
});
