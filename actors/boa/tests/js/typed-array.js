// `%TypedArray%` has no global name; `Uint8Array` reads and writes base64 and hexadecimal text.
check('no global name', () => [typeof TypedArray, Object.getPrototypeOf(Int8Array).name], '["undefined", "TypedArray"]');
const bytes = (...values) => Uint8Array.from(values);
check.boa('base64', () => [bytes().toBase64(), bytes(1).toBase64(), bytes(1, 2).toBase64(), bytes(1, 2, 3).toBase64(), bytes(251, 255, 191).toBase64({ alphabet: 'base64url' }), bytes(1).toBase64({ omitPadding: true })], '["", "AQ==", "AQI=", "AQID", "-_-_", "AQ"]');
check.boa('from base64', () => ['', 'AQ==', 'AQ', ' A Q I = ', 'AQID', '+/+/'].map((text) => Uint8Array.fromBase64(text).toHex()), '["", "01", "01", "0102", "010203", "fbffbf"]');
check.boa('what is no base64', () => ['A', 'AQ=', '=', 'AQ===', 'AQ==A', '-_', 'A*=='].map((text) => { try { return Uint8Array.fromBase64(text).length; } catch (error) { return error.name; } }), '["SyntaxError", "SyntaxError", "SyntaxError", "SyntaxError", "SyntaxError", "SyntaxError", "SyntaxError"]');
check.boa('a strict end', () => ['AQ', 'AR==', 'AQ=='].map((text) => { try { return Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' }).length; } catch (error) { return error.name; } }), '["SyntaxError", "SyntaxError", 1]');
check.boa('a partial end', () => { const target = new Uint8Array(8); return [target.setFromBase64('AQIDBA', { lastChunkHandling: 'stop-before-partial' }), target.toHex()]; }, '[{read: 4, written: 3}, "0102030000000000"]');
check.boa('as much as there is room for', () => { const target = new Uint8Array(2); return [target.setFromBase64('AQID'), target.toHex(), new Uint8Array(4).setFromBase64('AQIDBAUG')]; }, '[{read: 0, written: 0}, "0000", {read: 4, written: 3}]');
check.boa('hexadecimal', () => [bytes(0, 15, 255).toHex(), Uint8Array.fromHex('00fFa1').toBase64()], '["000fff", "AP+h"]');
check.boa('what is not hexadecimal', () => ['0', '0g', '0x'].map((text) => { try { return Uint8Array.fromHex(text).length; } catch (error) { return error.name; } }), '["SyntaxError", "SyntaxError", "SyntaxError"]');
check.boa('hexadecimal into an array', () => { const target = new Uint8Array(3).subarray(1); return [target.setFromHex('aabbcc'), target.toHex()]; }, '[{read: 4, written: 2}, "aabb"]');
check.boa('other receivers and arguments', () => [() => Uint8Array.prototype.toHex.call(new Uint16Array(1)), () => Uint8Array.fromHex(5), () => bytes(1).toBase64({ alphabet: 'other' }), () => bytes(1).toBase64(5)].map((body) => { try { body(); } catch (error) { return error.name; } }), '["TypeError", "TypeError", "TypeError", "TypeError"]');
