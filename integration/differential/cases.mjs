// What is always compared: faults that there were, and corners of the language. A case is a function that gets `log` and
// whose result is logged, or the text of a program.

import { controlFlow } from './cases/control-flow.mjs';
import { language, messages } from './cases/language.mjs';
import { caches, classes, destructuring } from './cases/objects.mjs';
import { scopes } from './cases/scopes.mjs';
import { texts } from './cases/texts.mjs';
import { builtins, dates, numbers } from './cases/values.mjs';

const topics = { controlFlow, destructuring, classes, scopes, caches, numbers, dates, builtins, texts, language, messages };

/** A method's source text stands in an object to be an expression. */
const programOf = (body) => (typeof body === 'string' ? body : `const [body] = Object.values({ ${body} });\nlog('result', await body(log));`);

export const cases = Object.entries(topics).flatMap(([topic, bodies]) =>
  Object.entries(bodies).map(([name, body]) => ({ name: `${topic}: ${name}`, text: programOf(body) })));
