import { argon2id } from '@noble/hashes/argon2.js';
import { blake2b, blake2s } from '@noble/hashes/blake2.js';
import { blake3 } from '@noble/hashes/blake3.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { md5, ripemd160, sha1 } from '@noble/hashes/legacy.js';
import { pbkdf2, pbkdf2Async } from '@noble/hashes/pbkdf2.js';
import { scrypt } from '@noble/hashes/scrypt.js';
import { sha224, sha256, sha384, sha512, sha512_256 } from '@noble/hashes/sha2.js';
import { keccak_256, sha3_256, sha3_512, shake128 } from '@noble/hashes/sha3.js';
import { kmac256, kt128, turboshake128 } from '@noble/hashes/sha3-addons.js';
import { bytesToHex, concatBytes, hexToBytes, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js';

const message = utf8ToBytes('hello ünï 😀 '.repeat(20));
const key = hexToBytes('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
const told = (run) => { try { return run(); } catch (error) { return error.name; } };

export default async () => {
  const stream = sha256.create().update(message.subarray(0, 100));
  const copy = stream.clone().update(message.subarray(100));
  return Object.fromEntries(
    Object.entries({
      sha2: [sha224, sha256, sha384, sha512, sha512_256].map((hash) => hash(message)),
      sha3: [sha3_256, sha3_512, keccak_256].map((hash) => hash(message)),
      extended: [shake128(message, { dkLen: 40 }), kmac256(key, message), kt128(message), turboshake128(message)],
      blake: [blake2b(message, { key }), blake2s(message, { dkLen: 16 }), blake3(message, { key }), blake3(message, { dkLen: 100 })],
      legacy: [md5, sha1, ripemd160].map((hash) => hash(message)),
      keyed: [hmac(sha256, key, message), hmac(sha512, key, message), hkdf(sha256, key, undefined, utf8ToBytes('info'), 50)],
      derived: [pbkdf2(sha256, 'password', 'salt', { c: 20, dkLen: 32 }), await pbkdf2Async(sha512, 'password', 'salt', { c: 20, dkLen: 16 }), scrypt('password', 'salt', { N: 16, r: 8, p: 1, dkLen: 32 }), argon2id('password', 'saltsalt', { t: 1, m: 16, p: 1 })],
      streamed: [copy.digest(), stream.digest()],
      joined: [concatBytes(key, Uint8Array.of(1)), randomBytes(8).map(() => 7)],
    }).map(([name, list]) => [name, list.map(bytesToHex)]).concat([['refused', [() => sha256('text'), () => hexToBytes('xyz'), () => blake2s(message, { dkLen: 99 })].map(told)]]),
  );
};
