// Numbers to text and back.

import { literal } from '../random.mjs';

const NOTABLE = [0, -0, 1, -1, 0.1, 0.5, 1.5, 2.5, 1.005, 1.45, 8.345, 0.000001, 1e-7, 123.456, 1e21, 1e20, 999999999999999900000, 5e-324, 2 ** 53, 2 ** 31, 2 ** 32, 4294967295.5, 1.7976931348623157e308, NaN, Infinity, -Infinity, 1e-17, 0.05, 25, 35, 1.25, 0.95, 9.995, 99.99];

function number(random) {
  const sign = random.chance(25) ? -1 : 1;
  return sign * random.weighted([
    [4, () => random.pick(NOTABLE)],
    [4, () => random.double()],
    [3, () => random.int(1000) / 10 ** random.int(6)],
    [3, () => random.bits() / 2 ** 32],
    [2, () => random.bits()],
    [2, () => random.int(10_000) * 10 ** random.between(-30, 30)],
    [2, () => (random.bits() * 2 ** 21 + random.bits() / 2 ** 11) * 2 ** random.between(-80, 40)],
    [1, () => 1.7e12 + random.bits() + random.int(1000) / 1000],
    [1, () => (random.int(2000) + 0.5) / 10 ** random.int(4)],
  ]);
}

/** Numerals, most of them such that something reads them. */
function numeral(random) {
  const digits = (from, to) => random.times(from, to, () => random.int(10)).join('');
  return random.weighted([
    [5, () => literal(number(random))],
    [3, () => digits(1, 60)],
    [3, () => `${digits(1, 25)}.${digits(0, 30)}`],
    [3, () => `${digits(0, 20)}.${digits(1, 20)}e${random.between(-340, 340)}`],
    [1, () => `0.${'0'.repeat(random.int(30))}${digits(1, 20)}`],
    [2, () => random.pick(['0x', '0b', '0o', '0X', '']) + digits(1, 20)],
    [1, () => random.pick([' 1 ', '+5', '--1', '1e', '1e+', '.', '', '-', '1_000', 'Infinity', '-Infinity', 'infinity', '0x', '1n', '12px', '.5.', '\u00a01\u2028', '1e1000', '-1e-1000', '0e0', '00012', '08', '1,5', 'ff', 'zz'])],
  ]);
}

function line(random) {
  const value = literal(number(random));
  const text = JSON.stringify(numeral(random));
  const plain = numeral(random);
  const inSource = /^\d+(\.\d*)?(e-?\d+)?$/.test(plain) && !/^0\d/.test(plain) ? plain : value;
  return random.weighted([
    [4, () => `(${value}).toFixed(${random.pick([random.int(101), random.int(20), random.int(4), ''])})`],
    [4, () => `(${value}).toPrecision(${random.pick([random.between(1, 100), random.between(1, 21), ''])})`],
    [4, () => `(${value}).toExponential(${random.pick([random.int(101), random.int(20), random.int(4), ''])})`],
    [3, () => `(${value}).toString(${random.pick([2, 3, 8, 16, 32, 36, random.between(2, 36), 10])})`],
    [3, () => `String(${value})`],
    [2, () => `\`\${${value}}\` + ${value}`],
    [3, () => `Number(${text})`],
    [2, () => `+${text}`],
    [3, () => `parseFloat(${text})`],
    [2, () => `parseInt(${text}, ${random.pick([10, 16, 2, 36, 0, 1, 37, random.between(2, 36), 'undefined'])})`],
    [2, () => inSource],
    [2, () => `JSON.parse(${JSON.stringify(inSource)})`],
    [1, () => `JSON.stringify([${value}, ${value}])`],
    [1, () => `[Math.round(${value}), Math.trunc(${value}), Math.fround(${value}), ${value} | 0, ${value} >>> 0]`],
    [1, () => `[Math.floor(${value}), Math.ceil(${value}), Math.sign(${value}), Math.clz32(${value}), Math.sqrt(${value})]`],
    [1, () => `[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array].map((Kind) => Kind.of(${value})[0])`],
    [1, () => `Object.keys({ [${value}]: 1, [${value}]: 2 })`],
    [1, () => `BigInt(${random.chance(50) ? text : value})`],
    [1, () => `(${BigInt(random.bits()) ** BigInt(random.int(6))}n).toString(${random.between(2, 36)})`],
    [1, () => `[Number.isInteger(${value}), Number.isSafeInteger(${value}), (${value}) % 1, (${value}) % ${literal(number(random))}]`],
  ]);
}

export function numberText(random) {
  return random.times(8, 25, () => line(random)).map((text) => `attempt(log, ${JSON.stringify(text)}, () => ${text});`).join('\n');
}
