check('the engine runs', () => [1, -0, , 'a'], '[1, -0, <hole>, "a"]');
check('promises are waited for', async () => ({ a: await 1, e: new TypeError('x') }), '{a: 1, e: TypeError}');
check('what is thrown is told', () => null.x, 'throws TypeError');
