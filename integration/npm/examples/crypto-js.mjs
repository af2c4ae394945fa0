import CryptoJS from 'crypto-js';

const { AES, DES, HmacSHA256, HmacSHA512, MD5, PBKDF2, RC4, RIPEMD160, SHA1, SHA224, SHA256, SHA3, SHA384, SHA512, TripleDES, EvpKDF, enc, mode, pad, algo, format } = CryptoJS;
const MESSAGE = 'my message, ünï 😀';
const key = enc.Hex.parse('000102030405060708090a0b0c0d0e0f');
const iv = enc.Hex.parse('101112131415161718191a1b1c1d1e1f');

export default () => {
  const salted = AES.encrypt(MESSAGE, 'secret key 123');
  const stream = algo.SHA256.create();
  for (const part of ['one', 'two', 'three']) stream.update(part);
  const object = AES.encrypt(JSON.stringify([{ id: 1 }, { id: 2 }]), key, { iv }).toString();
  return {
    round: AES.decrypt(salted.toString(), 'secret key 123').toString(enc.Utf8),
    digests: [MD5, SHA1, SHA224, SHA256, SHA384, SHA512, RIPEMD160].map((hash) => hash(MESSAGE).toString()),
    sha3: [224, 256, 384, 512].map((outputLength) => SHA3(MESSAGE, { outputLength }).toString(enc.Base64)),
    keyed: [HmacSHA256(MESSAGE, 'key').toString(), HmacSHA512(MESSAGE, 'key').toString(enc.Base64)],
    derived: [PBKDF2('password', 'salt', { keySize: 8, iterations: 20 }).toString(), EvpKDF('password', 'salt', { keySize: 4, iterations: 3 }).toString()],
    modes: [mode.CBC, mode.CFB, mode.CTR, mode.OFB, mode.ECB].map((each) => AES.encrypt(MESSAGE, key, { iv, mode: each }).ciphertext.toString()),
    paddings: [pad.Pkcs7, pad.AnsiX923, pad.Iso97971, pad.ZeroPadding].map((padding) => AES.encrypt('short', key, { iv, padding }).toString(format.Hex)),
    others: [DES.encrypt(MESSAGE, key, { iv }).toString(), TripleDES.encrypt(MESSAGE, key, { iv }).toString(), RC4.encrypt(MESSAGE, key).toString()],
    object: JSON.parse(AES.decrypt(object, key, { iv }).toString(enc.Utf8)),
    stream: stream.finalize().toString(),
    encodings: [enc.Utf8.parse(MESSAGE).toString(), enc.Base64url.stringify(enc.Utf8.parse('??>>')), enc.Utf16.parse('añ').toString(), enc.Latin1.stringify(enc.Hex.parse('e9'))],
    random: CryptoJS.lib.WordArray.random(16).sigBytes,
  };
};
