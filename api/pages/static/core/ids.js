// Names of things: uuid7 (RFC 9562 §5.7).
import { hex } from "./bytes.js";

export function uuid7(ms = Date.now()) {
  const random = crypto.getRandomValues(new Uint8Array(10));
  random[0] = 0x70 | (random[0] & 0x0f);
  random[2] = 0x80 | (random[2] & 0x3f);
  const digits = ms.toString(16).padStart(12, "0") + hex(random);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
