// Object patterns in assignments: computed and numeric keys may have nested patterns and defaults.

const given = { a: 1, k: { b: 2 }, 0: [3], list: [4, 5] };
check('computed, nested', () => { let b; ({ ['k']: { b } } = given); return b; }, '2');
check('computed, an array', () => { let x, y; ({ ['li' + 'st']: [x, y] } = given); return [x, y]; }, '[4, 5]');
check('computed, a default', () => { let v, w; ({ ['none']: v = 7, ['a']: w = 8 } = given); return [v, w]; }, '[7, 1]');
check('computed, nested with a default', () => { let b; ({ ['none']: { b } = { b: 9 } } = given); return b; }, '9');
check('numeric', () => { let x, z; ({ 0: [x], 1: [z] = [6] } = given); return [x, z]; }, '[3, 6]');
check('inside an array', () => { let x, b; [{ 0: [x], ['k']: { b } }] = [given]; return [x, b]; }, '[3, 2]');
check('in the head of a loop', () => { const seen = []; let b; for ({ ['k']: { b = 1 } } of [given, { k: {} }]) seen.push(b); return seen; }, '[2, 1]');
check('with rest', () => { let v, rest; ({ ['a']: v = 0, ...rest } = { a: 1, z: 2 }); return [v, rest]; }, '[1, {z: 2}]');
check('a default is named', () => { let f; ({ ['none']: f = () => 1 } = given); return f.name; }, '"f"');
check('keys before values', () => { const log = []; const o = { set x(v) { log.push('set'); } }; const key = (k) => { log.push(k); return k; }; ({ [key('a')]: o.x = log.push('default'), [key('none')]: o.x = log.push('default') } = given); return log; }, '["a", "set", "none", "default", "set"]');
