// The one byte form of a document: RFC 8785 restricted to objects, arrays, strings, booleans and safe integers.
// The server's twin is ledger/log/canonical.py; what it would refuse is refused here before anything is signed.
import { text as decodeUtf8 } from "./bytes.js";

const KEY = /^[a-z][a-z0-9_]*$/;
const CONTROL = /[\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/u;
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const DEPTH_MAX = 32;

export class NotCanonical extends Error {}

/** The canonical text of a value. */
export function encode(value, depth = 1) {
  if (typeof value === "string") return JSON.stringify(checked(value));
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new NotCanonical(`a whole number, got ${value}`);
    return String(value);
  }
  if (value === null || typeof value !== "object") throw new NotCanonical(`no ${value} in a document`);
  if (depth > DEPTH_MAX) throw new NotCanonical("nested too deep");
  if (Array.isArray(value)) return `[${value.map((each) => encode(each, depth + 1)).join(",")}]`;
  const members = Object.keys(value)
    .sort()
    .map((key) => {
      if (!KEY.test(key)) throw new NotCanonical(`key ${key}`);
      return `${JSON.stringify(key)}:${encode(value[key], depth + 1)}`;
    });
  return `{${members.join(",")}}`;
}

/** The object whose canonical bytes these are, at most so many; anything else is refused. */
export function decode(bytes, limit = Infinity) {
  if (bytes.length > limit) throw new NotCanonical(`at most ${limit} bytes, got ${bytes.length}`);
  const source = decodeUtf8(bytes);
  const value = read(source);
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new NotCanonical("not an object");
  if (encode(value) !== source) throw new NotCanonical("not the canonical form");
  return value;
}

function read(source) {
  try {
    return JSON.parse(source);
  } catch {
    throw new NotCanonical("not JSON");
  }
}

function checked(string) {
  if (LONE.test(string)) throw new NotCanonical("a lone surrogate");
  if (CONTROL.test(string)) throw new NotCanonical("a control that hides or turns text");
  if (string.normalize("NFC") !== string) throw new NotCanonical("not in Unicode normal form C");
  return string;
}
