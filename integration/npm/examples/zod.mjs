import * as z from 'zod';

const Player = z.object({
  username: z.string().min(2),
  xp: z.number().int().nonnegative(),
  email: z.email().optional(),
  tags: z.array(z.string()).default([]),
  born: z.coerce.date(),
});
const Shape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('circle'), radius: z.number().positive() }),
  z.object({ kind: z.literal('square'), side: z.number().positive() }).strict(),
]);
const Even = z.number().refine((n) => n % 2 === 0, { error: 'not even' });
const Words = z.string().trim().toLowerCase().transform((text) => text.split(/\s+/)).pipe(z.array(z.string()).max(3));
const Tree = z.object({ value: z.number(), get children() { return z.array(Tree); } });

const told = (result) => (result.success ? result.data : result.error.issues.map(({ code, path, message }) => ({ code, path, message })));

export default async () => ({
  parsed: Player.parse({ username: 'billie', xp: 100, born: '2000-01-01', extra: 1 }),
  refused: told(Player.safeParse({ username: 'b', xp: '100', email: 'nobody', born: 'x' })),
  circle: told(Shape.safeParse({ kind: 'circle', radius: 2 })),
  square: told(Shape.safeParse({ kind: 'square', side: -1, more: 1 })),
  other: told(Shape.safeParse({ kind: 'line' })),
  even: [told(Even.safeParse(2)), told(Even.safeParse(3))],
  words: [told(Words.safeParse('  One TWO ')), told(Words.safeParse('a b c d'))],
  tree: told(Tree.safeParse({ value: 1, children: [{ value: 2, children: [] }, { value: '3', children: [] }] })),
  partial: told(Player.partial().pick({ xp: true }).safeParse({})),
  record: told(z.record(z.string(), z.union([z.number(), z.null()])).safeParse({ a: 1, b: null, c: 'x' })),
  checked: told(await z.string().refine(async (text) => text.startsWith('a')).safeParseAsync('b')),
  tuple: told(z.tuple([z.string(), z.number()]).rest(z.boolean()).safeParse(['a', 1, true, 'no'])),
  enumerated: told(z.enum(['a', 'b']).safeParse('c')),
  formats: [z.uuid(), z.ipv4(), z.url(), z.iso.datetime()].map((format) => told(format.safeParse('2024-05-01T12:00:00Z'))),
  schema: z.toJSONSchema(Player.omit({ born: true })),
  pretty: z.prettifyError(Player.safeParse({}).error),
});
