// Source text that some packages make of their input before a script runs: scripts can't compile text.

/** A CommonJS module that gives three templates to the runtime that it is called with. */
export function handlebarsTemplates(require) {
  const { precompile } = require('handlebars');
  const person = `<p>Hello, my name is {{name}}. I am from {{hometown}}. I have {{kids.length}} kids:</p>
<ul>{{#kids}}<li>{{name}} is {{age}}, {{loud name}} {{{name}}}</li>{{/kids}}</ul>`;
  const listing = `{{title}}{{#each items as |item index|}}
 {{index}} {{item.name}}{{#if @first}} first{{else if @last}} last{{/if}} {{../title}} {{lookup item "age"}}
{{else}}nothing{{/each}}{{#each empty}}x{{else}}empty{{/each}}{{#each map}}{{@key}}={{this}};{{/each}}
{{#with nested.deep}}{{value}}{{/with}}{{#unless flag}} no flag{{/unless}}{{#if flag includeZero=true}} zero{{/if}}
{{~! trimmed ~}}   {{#list items}}{{name}}{{@extra}}{{/list}} {{safe nested.deep.value}} \\{{raw}}`;
  const layout = '{{#> missing}}{{> person who}}{{#*inline "side"}}[{{who.name}}]{{/inline}}{{> side}}{{/missing}}{{#if fail}}{{> nobody}}{{/if}}';
  return `module.exports = (Handlebars) => [${[person, listing, layout].map((text) => `Handlebars.template(${precompile(text)})`)}];`;
}

/** A CommonJS module with two validators. */
export function ajvValidators(require) {
  const Ajv = require('ajv');
  const standaloneCode = require('ajv/dist/standalone').default;
  const addFormats = require('ajv-formats');
  const properties = {
    id: { type: 'string', format: 'uuid' },
    email: { type: 'string', format: 'email' },
    on: { type: 'string', format: 'date' },
    when: { type: 'string', format: 'time' },
    items: {
      type: 'array', minItems: 1, uniqueItems: true,
      items: { type: 'object', properties: { sku: { type: 'string', pattern: '^[A-Z]{2}-\\d+$' }, count: { type: 'integer', exclusiveMinimum: 0 } }, required: ['sku', 'count'], additionalProperties: false },
    },
    kind: { enum: ['gift', 'sale'] },
    note: { type: 'string', maxLength: 10 },
    price: { type: 'number', multipleOf: 0.01 },
    priority: { type: 'integer', default: 3 },
    tree: { $ref: '#/definitions/tree' },
  };
  const schema = (id, more) => ({
    $id: id, type: 'object', properties, required: ['id', 'email', 'items'], ...more,
    if: { properties: { kind: { const: 'sale' } }, required: ['kind'] }, then: { required: ['price'] }, else: { not: { required: ['price'] } },
    definitions: { tree: { type: 'object', properties: { value: { type: 'number' }, children: { type: 'array', items: { $ref: '#/definitions/tree' } } }, required: ['value'] } },
  });
  const ajv = new Ajv({
    code: { source: true }, allErrors: true, coerceTypes: true, useDefaults: true, strictRequired: false,
    schemas: [schema('order', {}), schema('strictOrder', { additionalProperties: false, dependencies: { note: ['on', 'when'] }, minProperties: 3 })],
  });
  addFormats(ajv);
  return standaloneCode(ajv, { order: 'order', strictOrder: 'strictOrder' });
}
