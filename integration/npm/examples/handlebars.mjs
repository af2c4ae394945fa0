import Handlebars from 'handlebars/runtime.js';
import templates from 'generated/handlebars.cjs';

Handlebars.registerHelper('loud', (text) => text.toUpperCase());
Handlebars.registerHelper('list', function (items, options) { return `[${items.map((item) => options.fn(item, { data: { extra: 1 } })).join('|')}]`; });
Handlebars.registerHelper('safe', (text) => new Handlebars.SafeString(`<i>${Handlebars.escapeExpression(text)}</i>`));

const told = (run) => { try { return run(); } catch (error) { return error.message; } };

export default () => {
  const [person, listing, layout] = templates(Handlebars);
  Handlebars.registerPartial('person', person);
  const kids = [{ name: 'Jimmy', age: '12' }, { name: 'Sally <3', age: '4' }];
  return {
    person: person({ name: 'Alan', hometown: 'Somewhere, TX', kids }),
    listing: listing({ title: 'T & T', items: kids, empty: [], map: { a: 1, b: { c: 2 } }, flag: 0, nested: { deep: { value: "it's" } } }),
    layout: layout({ who: kids[0], body: '<b>' }),
    missing: person({}),
    safe: told(() => person({ name: Object.create({ inherited: 1 }), kids: null })),
    error: told(() => layout({ fail: true })),
  };
};
