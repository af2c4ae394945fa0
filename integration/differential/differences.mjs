// Where the engine may differ from Node.js. The run checks both ways: what differs must be listed, and what is listed must differ.

/** Cases, by name, each with the reason. */
export const caseDifferences = {};

/** Generators, by name, each with the reason. */
export const generatorDifferences = {};
