// What makes programs, by name. Each is a function of `Random` that gives the text of a program, or `{ text, params }`.

import { argumentsObjects } from './generators/arguments.mjs';
import { asyncControlFlow, asyncGeneratorControlFlow, controlFlow, generatorControlFlow } from './generators/control-flow.mjs';
import { builtins } from './generators/builtins.mjs';
import { caches } from './generators/caches.mjs';
import { classes } from './generators/classes.mjs';
import { dates } from './generators/dates.mjs';
import { destructuring } from './generators/destructuring.mjs';
import { expressions } from './generators/expressions.mjs';
import { json } from './generators/json.mjs';
import { numberText } from './generators/number-text.mjs';
import { operators } from './generators/operators.mjs';
import { privateMembers } from './generators/private-members.mjs';
import { promises } from './generators/promises.mjs';
import { regularExpressions } from './generators/regular-expressions.mjs';
import { scopes } from './generators/scopes.mjs';
import { sorting } from './generators/sorting.mjs';
import { strings } from './generators/strings.mjs';
import { withStatements } from './generators/with-statements.mjs';

export const generators = {
  'control flow': controlFlow,
  'control flow of generators': generatorControlFlow,
  'control flow of async functions': asyncControlFlow,
  'control flow of async generators': asyncGeneratorControlFlow,
  destructuring,
  classes,
  scopes,
  'property caches': caches,
  expressions,
  'arguments objects': argumentsObjects,
  'private members': privateMembers,
  'with statements': withStatements,
  operators,
  builtins,
  'number text': numberText,
  strings,
  'regular expressions': regularExpressions,
  sorting,
  dates,
  json,
  promises,
};
