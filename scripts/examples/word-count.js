'use strict';
// Counts the words of a text: chunks are counted all over the cluster (map), and the counts added up (reduce).
//
//   madrpc-actor local -s scripts/examples/word-count.js --call word_count '{"text": "to be or not to be"}'
//   madrpc-actor local -s scripts/examples/word-count.js --call word_count @request.json

// A word starts with a letter or digit of any script; apostrophes join its parts ("don't", "l’eau").
const WORDS = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*(?:['’][\p{L}\p{N}\p{M}]+)*/gu;
const IN_A_WORD = /[\p{L}\p{N}\p{M}'’]/u;

/** Cuts `text` into pieces of about `size` UTF-16 units, never inside a word. */
function cutBetweenWords(text, size) {
  const pieces = [];
  let start = 0;
  while (start < text.length) {
    let end = Math.min(start + size, text.length);
    // The second half of a surrogate pair belongs to the character before it.
    if ((text.charCodeAt(end) & 0xfc00) === 0xdc00) end++;
    while (end < text.length) {
      const character = String.fromCodePoint(text.codePointAt(end));
      if (!IN_A_WORD.test(character)) break;
      end += character.length;
    }
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

/** Most frequent first; words that are equally frequent in the order of their code units. */
function byFrequency([wordA, countA], [wordB, countB]) {
  if (countA !== countB) return countB - countA;
  return wordA < wordB ? -1 : wordA > wordB ? 1 : 0;
}

/** `params.text`, checked. */
function textParam(params) {
  if (typeof params?.text !== 'string') {
    throw new madrpc.RpcError(-32602, 'text must be a string', { parameter: 'text' });
  }
  return params.text;
}

/** The integer `params[name]`, its default when it is absent, or a refusal that names it. */
function countParam(params, name, min, max, fallback) {
  const value = params[name] ?? fallback;
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new madrpc.RpcError(-32602, `${name} must be an integer from ${min} to ${max}`, { parameter: name });
  }
  return value;
}

madrpc.register(
  'count_words',
  { idempotent: true, description: 'Counts the words of one text on this node: {text} → [[word, count], …] in order of appearance' },
  (params) => {
    // A Map: words like "constructor" mean nothing to it.
    const counts = new Map();
    for (const match of textParam(params).match(WORDS) ?? []) {
      const word = match.toLowerCase().normalize('NFC');
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    return [...counts];
  },
);

madrpc.register(
  'word_count',
  {
    idempotent: true,
    description:
      'Counts the words of a text across the cluster: {text, chunkSize = 20000, top = 100} → ' +
      '{words, distinct, chunks, counts: [[word, count], …]} with the `top` most frequent words',
  },
  async (params) => {
    const text = textParam(params);
    const chunkSize = countParam(params, 'chunkSize', 1, 1000000, 20000);
    const top = countParam(params, 'top', 1, 1000000, 100);

    const pieces = cutBetweenWords(text, chunkSize);
    const parts = await Promise.all(pieces.map((piece) => madrpc.call('count_words', { text: piece })));

    const totals = new Map();
    let words = 0;
    for (const part of parts) {
      for (const [word, count] of part) {
        totals.set(word, (totals.get(word) ?? 0) + count);
        words += count;
      }
    }
    return { words, distinct: totals.size, chunks: pieces.length, counts: [...totals].sort(byFrequency).slice(0, top) };
  },
);
