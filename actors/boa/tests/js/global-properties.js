// Which properties the standard's own objects have: tests/globals.rs compares all of them with Node.js.
const own = (object, key) => Object.hasOwn(object, key);
const above = (object) => Object.getPrototypeOf(object);
const Generator = (function* () {}).constructor, Async = (async () => {}).constructor, AsyncGenerator = (async function* () {}).constructor;
check('the species of typed arrays is inherited', () => [Int8Array, Uint8ClampedArray, BigUint64Array].map((type) => [own(type, Symbol.species), type[Symbol.species] === type]), '[[false, true], [false, true], [false, true]]');
check('where the species of typed arrays is', () => own(above(Int8Array), Symbol.species), 'true');
check('lastIndex is of each expression', () => [own(RegExp.prototype, 'lastIndex'), own(/a/, 'lastIndex'), RegExp.prototype.lastIndex], '[false, true, undefined]');
check('an expression without its own', () => { const made = Object.create(RegExp.prototype); made.lastIndex = 5; return Object.keys(made); }, '["lastIndex"]');
check('constructors of functions inherit from Function', () => [Generator, Async, AsyncGenerator].map((made) => above(made) === Function), '[true, true, true]');
check('they are told by their prototypes', () => [Generator, Async, AsyncGenerator].map((made) => { const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(made.prototype, 'constructor'); return [value === made, writable, enumerable, configurable]; }), '[[true, false, false, true], [true, false, false, true], [true, false, false, true]]');
