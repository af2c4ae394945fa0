import Joi from 'joi';

const schema = Joi.object({
  username: Joi.string().alphanum().min(3).max(30).required(),
  password: Joi.string().pattern(/^[a-zA-Z0-9]{3,30}$/),
  repeat_password: Joi.ref('password'),
  access_token: [Joi.string(), Joi.number()],
  birth_year: Joi.number().integer().min(1900).max(2013),
  email: Joi.string().email({ minDomainSegments: 2, tlds: false }),
  role: Joi.string().valid('admin', 'user').default('user'),
  tags: Joi.array().items(Joi.string().lowercase().trim()).unique().max(3),
  from: Joi.date().iso(), to: Joi.date().greater(Joi.ref('from')),
  limit: Joi.number().when('role', { is: 'admin', then: Joi.forbidden(), otherwise: Joi.number().default(10) }),
}).with('username', 'birth_year').xor('password', 'access_token').with('password', 'repeat_password');
const told = ({ value, error }) => (error ? error.details.map(({ message, path, type }) => ({ message, path, type })) : value);
const check = (value, options) => told(schema.validate(value, { abortEarly: false, ...options }));

export default async () => ({
  good: check({ username: 'abc', birth_year: '1994', access_token: 5, tags: [' A ', 'b'] }),
  empty: check({}),
  bad: check({ username: 'a!', password: 'x', repeat_password: 'y', birth_year: 1800.5, email: 'no', tags: ['a', 'A', 'b', 'c'], extra: 1 }),
  related: check({ username: 'abc', birth_year: 1994, password: 'abc123', repeat_password: 'abc123', role: 'admin', limit: 3, from: '2024-05-01', to: '2024-04-01' }),
  stripped: check({ username: 'abc', birth_year: 1994, access_token: 'x', extra: 1 }, { stripUnknown: true }),
  dates: told(Joi.date().min('2024-01-01').validate('2023-12-31')),
  alternatives: [1, 'x', true, null].map((value) => told(Joi.alternatives(Joi.number(), Joi.string().length(1)).validate(value))),
  recursive: told(Joi.object({ value: Joi.number(), children: Joi.array().items(Joi.link('#node')) }).id('node').validate({ value: 1, children: [{ value: 'x', children: [] }] })),
  custom: told(Joi.string().custom((value, helpers) => (value === 'bad' ? helpers.message('{{#label}} is bad') : value.toUpperCase())).label('word').validate('bad')),
  messages: told(Joi.number().min(5).messages({ 'number.min': '{#label} below {#limit}: {#value}' }).validate(3)),
  texts: ['guid', 'hex', 'isoDate', 'hostname', 'domain', 'ip', 'uri', 'base64', 'creditCard', 'isoDuration'].map((kind) => told(Joi.string()[kind]().validate('127.0.0.1'))),
  binary: [told(Joi.boolean().truthy('yes').validate('yes')), told(Joi.number().precision(2).validate(1.239)), told(Joi.number().multiple(3).validate(10)), told(Joi.object().pattern(/^a/, Joi.number()).validate({ a1: 1, b: 2 })), told(Joi.string().isoDate().validate('2024-02-29T10:00Z')), told(Joi.expression ? Joi.any().default(Joi.expression('{1 + 2}')).validate(undefined) : {})],
  later: await Joi.number().external(async (n) => n * 2).validateAsync(4),
  rejected: await schema.validateAsync({}).catch((error) => [error.name, error.message, Joi.isError(error)]),
  kinds: [Joi.isSchema(schema), schema.extract('role').type, Joi.attempt('5', Joi.number())],
});
