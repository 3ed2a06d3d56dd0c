// SHA-256, the hashes of RFC 9162 §2.1.1, and sealed commitments.
import { concat, hex, utf8 } from "./bytes.js";

export const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
export const leafHash = (entry) => sha256(concat(Uint8Array.of(0), entry));
export const nodeHash = (left, right) => sha256(concat(Uint8Array.of(1), left, right));
export const EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Hex HMAC-SHA256(salt, field path ‖ 00 ‖ value). */
export async function sealCommitment(salt, path, value) {
  const key = await crypto.subtle.importKey("raw", salt, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return hex(new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8(`${path}\0${value}`))));
}

/** `body` with every {clear: text} replaced by a commitment, and the texts to send along. */
export async function seal(body) {
  const texts = [];
  async function sealed(value, path) {
    if (Array.isArray(value)) return Promise.all(value.map((each, n) => sealed(each, `${path}.${n}`)));
    if (value === null || typeof value !== "object") return value;
    if (Object.keys(value).join() === "clear") {
      const salt = crypto.getRandomValues(new Uint8Array(32));
      texts.push({ path, salt: hex(salt), value: value.clear });
      return { sealed: await sealCommitment(salt, path, value.clear) };
    }
    const members = Object.entries(value).map(async ([name, inner]) => [
      name,
      await sealed(inner, path ? `${path}.${name}` : name),
    ]);
    return Object.fromEntries(await Promise.all(members));
  }
  return { body: await sealed(body, ""), texts };
}
