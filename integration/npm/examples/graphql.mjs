import { buildSchema, execute, graphql, GraphQLError, GraphQLInt, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString, introspectionFromSchema, parse, print, printSchema, subscribe, validate, visit } from 'graphql';

const schema = buildSchema(`
  "Anything with an id"
  interface Node { id: ID! }
  enum Role { ADMIN USER }
  input Filter { role: Role = USER, minAge: Int, tags: [String!] }
  type User implements Node { id: ID!, name: String!, age: Int, role: Role!, friends(first: Int = 10): [User!]!, secret: String }
  type Post implements Node { id: ID!, title: String! @deprecated(reason: "old"), author: User }
  union Found = User | Post
  scalar Date
  type Query { hello: String, users(filter: Filter): [User!]!, search(text: String!): [Found!]!, at: Date, node(id: ID!): Node }
  type Mutation { rename(id: ID!, name: String!): User }
  type Subscription { count(to: Int!): Int }
`);

const users = [{ id: '1', name: 'Ada', age: 36, role: 'ADMIN' }, { id: '2', name: 'Bob', age: 17, role: 'USER' }];
const user = (data) => ({ ...data, __typename: 'User', friends: ({ first }) => users.filter((each) => each.id !== data.id).slice(0, first).map(user), secret() { throw new GraphQLError('forbidden', { extensions: { code: 403 } }); } });
const rootValue = {
  hello: () => 'world',
  users: ({ filter }) => users.filter((each) => !filter || each.role === filter.role).map(user),
  search: async ({ text }) => [...users.filter((each) => each.name.includes(text)).map(user), { __typename: 'Post', id: 'p', title: text, author: user(users[0]) }],
  rename: ({ id, name }) => { const found = users.find((each) => each.id === id); found.name = name; return user(found); },
  at: () => '2024-02-29',
  node: ({ id }) => user(users.find((each) => each.id === id)),
  count: async function* ({ to }) { for (let n = 1; n <= to; n++) yield { count: n }; },
};
const run = (source, variableValues) => graphql({ schema, source, rootValue, variableValues });

export default async () => {
  const counted = [];
  for await (const { data } of await subscribe({ schema, document: parse('subscription { count(to: 3) }'), rootValue })) counted.push(data.count);
  const Tree = new GraphQLObjectType({ name: 'Tree', fields: () => ({ value: { type: new GraphQLNonNull(GraphQLInt) }, left: { type: Tree }, names: { type: new GraphQLList(GraphQLString), args: { n: { type: GraphQLInt, defaultValue: 2 } }, resolve: (source, { n }) => Array.from({ length: n }, (_, i) => `${source.value}.${i}`) } }) });
  const own = new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields: { tree: { type: Tree, resolve: () => ({ value: 1, left: { value: 2 } }) } } }) });
  const ast = parse('query Q($a: Int = 1) { users { ...F } } fragment F on User { name @skip(if: false) }');
  const names = [];
  visit(ast, { Name: (node) => { names.push(node.value); } });
  return {
    hello: await run('{ hello }'),
    query: await run('query Q($f: Filter) { users(filter: $f) { id name: name age role friends(first: 1) { name } } search(text: "A") { __typename ... on User { name } ... on Post { title author { id } } } at }', { f: { role: 'ADMIN' } }),
    mutation: await run('mutation { rename(id: 2, name: "Böb") { ...U } } fragment U on User { id name }'),
    partial: await run('{ node(id: 1) { id ... on User { secret } } hello }'),
    invalid: await run('{ nothing users { id { x } } search }'),
    syntax: await run('{ hello '),
    variables: await run('query ($f: Filter!) { users(filter: $f) { id } }', { f: { role: 'KING', age: 1 } }),
    own: await execute({ schema: own, document: parse('{ tree { value left { value names(n: 3) left { value } } names } }') }),
    counted, names,
    printed: print(ast),
    schema: printSchema(schema),
    introspected: introspectionFromSchema(own).__schema.types.map((type) => type.name),
    validated: validate(schema, ast).map((error) => error.message),
    deep: (await run('{ __schema { types { name kind fields { name type { name ofType { name } } } } } }')).data.__schema.types.length,
  };
};
