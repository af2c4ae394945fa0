import { parse } from 'csv-parse/browser/esm/sync';

const CSV = '\ufeffid;name;amount;on\n# comment\n1;"Doe; Jane";1.5;2024-02-29\n2; Jöhn ;"say ""hi""";\n\n3;"multi\nline";-7;x\n';
const told = (run) => { try { return run(); } catch (error) { const { code, message, lines, column } = error; return { code, message, lines, column }; } };
const base = { bom: true, delimiter: ';', comment: '#', skip_empty_lines: true };

export default () => ({
  rows: parse(CSV, base),
  records: parse(CSV, { ...base, columns: true, trim: true }),
  cast: parse(CSV, { ...base, columns: (header) => header.map((name) => name.toUpperCase()), cast: (value, { column, header }) => (!header && column === 'AMOUNT' && !Number.isNaN(Number(value)) ? Number(value) : value) }),
  automatic: parse('1,2.5,x,2024-01-01', { cast: true, cast_date: true }),
  info: parse('a,b\n1,2', { info: true, columns: true }),
  ranged: [parse(CSV, { ...base, from: 2, to: 3 }), parse(CSV, { ...base, from_line: 3, columns: ['a', 'b', 'c', 'd'] }), parse('a,a,b\n1,2,3', { columns: true, group_columns_by_name: true })],
  keyed: parse('id,v\nx,1\ny,2', { columns: true, objname: 'id' }),
  mapped: parse('a,b\n1,2\n3,4', { columns: true, on_record: (record, { records }) => (record.a === '1' ? null : { ...record, records }) }),
  quotes: [parse("'a','b''c'", { quote: "'", escape: "'" }), parse('a"b,c', { quote: false }), parse('a "b" c,d', { relax_quotes: true }), parse('a|b\r\nc|d', { delimiter: ['|', ','] }), parse('a::b', { delimiter: '::' })],
  loose: parse('a,b\n1\n1,2,3', { columns: true, relax_column_count: true }),
  skipped: parse('a,b\n1\n3,4', { skip_records_with_error: true }),
  errors: [() => parse('a,b\n1'), () => parse('"open'), () => parse('"a" b'), () => parse('a', { delimiter: 5 }), () => parse('a,b\n1,2,3', { columns: true }), () => parse('x'.repeat(20), { max_record_size: 10 })].map(told),
  many: parse(Array.from({ length: 500 }, (_, i) => `${i},"${'q'.repeat(i % 7)}"`).join('\n')).reduce((sum, [id, text]) => sum + Number(id) * text.length, 0),
});
