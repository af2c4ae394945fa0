// `stack` begins with what the error says, as V8 has it, and `Error.captureStackTrace` is there.
const head = (error) => error.stack.split('\n')[0];
check('an error', () => head(new TypeError('no')), '"TypeError: no"');
check('an error without a message', () => head(new Error()), '"Error"');
check('an error that the engine throws', () => { try { undefined.x; } catch (error) { return head(error); } }, `"TypeError: Cannot read properties of undefined (reading 'x')"`);
check('the frames', () => { const inner = () => new Error('x'); return /^    at (new )?inner/.test(inner().stack.split('\n')[1]); }, 'true');
check('nothing behind the last frame', () => new Error('x').stack.endsWith('\n'), 'false');
check('a captured stack', () => {
    function Own(message) { this.name = 'Own'; this.message = message; Error.captureStackTrace(this, Own); }
    const made = (() => { function maker() { return new Own('text'); } return maker(); })();
    const [first, second] = made.stack.split('\n');
    const { enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(made, 'stack');
    return [first, second.includes('maker'), enumerable, writable, configurable];
}, '["Own: text", true, false, true, true]');
check('a captured stack of a plain object', () => { const o = {}; Error.captureStackTrace(o); return head(o); }, '"Error"');
check('a value that is no object', () => Error.captureStackTrace(1), 'throws TypeError');
check('the limit', () => {
    const before = Error.stackTraceLimit;
    const deep = (n) => (n ? deep(n - 1) : new Error('x'));
    const counts = [before, 3, 0, Infinity].map((limit) => { Error.stackTraceLimit = limit; return deep(20).stack.split('\n').length - 1; });
    Error.stackTraceLimit = before;
    return [before, counts[0], counts[1], counts[2], counts[3] > 20];
}, '[10, 10, 3, 0, true]');
check('the stack can be set', () => { const error = new Error('x'); error.stack = 'own'; return error.stack; }, '"own"');
