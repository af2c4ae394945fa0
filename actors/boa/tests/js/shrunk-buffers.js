// An operand of Atomics may shrink the buffer while it is converted.

const shrinking = (operate) => {
    const buffer = new ArrayBuffer(8, { maxByteLength: 1600 });
    return operate(new Int32Array(buffer), { valueOf() { buffer.resize(0); return 1; } });
};
check('add', () => shrinking((array, one) => Atomics.add(array, 1, one)), 'throws TypeError');
check('store', () => shrinking((array, one) => Atomics.store(array, 1, one)), 'throws TypeError');
check('compareExchange', () => shrinking((array, one) => Atomics.compareExchange(array, 1, one, 2)), 'throws TypeError');
