// Where the text of a number was rounded twice, or from a value that was no longer exact.
check('toFixed of small numbers', () => [1e-17, 3e-18, 1e-10, 0.000001, 5e-324].map((x) => x.toFixed(10)),
    '["0.0000000000", "0.0000000000", "0.0000000001", "0.0000010000", "0.0000000000"]');
check('toFixed rounds what the number is', () => [(1.005).toFixed(2), (1.45).toFixed(1), (0.5).toFixed(0), (1.5).toFixed(0), (2.5).toFixed(0), (-2.5).toFixed(0), (8.345).toFixed(2)],
    '["1.00", "1.4", "1", "2", "3", "-3", "8.35"]');
check('toFixed, all digits', () => (0.1).toFixed(60), '"0.100000000000000005551115123125782702118158340454101562500000"');
check('toFixed, the limits', () => [(999999999999999900000).toFixed(2), (1e21).toFixed(2), (-0).toFixed(1), (-1e-9).toFixed(2), NaN.toFixed(1), (-Infinity).toFixed()],
    '["999999999999999868928.00", "1e+21", "0.0", "-0.00", "NaN", "-Infinity"]');
check('toFixed, too many digits', () => (1).toFixed(101), 'throws RangeError');
check('toPrecision', () => [(1e-7).toPrecision(3), (123456).toPrecision(2), (0.00001).toPrecision(1), (1e21).toPrecision(3), (99.99).toPrecision(3), (0.000001234).toPrecision(2), (35).toPrecision(1), (-1.25).toPrecision(2), (0).toPrecision(3)],
    '["1.00e-7", "1.2e+5", "0.00001", "1.00e+21", "100", "0.0000012", "4e+1", "-1.3", "0.00"]');
check('toPrecision below a power of ten', () => [(1e-7).toPrecision(17), (1e-7).toExponential(16), (1e23).toPrecision(22)], '["9.9999999999999995e-8", "9.9999999999999995e-8", "9.999999999999999161139e+22"]');
check('toPrecision, all digits', () => (1e23).toPrecision(24), '"99999999999999991611392.0"');
check('toPrecision of the smallest number', () => (5e-324).toPrecision(30), '"4.94065645841246544176568792868e-324"');
check('toPrecision, a hundred digits', () => (1e-200).toPrecision(100).slice(0, 30), '"9.9999999999999998210026239908"');
check('toPrecision of no number, and too many digits', () => [NaN.toPrecision(1000), (1).toPrecision(101)], 'throws RangeError');
check('toExponential', () => [(25).toExponential(0), (35).toExponential(0), (1.25).toExponential(1), (0).toExponential(2), (-1e-7).toExponential(), (123456).toExponential(2), (0.999).toExponential(0), (1e23).toExponential(3), (1e23).toExponential(20)],
    '["3e+1", "4e+1", "1.3e+0", "0.00e+0", "-1e-7", "1.23e+5", "1e+0", "1.000e+23", "9.99999999999999916114e+22"]');
check('parseInt of long decimal text', () => ['9007199254740993', '20491340825701619999', '91348411105204656469150', '899132268806927733', '1'.repeat(400)].map((text) => parseInt(text)),
    '[9007199254740992, 20491340825701620000, 9.134841110520466e+22, 899132268806927700, Infinity]');
check('parseInt in radixes that are powers of two', () => [parseInt('20000000000001', 16), parseInt('20000000000003', 16), parseInt('0x20000000000001000000000001'), parseInt('1'.repeat(60), 2), parseInt('7'.repeat(30), 8), parseInt('v'.repeat(20), 32)],
    '[9007199254740992, 9007199254740996, 2.5353012004564594e+30, 1152921504606847000, 1.2379400392853803e+27, 1.2676506002282294e+30]');
check('parseInt in others', () => [parseInt('3992100102879697', 36), parseInt('72805761813154', 13), parseInt('zz', 36), parseInt('899132268806927733', 11)],
    '[7.200350830332061e+23, 2181118316478586, 1295, 4495209371956468700]');
check('Number of long hexadecimal, octal and binary text', () => ['0x20000000000001', '0x20000000000003', `0x${'f'.repeat(300)}`, `0b1${'0'.repeat(53)}1`, '0o777777777777777777777', '0xg', '0x'].map(Number),
    '[9007199254740992, 9007199254740996, Infinity, 18014398509481984, 9223372036854776000, NaN, NaN]');
check('as many digits as toString has', () => [(-731281839908639.2).toExponential(), (5e-324).toExponential(), (1e21).toExponential(), (123456789).toExponential(), (0.000001234).toExponential(), (100).toExponential(), (-0).toExponential(), (1.7976931348623157e308).toExponential(), (1e-7).toExponential(), (0.5).toExponential()].join(' '), '"-7.312818399086392e+14 5e-324 1e+21 1.23456789e+8 1.234e-6 1e+2 0e+0 1.7976931348623157e+308 1e-7 5e-1"');
