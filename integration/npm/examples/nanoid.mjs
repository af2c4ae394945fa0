import { customAlphabet, customRandom, nanoid, urlAlphabet } from 'nanoid';
import { nanoid as insecure } from 'nanoid/non-secure';

export default () => {
  const ids = Array.from({ length: 200 }, () => nanoid());
  let state = 1;
  const fixed = customRandom('abcdef', 10, (size) => Uint8Array.from({ length: size }, () => (state = (state * 48271) % 2147483647) >> 8));
  return {
    unique: new Set(ids).size,
    shaped: ids.every((id) => id.length === 21 && [...id].every((c) => urlAlphabet.includes(c))),
    custom: [customAlphabet('1234567890abcdef', 10)().replace(/[0-9a-f]/g, '*'), nanoid(5).length, insecure(8).length],
    fixed: [fixed(), fixed(), fixed(4)],
    empty: nanoid(0),
  };
};
