import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';

const XML = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE note [ <!ENTITY who "World"> ]>
<!-- a comment -->
<catalog xmlns:x="urn:x" count="2">
  <book id="1" x:lang="en"><title>XML &amp; more &lt;3 &who; &#228;&#x1F600;</title><price currency="EUR">12.50</price><empty/></book>
  <book id="02"><title><![CDATA[raw <b>text</b>]]></title><price>0x1F</price><tag>a</tag><tag>b</tag><ok>true</ok></book>
  <mixed>one <b>two</b> three</mixed>
</catalog>`;

export default () => {
  const attributes = { ignoreAttributes: false, attributeNamePrefix: '@' };
  const parse = (options, text = XML) => new XMLParser(options).parse(text);
  const data = parse(attributes);
  const build = (options, value = data) => new XMLBuilder({ ...attributes, ...options }).build(value);
  return {
    plain: parse(), attributes: data,
    typed: parse({ ...attributes, parseAttributeValue: true, numberParseOptions: { hex: true, leadingZeros: false } }),
    ordered: parse({ preserveOrder: true, commentPropName: '#comment', cdataPropName: '#cdata' }),
    arrays: parse({ isArray: (name) => name === 'title', removeNSPrefix: true, ...attributes }).catalog.book[0],
    processed: parse({ tagValueProcessor: (name, value) => (name === 'title' ? value.length : value), transformTagName: (name) => name.toUpperCase(), parseTagValue: false }),
    stopped: parse({ stopNodes: ['catalog.mixed'] }).catalog.mixed,
    built: [build(), build({ format: true, suppressEmptyNode: true }), build({}, { a: { '@x': '1 < 2', '#text': 'ä & b', list: [1, 2, null] }, ok: true })],
    same: JSON.stringify(parse(attributes, build())) === JSON.stringify(data),
    valid: [XML, '<a><b></a>', '<a b=c/>', '<a>&bad</a>', '<a/><b/>', '', '<a x="1" x="2"/>'].map((text) => XMLValidator.validate(text)),
    broken: (() => { try { return parse({}, '<a><b></c></a>'); } catch (error) { return `${error}`; } })(),
    numbers: parse({}, '<n><a>1e3</a><b>00012</b><c>123456789012345678901</c><d>-0.5</d><e> 7 </e><f>1.0</f><g>+5</g></n>'),
    deep: Object.keys(parse({}, `${'<a>'.repeat(50)}x${'</a>'.repeat(50)}`)).length,
  };
};
