// What the programs use, and how their results become text. It runs in Node.js and in the engine, before the programs.

const MAX_LINES = 300;
const MAX_LINE = 3000;

/** A string as ASCII: what is not printable is escaped, lone surrogates too. */
function quote(text) {
  let quoted = '"';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const plain = unit >= 32 && unit < 127 && unit !== 34 && unit !== 92;
    quoted += plain ? text[i] : '\\u' + (unit + 65536).toString(16).slice(1);
  }
  return quoted + '"';
}

function showKey(key) {
  return typeof key === 'symbol' ? '[' + key.toString() + ']' : /^[A-Za-z0-9_$-]+$/.test(key) ? key : quote(key);
}

/** The own properties but those in `skip`, in their order, with what is unusual about them. */
function showProperties(object, skip, deeper) {
  const shown = [];
  for (const key of Reflect.ownKeys(object)) {
    if (skip(key)) continue;
    const property = Reflect.getOwnPropertyDescriptor(object, key);
    if (property === undefined) continue;
    const marks = (property.enumerable ? '' : '~') + (property.configurable ? '' : '!');
    if ('value' in property) shown.push(marks + (property.writable ? '' : '=') + showKey(key) + ': ' + deeper(property.value));
    else shown.push(marks + (property.get ? 'get ' : '') + (property.set ? 'set ' : '') + showKey(key));
  }
  return shown;
}

/** An error's message counts only where the program has made it, which it marks by `!`: engines word theirs freely. */
function showError(error, deeper) {
  const message = String(error.message);
  // Deep recursion ends a call of the engine, and can't be caught there.
  if (message === 'Maximum call stack size exceeded') return 'TOO DEEP';
  const text = error.name + (message[0] === '!' ? '(' + message + ')' : '');
  return text + ('cause' in error ? ' because ' + deeper(error.cause) : '') + ('errors' in error ? ' of ' + deeper(error.errors) : '');
}

function showList(list, deeper) {
  const shown = [];
  const length = Math.min(list.length, 60);
  for (let i = 0; i < length; i++) shown.push(i in list ? deeper(list[i]) : '<hole>');
  if (list.length > length) shown.push('... ' + list.length);
  const isIndex = (key) => typeof key === 'string' && (key === 'length' || String(key >>> 0) === key);
  return shown.concat(Array.isArray(list) ? showProperties(list, isIndex, deeper) : []);
}

/** The prototypes that are there from the beginning: in which order they have their properties is left to each engine. */
const PROTOTYPES = new Map();
for (const name of Object.getOwnPropertyNames(globalThis)) {
  const property = Object.getOwnPropertyDescriptor(globalThis, name);
  const prototype = typeof property.value === 'function' && Object.getOwnPropertyDescriptor(property.value, 'prototype')?.value;
  if (prototype) PROTOTYPES.set(prototype, name);
}

function showObject(object, depth, seen) {
  if (object === globalThis) return '<global object>';
  if (PROTOTYPES.has(object)) return '<prototype of ' + PROTOTYPES.get(object) + '>';
  if (seen.includes(object)) return '<cycle>';
  if (depth === 0) return '<deep>';
  const deeper = (value) => show(value, depth - 1, seen.concat([object]));
  if (Array.isArray(object)) return '[' + showList(object, deeper).join(', ') + ']';
  if (object instanceof Error) return showError(object, deeper);
  if (object instanceof Date) return 'Date(' + object.getTime() + ')';
  if (object instanceof RegExp) return String(object) + '@' + object.lastIndex;
  if (object instanceof Map) return 'Map{' + [...object].map(([key, value]) => deeper(key) + ' => ' + deeper(value)).join(', ') + '}';
  if (object instanceof Set) return 'Set{' + [...object].map(deeper).join(', ') + '}';
  if (object instanceof Promise) return '<promise>';
  if (object instanceof ArrayBuffer) return 'ArrayBuffer(' + [...new Uint8Array(object)].join(' ') + ')';
  if (object instanceof DataView) return 'DataView(' + object.byteOffset + ', ' + object.byteLength + ')';
  if (ArrayBuffer.isView(object)) return object.constructor.name + '[' + showList(object, deeper).join(', ') + ']';
  for (const Boxed of [Number, String, Boolean, Symbol, BigInt]) {
    if (object instanceof Boxed) return 'boxed ' + show(Boxed.prototype.valueOf.call(object));
  }
  const prototype = Object.getPrototypeOf(object);
  const kind = prototype === null ? 'null' : prototype === Object.prototype ? '' : String(object[Symbol.toStringTag] ?? object.constructor?.name);
  return kind + '{' + showProperties(object, () => false, deeper).join(', ') + '}';
}

/** A value as text, by which it can be told from any other that a program may well have made instead. */
function show(value, depth = 4, seen = []) {
  switch (typeof value) {
    case 'number': return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint': return String(value) + 'n';
    case 'string': return quote(value);
    case 'function': return '<function ' + show(value.name) + ' ' + value.length + '>';
    case 'object': return value === null ? 'null' : showObject(value, depth, seen);
    default: return String(value);
  }
}

/** An iterable that logs what is done to it. `odd` says what else it does. */
function source(log, name, count, odd = '') {
  let given = 0;
  const iterator = {
    [Symbol.iterator]() { log('iterate', name); return this; },
    [Symbol.asyncIterator]() { log('iterate async', name); return this; },
    next(value) {
      log('next', name, value);
      if (odd === 'next throws' && given === 1) throw new Error('!next of ' + name);
      return given < count ? { value: given++, done: false } : { value: 'end of ' + name, done: true };
    },
    return(value) {
      log('return', name, value);
      if (odd === 'return throws') throw new Error('!return of ' + name);
      return odd === 'return gives a number' ? 7 : { value, done: true };
    },
    throw(error) {
      log('throw', name, error);
      if (odd === 'throw throws') throw new Error('!throw of ' + name);
      return { value: 'caught by ' + name, done: true };
    },
  };
  if (odd === 'no return') delete iterator.return;
  if (odd === 'no throw') delete iterator.throw;
  return iterator;
}

/** Calls `body` and logs what comes of it. */
function attempt(log, name, body) {
  try {
    log(name, body());
  } catch (error) {
    log(name, 'threw', error);
  }
}

/** What a program logs, and the value that it returns. */
async function observe(program, params) {
  const lines = [];
  const log = (...values) => {
    if (lines.length === MAX_LINES) lines.push('and so on');
    if (lines.length > MAX_LINES) return;
    lines.push(values.map((value) => (typeof value === 'string' ? value : show(value))).join(' ').slice(0, MAX_LINE));
  };
  let value = null;
  try {
    value = await program(log, params);
  } catch (error) {
    log('threw', error);
  }
  // What runs on behind it may still log.
  return { lines: lines.slice(), value };
}
