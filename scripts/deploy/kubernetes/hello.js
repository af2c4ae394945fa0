'use strict';
// What the nodes run, until you put scripts of your own in its place.

madrpc.register('greet', { idempotent: true, description: 'Greets: {name} → text' }, ({ name }) => `Hello, ${name}!`);
