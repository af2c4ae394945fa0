import { NIL, parse, stringify, v1, v3, v4, v5, v6, v7, validate, version } from 'uuid';

const FIXED = { random: Uint8Array.from({ length: 16 }, (_, i) => 17 * i), msecs: 1_700_000_000_123, seq: 7, node: [1, 2, 3, 4, 5, 6], clockseq: 0x1234, nsecs: 5678 };

export default () => {
  const random = Array.from({ length: 100 }, () => v4());
  return {
    random: [new Set(random).size, random.every((id) => validate(id) && version(id) === 4)],
    sorted: (() => { const ids = Array.from({ length: 50 }, () => v7()); return ids.join() === [...ids].sort().join(); })(),
    fixed: [v1(FIXED), v4(FIXED), v6(FIXED), v7(FIXED)],
    named: [v3('hello.example.com', v3.DNS), v5('hello.example.com', v5.DNS), v5('https://ü.example/', v5.URL), v5('hello', '1b671a64-40d5-491e-99b0-da01ff1f3341')],
    bytes: [...parse('6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b')],
    text: stringify(Uint8Array.of(0x6e, 0xc0, 0xbd, 0x7f, 0x11, 0xc0, 0x43, 0xda, 0x97, 0x5e, 0x2a, 0x8a, 0xd9, 0xeb, 0xae, 0x0b)),
    asked: [validate(NIL), validate('not a UUID'), version('45637ec4-c85f-11ea-87d0-0242ac130003')],
    refused: [() => parse('x'), () => version('x'), () => v5('a', 'b')].map((run) => { try { return run(); } catch (error) { return `${error}`; } }),
  };
};
