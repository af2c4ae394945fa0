import YAML, { Document, isMap, parseAllDocuments, parseDocument, visit } from 'yaml';

const TEXT = `# settings
YAML:
  - A human-readable data serialization language
  - https://en.wikipedia.org/wiki/YAML
yaml:
  - A complete JavaScript implementation
  - !!int "42"
base: &base { name: x, when: 2001-12-14T21:59:43.10-05:00 }
derived:
  <<: *base
  text: |
    literal
      block
  folded: >-
    one
    two

    three
  "quoted \\u263a": 'it''s'
numbers: [0o17, 0x1F, 1e3, .inf, -.inf, .nan, 1_000, ~, yes, True]
? complex
: value
empty:
`;

export default () => {
  const doc = parseDocument(TEXT);
  doc.setIn(['derived', 'name'], 'y');
  doc.get('YAML').add('added');
  doc.delete('numbers');
  visit(doc, { Scalar(key, node) { if (node.value === 'value') node.value = 'VALUE'; } });
  return {
    parsed: YAML.parse(TEXT, { merge: true }),
    printed: [YAML.stringify([true, false, 'maybe', null]), YAML.stringify({ a: { b: [1, { c: 'multi\nline' }], d: '123', e: ' padded ' }, f: [], g: {} }), YAML.stringify({ long: 'word '.repeat(30) }), YAML.stringify({ k: [1, [2, 3]] }, { collectionStyle: 'flow' })],
    edited: String(doc),
    shared: (() => { const list = [1]; return new Document({ a: list, b: list }).toString(); })(),
    documents: parseAllDocuments('a: 1\n---\n- 2\n...\n---\nthree\n').map((each) => each.toJS()),
    kinds: [isMap(doc.contents), doc.has('empty'), doc.getIn(['derived', 'text'])],
    errors: ['a: [1, 2', 'a: 1\na: 2', '\tx: 1', 'a: *none', '"open'].map((text) => parseDocument(text).errors.map(({ code, message, linePos }) => [code, message, linePos])),
    custom: YAML.parse('!up shout', { customTags: [{ tag: '!up', resolve: (text) => text.toUpperCase() }] }),
    revived: YAML.parse('a: 1\nb: 2', (key, value) => (typeof value === 'number' ? value * 10 : value)),
    old: YAML.parse('[yes, off, 0777, 1:30]', { version: '1.1' }),
  };
};
