// A class's field that is called `async` may end with its line.

check('a field, then a method', () => {
    class A { async
        x() { return 1; } get; set; static; static async
        y() { return 2; } }
    const a = new A();
    return [Object.keys(a), a.x(), a.y(), Object.keys(A)];
}, '[["async", "get", "set", "static"], 1, 2, ["async"]]');
check('an async method is one', () => { class A { async x() {} async *y() {} static async #z() {} async() { return 3; } } return [new A().x() instanceof Promise, new A().async()]; }, '[true, 3]');
