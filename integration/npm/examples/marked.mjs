import { Marked, marked } from 'marked';

const TEXT = `# Marked in *Node.js*

Rendered by **marked**, with \`code\`, [a link](https://example.com "title"), ![image](x.png), ~~gone~~ and <b>html</b>.
A second line  
after a break, auto https://example.org/?a=1&b=2 and \\*escaped\\* &copy; & < >.

1. one
2. two
   - nested
   - [x] task

   paragraph in item
3. three

> quote
> > deeper

| a | b | c |
|:--|:-:|--:|
| 1 | \`2|\` | **3** |

\`\`\`js
const x = 1 < 2 && "a";
\`\`\`

    indented

Setext
------

***
[ref]: <https://example.com/ref> 'Ref'
A [ref] and [other][ref], an_intra_word and __strong__*em*. Héllo 日本語 😀.
`;

export default async () => {
  const own = new Marked({ gfm: true, breaks: true });
  own.use({
    renderer: { heading({ tokens, depth }) { return `<h${depth} class="own">${this.parser.parseInline(tokens)}</h${depth}>\n`; } },
    extensions: [{ name: 'mark', level: 'inline', start: (text) => text.indexOf('=='), tokenizer(text) { const match = /^==([^=]+)==/.exec(text); return match ? { type: 'mark', raw: match[0], text: match[1] } : undefined; }, renderer: (token) => `<mark>${token.text}</mark>` }],
    walkTokens: (token) => { if (token.type === 'link') token.href = token.href.replace('http:', 'https:'); },
  });
  return {
    html: marked.parse(TEXT),
    inline: marked.parseInline('**a** _b_ `c` ~d~ <i>'),
    own: own.parse('# T\nline\nnext ==marked== [l](http://e.com)'),
    later: await new Marked({ async: true, walkTokens: async () => {} }).parse('- a\n- b'),
    tokens: marked.lexer('# A\n\n- x\n- y\n').map(({ type, depth, ordered, items }) => ({ type, depth, ordered, items: items?.length })),
    nested: marked.parse(`${'> '.repeat(20)}deep\n\n${'- '.repeat(10)}list`),
  };
};
