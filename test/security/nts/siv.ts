/**
 * AES-SIV by the letter of RFC 5297 §2, on nothing but Node's AES-ECB and AES-CTR: what the library is compared with. It
 * takes any number of components, as the RFC's own examples have them, and its nonce as the last.
 */
import { createCipheriv } from "node:crypto";

/** SIV-ENCRYPT of §2.6: the synthetic IV, then the ciphertext. */
export function sivEncrypt(key: Uint8Array, components: readonly Uint8Array[], plaintext: Uint8Array): Uint8Array {
  const half = key.length / 2;
  const iv = s2v(key.subarray(0, half), components, plaintext);
  const counter = Uint8Array.from(iv);
  counter[8]! &= 0x7f;
  counter[12]! &= 0x7f;
  const cipher = createCipheriv(`aes-${half * 8}-ctr`, key.subarray(half), counter);
  return Uint8Array.from(Buffer.concat([iv, cipher.update(plaintext)]));
}

function s2v(key: Uint8Array, components: readonly Uint8Array[], plaintext: Uint8Array): Uint8Array {
  let sum = cmac(key, new Uint8Array(16));
  for (const component of components) sum = xor(doubled(sum), cmac(key, component));
  if (plaintext.length >= 16) {
    const last = plaintext.length - 16;
    return cmac(key, Buffer.concat([plaintext.subarray(0, last), xor(plaintext.subarray(last), sum)]));
  }
  return cmac(key, xor(doubled(sum), padded(plaintext)));
}

/** RFC 4493, for keys of any length that AES has. */
function cmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  const subkey = doubled(block(key, new Uint8Array(16)));
  const lastAt = message.length === 0 ? 0 : Math.ceil(message.length / 16) * 16 - 16;
  const rest = message.subarray(lastAt);
  const last = rest.length === 16 ? xor(rest, subkey) : xor(padded(rest), doubled(subkey));
  let state: Uint8Array = new Uint8Array(16);
  for (let at = 0; at < lastAt; at += 16) state = block(key, xor(state, message.subarray(at, at + 16)));
  return block(key, xor(state, last));
}

function block(key: Uint8Array, octets: Uint8Array): Uint8Array {
  const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false);
  return Uint8Array.from(cipher.update(octets));
}

function doubled(octets: Uint8Array): Uint8Array {
  const whole = octets.map((octet, at) => (octet << 1) | ((octets[at + 1] ?? 0) >> 7));
  if (octets[0]! >= 0x80) whole[15]! ^= 0x87;
  return whole;
}

function padded(octets: Uint8Array): Uint8Array {
  const whole = new Uint8Array(16);
  whole.set(octets);
  whole[octets.length] = 0x80;
  return whole;
}

function xor(left: Uint8Array, right: Uint8Array): Uint8Array {
  return left.map((octet, at) => octet ^ right[at]!);
}
