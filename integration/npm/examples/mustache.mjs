import Mustache from 'mustache';

const view = { title: 'Joe', calc: () => 2 + 4, html: '<b>GitHub & "friends"</b>', person: { name: { first: 'Ada' } }, stooges: [{ name: 'Moe' }, { name: 'Larry' }], none: [], yes: true, no: null, numbers: [1, 2.5, 1e21], bold() { return (text, render) => `<b>${render(text)}</b>`; }, full() { return `${this.name}!`; }, '@odd key': 'k' };

export default () => {
  const cached = Mustache.parse('{{x}} {{#list}}{{.}},{{/list}}');
  return {
    first: Mustache.render('{{title}} spends {{calc}}', view),
    escaped: Mustache.render('{{html}} {{{html}}} {{&html}}', view),
    sections: Mustache.render('{{#stooges}}{{name}}:{{full}} {{/stooges}}{{^none}}none{{/none}}{{#yes}}yes{{/yes}}{{#no}}no{{/no}}{{^missing}}missing{{/missing}}', view),
    dots: Mustache.render('{{person.name.first}} {{#person}}{{#name}}{{first}} {{title}}{{/name}}{{/person}} {{#numbers}}<{{.}}>{{/numbers}} {{@odd key}}', view),
    lambda: Mustache.render('{{#bold}}Hi {{title}}.{{/bold}}', view),
    comments: Mustache.render('a{{! ignored }}b\n{{! alone }}\nc', view),
    delimiters: Mustache.render('{{=<% %>=}}<% title %> {{title}} <%={{ }}=%>{{title}}', view),
    partials: Mustache.render('<ul>\n  {{> item}}\n</ul>{{#stooges}}{{>item}}{{/stooges}}', view, { item: '<li>{{name}}{{title}}</li>\n' }),
    whitespace: Mustache.render('{{#stooges}}\n- {{name}}\n{{/stooges}}\n  {{#yes}}  \n  x\n  {{/yes}}\n', view),
    custom: [Mustache.render('[title] [[title]', view, {}, ['[', ']']), Mustache.render('{{html}}', view, {}, { escape: (text) => text.length })],
    cached: [cached, Mustache.render('{{x}} {{#list}}{{.}},{{/list}}', { x: 1, list: 'ab' })],
    nested: Mustache.render('{{#a}}{{#b}}{{c}}{{d}}{{/b}}{{/a}}', { d: 'D', a: [{ b: [{ c: 1 }, { c: 2 }] }, { b: { c: 3 } }] }),
    errors: ['{{#open}}', '{{/close}}', '{{#a}}{{/b}}', '{{unclosed', '{{=x=}}'].map((text) => { try { return Mustache.render(text, view); } catch (error) { return `${error}`; } }),
  };
};
