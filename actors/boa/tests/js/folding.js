check('code that nobody runs is not run while it is compiled', () => {
    const never = () => 7n ** 40000000n * 7n ** 40000000n;
    return typeof never;
}, '"function"');
check('sums of constants', () => [1 + 2, 'a' + 'b', 'a' + 1 + 2, 1 + 2 + 'a', 2n ** 10n, 7n - 9n, -(3n), 1n < 2, 'a' < 'b', '1' == 1, typeof 'a', !'' ],
    '[3, "ab", "a12", "3a", 1024n, -2n, -3n, true, true, true, "string", true]');
