import Papa from 'papaparse';

const CSV = 'name,age,note,member\n"Ada, Countess",36,"said ""hi""",true\nCharles,,"two\nlines",false\n# a comment\n\nGrace,85.5,"ünï 😀",TRUE\n';

export default () => {
  const steps = [];
  Papa.parse(CSV, { step: ({ data }) => steps.push(data.length), skipEmptyLines: true });
  const chunks = [];
  Papa.parse(CSV.repeat(3), { chunkSize: 40, chunk: ({ data }) => chunks.push(data.length) });
  return {
    rows: Papa.parse(CSV),
    typed: Papa.parse(CSV, { header: true, dynamicTyping: true, comments: '#', skipEmptyLines: 'greedy', transformHeader: (header) => header.toUpperCase() }),
    guessed: ['a\tb\tc\n1\t2\t3', 'a;b;c\r\n1;2;3', 'a|b\r1|2'].map((text) => Papa.parse(text)),
    broken: [Papa.parse('a,b\n1,2,3\n4', { header: true }), Papa.parse('"open,1\n2,3')],
    preview: Papa.parse(CSV, { preview: 2 }).data,
    transformed: Papa.parse('a, b \n1, 2 ', { transform: (value, column) => `${column}:${value.trim()}` }).data,
    steps, chunks,
    unparsed: [
      Papa.unparse([{ a: 1, b: 'x,y' }, { a: null, b: 'q"q' }, { a: ' pad ', b: '\n' }]),
      Papa.unparse({ fields: ['x', 'y'], data: [[1, 2], [3, undefined]] }, { quotes: true, delimiter: ';', newline: '\n' }),
      Papa.unparse([['=SUM(A1)', '+1', '-2', '@x']], { escapeFormulae: true }),
    ],
    round: Papa.parse(Papa.unparse(Papa.parse(CSV).data)).data.length,
  };
};
