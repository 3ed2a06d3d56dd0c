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

const mod = (n) => ((n % P) + P) % P;

function power(base, exponent) {
  let made = 1n;
  for (let [b, e] = [mod(base), exponent]; e > 0n; [b, e] = [mod(b * b), e >> 1n]) if (e & 1n) made = mod(made * b);
  return made;
}

const D = mod(-121665n * power(121666n, P - 2n));
const known = new Map(); // keys that were judged, by their hex

/** Whether 32 bytes are a public key: canonical, on the curve, and of the prime order. */
export function soundKey(bytes) {
  const name = hex(bytes);
  if (!known.has(name)) known.set(name, soundPoint(bytes) && isPrimeOrder(little(bytes) & (SIGN_BIT - 1n)));
  return known.get(name);
}

/** Of either point with this y. */
function isPrimeOrder(y) {
  // RFC 8032 §5.1.3: x² = (y² - 1) / (d y² + 1)
  const square = mod((y * y - 1n) * power(D * y * y + 1n, P - 2n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x) !== square) x = mod(x * power(2n, (P - 1n) / 4n));
  if (mod(x * x) !== square) return false;
  let [made, point] = [
    [0n, 1n, 1n, 0n],
    [x, y, 1n, mod(x * y)],
  ];
  for (let n = L; n > 0n; n >>= 1n) {
    if (n & 1n) made = added(made, point);
    point = added(point, point);
  }
  return made[0] === 0n && made[1] === made[2];
}

/** RFC 8032 §5.1.4, in extended coordinates; complete, so that it doubles as well. */
function added([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const [a, b] = [mod((y1 - x1) * (y2 - x2)), mod((y1 + x1) * (y2 + x2))];
  const [c, d] = [mod(2n * D * t1 * t2), mod(2n * z1 * z2)];
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
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
    soundKey(raw) && signature.length === 64 && soundPoint(signature.slice(0, 32)) && little(signature.slice(32)) < L;
  const key = sound && (await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]));
  if (!key || !(await crypto.subtle.verify("Ed25519", key, signature, message))) {
    throw new Error("the signature does not hold");
  }
}
