// Where the engine may differ from Node.js. The run checks both ways: what differs must be listed, and what is listed must differ.

/** Cases, by name, each with the reason. */
export const caseDifferences = {
  'language: JSON.parse with a reviver': 'to be mended: numbers beyond a double and lone surrogates are refused',
  'language: word characters without u': 'to be mended: `\\w` with the flag i alone takes U+017F and U+212A',
};

/** Generators, by name, each with the reason. */
export const generatorDifferences = {
  'builtins': 'to be mended: what single builtins do with odd arguments',
  'regular expressions': 'to be mended: word characters without u',
  'json': 'to be mended: JSON.parse with a reviver',
};
