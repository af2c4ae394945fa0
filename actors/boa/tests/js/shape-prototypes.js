// Shapes are found again by the prototype that they are for, whatever was freed meanwhile.

check('objects with one prototype, made again and again', () => {
    const seen = [];
    for (let i = 0; i < 3000; i++) {
        const prototype = { own: i };
        const one = Object.create(prototype), other = Object.create(prototype);
        one.a = other.a = i;
        if (one.own !== i || other.own !== i || one.a !== i) seen.push(i);
    }
    return seen;
}, '[]');
check('a chain of classes', () => {
    let C = class { depth() { return 0; } };
    for (let i = 0; i < 500; i++) C = class extends C { depth() { return super.depth() + 1; } };
    return [new C().depth(), Object.getPrototypeOf(C.prototype).constructor !== C];
}, '[500, true]');
check('prototypes that are changed and changed back', () => {
    const o = { x: 1 }, found = [];
    for (let i = 0; i < 600; i++) {
        Object.setPrototypeOf(o, i % 3 === 0 ? null : { turn: i });
        if ((i % 3 === 0 ? undefined : i) !== o.turn) found.push(i);
    }
    return found;
}, '[]');
