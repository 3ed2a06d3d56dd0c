// Bytes and their texts: hex, base64 (RFC 4648, padded), base32 (without padding), UTF-8.

export const utf8 = (text) => new TextEncoder().encode(text);
export const text = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {string} digits lowercase hex */
export function unhex(digits) {
  if (!/^(?:[0-9a-f]{2})*$/.test(digits)) throw new Error(`not hex: ${digits.slice(0, 20)}`);
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function base64(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The bytes of canonical base64; another spelling of the same bytes is refused. */
export function unbase64(coded) {
  const bytes = Uint8Array.from(atob(coded), (character) => character.charCodeAt(0));
  if (base64(bytes) !== coded) throw new Error("base64 is not canonical");
  return bytes;
}

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The bytes of unpadded base32; leftover bits must be zero. */
export function unbase32(coded) {
  const bytes = [];
  let buffer = 0;
  let bits = 0;
  for (const character of coded) {
    buffer = (buffer << 5) | BASE32.indexOf(character);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((buffer >> bits) & 0xff);
      buffer &= (1 << bits) - 1;
    }
  }
  if (buffer !== 0 || bits >= 5) throw new Error("base32 is not canonical");
  return Uint8Array.from(bytes);
}

export function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export const same = (one, other) => one.length === other.length && one.every((byte, n) => byte === other[n]);
