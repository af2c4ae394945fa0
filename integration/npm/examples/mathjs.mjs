import { all, create } from 'mathjs';

const math = create(all, { randomSeed: 'a' });

export default () => {
  const shown = (value) => math.format(value, { precision: 14 });
  const parser = math.parser();
  const exact = create(all, { number: 'BigNumber', precision: 40 });
  return {
    functions: [math.round(math.e, 3), math.atan2(3, -3) / math.pi, math.log(10000, 10), shown(math.sqrt(-4)), shown(math.derivative('x^2 + x', 'x')), shown(math.pow([[-1, 2], [3, 1]], 2))],
    expressions: ['1.2 * (2 + 4.5)', '12.7 cm to inch', 'sin(45 deg) ^ 2', '9 / 3 + 2i', 'det([-1, 2; 3, 1])', '5.08 cm^2 in inch^2', '2 < 1 ? 1 : [1:3] * 2', '10!', '7 mod 3', '0.1 + 0.2 == 0.3', '2 kg * 9.81 m/s^2 to N', 'bin(10)'].map((text) => shown(math.evaluate(text))),
    chained: math.chain(3).add(4).multiply(2).done(),
    parser: ['x = 7 / 2', 'x + 3', 'f(x, y) = x^y', 'f(2, 3)', 'M = [1, 2; 3, 4]', 'M[2, :]', 'inv(M)'].map((text) => { const value = parser.evaluate(text); return typeof value === 'function' ? value.syntax : shown(value); }),
    simplified: [math.simplify('2 x + 3 x - 1 + 4').toString(), math.rationalize('(x + 1) / (x - 1) + 1').toString(), math.derivative('exp(2x) sin(x)', 'x').toTex()],
    matrices: [shown(math.lusolve([[2, 1], [1, 3]], [3, 5])), shown(math.eigs([[2, 0], [0, 3]]).values), shown(math.multiply(math.identity(2), [[1, 2], [3, 4]])), shown(math.qr([[1, 2], [3, 4]]).R), math.size(math.zeros(2, 3)).toString()],
    big: [exact.evaluate('1/3').toString(), exact.evaluate('sqrt(2)').toString(), exact.evaluate('2^200').toFixed(), math.fraction(1, 3).add(math.fraction('0.25')).toFraction()],
    statistics: [math.mean(1, 4, 6), math.std([1, 2, 3, 4]), math.median([5, 3, 1]), math.quantileSeq([1, 3, 2, 5], 0.3), math.mode([1, 2, 2])],
    units: [math.unit('5 km/h').to('m/s').toString(), math.unit(9, 'kg').multiply(math.unit('2 m')).toString(), math.evaluate('20 celsius to fahrenheit').toNumber('fahrenheit').toFixed(6)],
    numbers: [math.gcd(24, 36), math.lcm(4, 6), math.isPrime(7919), math.combinations(10, 3), shown(math.gamma(4.5)), shown(math.erf(0.5)), math.bignumber('0.1').plus('0.2').toString(), math.xgcd(36163, 21199).toString()],
    random: [math.random() < 1, math.pickRandom([1]), math.randomInt(3, 4)],
    errors: ['1 +', 'foo(2)', '2 cm + 3 s', '[1, 2] * [1, 2, 3]'].map((text) => { try { return shown(math.evaluate(text)); } catch (error) { return `${error}`; } }),
  };
};
