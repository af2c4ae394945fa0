// Long texts, cut, searched, replaced and put together: what they come to. That it takes linear time is another test's.

const TEXT = "const line = '1,2026-08-18,US,product-142,3,335.66,ok\\n'; const lines = 1500; const text = line.repeat(lines);";
const on = (expression) => `${TEXT}\nlog(${expression});`;

export const texts = Object.fromEntries(Object.entries({
  'split': "text.split('\\n').length",
  'split by an expression': 'text.split(/\\n/).length',
  'split to characters': "text.slice(0, 5000).split('').length",
  'split of a wide text': "('\\u00e9\\u20ac' + text).split('\\n').length",
  'indexOf and slice': "(() => { let n = 0; for (let a = 0, b; (b = text.indexOf('\\n', a)) >= 0; a = b + 1) n += text.slice(a, b).length; return n; })()",
  'matchAll': '[...text.matchAll(/[^\\n]+/g)].length',
  'match': 'text.match(/product-\\d+/g).length',
  'exec at lastIndex': '(() => { const r = /[^\\n]*\\n/y; let n = 0; while (r.exec(text)) n++; return n; })()',
  'replaceAll': "text.replaceAll('product', 'p').length",
  'replace': "text.replace(/product/g, 'p').length",
  'replace by a function': 'text.replace(/product-(\\d+)/g, (_, n) => n).length',
  'put together in a loop': "(() => { let all = ''; for (let i = 0; i < lines; i++) all += line; return all === text; })()",
  'joined': "Array.from({ length: lines }, () => line).join('') === text",
  'characters': '(() => { let n = 0; for (const c of text) n += c.charCodeAt(0); return n; })()',
  'upper case': 'text.toUpperCase().length',
  'shift': '(() => { const a = Array.from({ length: lines }, (_, i) => i); let s = 0; while (a.length) s += a.shift(); return s; })()',
  'splice': '(() => { const a = Array.from({ length: lines }, (_, i) => i); let s = 0; while (a.length) s += a.splice(0, 7).length; return s; })()',
  'delete': "(() => { const o = {}; for (let i = 0; i < lines; i++) o['k' + i] = i; for (let i = 0; i < lines - 3; i++) delete o['k' + i]; return o; })()",
  'Map.delete': "(() => { const o = new Map(); for (let i = 0; i < lines; i++) o.set('k' + i, i); for (let i = 0; i < lines - 3; i++) o.delete('k' + i); return o; })()",
  'Map: iterate and delete': "(() => { const o = new Map(); for (let i = 0; i < lines; i++) o.set('k' + i, i); let n = 0; while (o.size) { o.delete(o.keys().next().value); n++; } return n; })()",
  'Set: delete while iterating': '(() => { const s = new Set([1, 2, 3]); const seen = []; for (const x of s) { seen.push(x); if (x === 1) { s.delete(2); s.add(4); } } return seen; })()',
  'TextDecoder': 'new TextDecoder().decode(new TextEncoder().encode(text)) === text',
  'JSON': 'JSON.parse(JSON.stringify(text.split(","))).length',
}).map(([name, expression]) => [name, on(expression)]));
