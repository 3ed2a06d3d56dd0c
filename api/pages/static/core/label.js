// The text of a label's code, read and verified without network: the twin of ledger/labels/code.py.
import { hex, same, unbase32, unhex, utf8 } from "./bytes.js";
import { encode } from "./canonical.js";
import { sha256 } from "./hashing.js";
import { verify } from "./keys.js";

const [ID, KEY_ID, SIGNATURE, CHECK] = [16, 4, 64, 3];
const BLANK = 1 + ID + KEY_ID + SIGNATURE + CHECK;

/** Label and container ("" on a blank one) of a code or its link; null for any other text, throws when mistyped. */
export async function parseLabel(scanned) {
  const parts = scanned.replace(/\s/g, "").toUpperCase().split("/");
  const code = parts.pop();
  if (parts.at(-1) !== "L" && code.length < BLANK) return null;
  if (!/^[A-Z2-7]+$/.test(code)) throw new Error("mistyped");
  const raw = unbase32(code);
  if (![BLANK, BLANK + ID].includes(raw.length)) throw new Error("mistyped");
  const body = raw.slice(0, -CHECK);
  if (!same((await sha256(body)).slice(0, CHECK), raw.slice(-CHECK))) throw new Error("mistyped");
  if (raw[0] !== 1) return null;
  const ids = body.slice(1, -KEY_ID - SIGNATURE);
  return {
    label: stream("label", ids.slice(0, ID)),
    container: ids.length > ID ? stream("container", ids.slice(ID)) : "",
    keyId: hex(body.slice(-KEY_ID - SIGNATURE, -SIGNATURE)),
    signature: body.slice(-SIGNATURE),
  };
}

/** Throws unless one of the ledger's label keys (hex) issued the code. */
export async function verifyLabel(code, origin, keys) {
  const document = { label: code.label, ledger: origin, v: 1 };
  if (code.container) document.container = code.container;
  const message = utf8(`wasteledger/label/v1\n${encode(document)}`);
  for (const key of keys) {
    if (hex((await sha256(unhex(key))).slice(0, KEY_ID)) !== code.keyId) continue;
    try {
      return await verify(key, code.signature, message);
    } catch {
      continue;
    }
  }
  throw new Error("forged");
}

function stream(kind, bytes) {
  return `${kind}:${hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")}`;
}
