// By variables, so that the constants are not folded, and as constants.
const divide = (a, b) => a / b;
const rest = (a, b) => a % b;
const power = (a, b) => a ** b;
check('0 / -4', () => [divide(0, -4), divide(0, 4), divide(-0, 4), 0 / -4, divide(8, -4), divide(1, -4)], '[-0, 0, -0, -0, -2, -0.25]');
check('the smallest integer by -1', () => [rest(-2147483648 | 0, -1), divide(-2147483648 | 0, -1), (-2147483648 | 0) % -1, Math.abs(-2147483648 | 0), -(-2147483648 | 0)],
    '[-0, 2147483648, -0, 2147483648, 2147483648]');
check('the smallest integer by others', () => [rest(-2147483648 | 0, 1), rest(-7, 7), rest(7, -7), rest(5, 0), rest(-5, 3)], '[-0, -0, 0, NaN, -2]');
check('powers are rounded once', () => [power(43, 178), power(859, 84), power(-2052778960, 12), power(7, 300), power(10, 308), power(1.5, 100), power(-2, 31), power(-3, 41)],
    '[5.7198559710073226e+290, 2.853814641823391e+246, 5.598945665252052e+111, 3.38385702007491e+253, 1e+308, 406561177535215200, -2147483648, -36472996377170790000]');
check('stores of large numbers into small elements', () => [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array].map((Kind) => [...Kind.of(1e19, -12701469213948246000, 2 ** 63, 1.5e300, -1e21, 255.9)]),
    '[[0, 0, 0, 0, 0, -1], [0, 0, 0, 0, 0, 255], [255, 0, 255, 255, 0, 255], [0, 2048, 0, 0, 0, 255], [0, 2048, 0, 0, 0, 255], [-1981284352, -1861351424, 0, 0, 559939584, 255]]');
check('a DataView stores as they do', () => {
    const view = new DataView(new ArrayBuffer(8));
    view.setInt8(0, 1e19);
    view.setUint8(1, -1e21);
    view.setInt16(2, 12701469213948246000);
    view.setUint16(4, 1e19);
    return [...new Uint8Array(view.buffer)];
}, '[0, 0, 248, 0, 0, 0, 0, 0]');
check('one to a power that is no number', () => [power(1, NaN), power(-1, undefined), power(1, Infinity), power(1.5, NaN), power(NaN, 0), 1 ** NaN, Math.pow(1, NaN)], '[NaN, NaN, NaN, NaN, 1, NaN, NaN]');
