// Ed25519 by WebCrypto: keys that never leave the device, and the strict rule for signatures.
import { hex, unhex } from "./bytes.js";
import { sha256 } from "./hashing.js";

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const SIGN_BIT = 1n << 255n;
const Y8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
const SMALL_ORDER = new Set([1n, P - 1n, 0n, Y8, P - Y8]);

const little = (bytes) => BigInt(`0x${hex(Uint8Array.from(bytes).reverse())}`);

/** A point's 32 bytes are canonical and not of small order. */
function soundPoint(bytes) {
  const y = little(bytes) & (SIGN_BIT - 1n);
  return bytes.length === 32 && y < P && !SMALL_ORDER.has(y);
}

/** Whether this browser signs with Ed25519 (Chromium 137, Firefox 129, Safari 17 and newer do). */
export async function supported() {
  try {
    await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    return true;
  } catch {
    return false;
  }
}

/** A new key pair: the private half cannot be read by any script, also not by ours. */
export async function generate() {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { privateKey: pair.privateKey, publicKey: hex(raw), hash: hex(await sha256(raw)) };
}

export const sign = async (privateKey, message) =>
  new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, message));

/** Throws unless `signature` is one by `publicKey` (hex) over `message`, under the one strict rule. */
export async function verify(publicKey, signature, message) {
  const raw = unhex(publicKey);
  const sound =
    soundPoint(raw) && signature.length === 64 && soundPoint(signature.slice(0, 32)) && little(signature.slice(32)) < L;
  const key = sound && (await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]));
  if (!key || !(await crypto.subtle.verify("Ed25519", key, signature, message))) {
    throw new Error("the signature does not hold");
  }
}
