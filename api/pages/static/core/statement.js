// A statement: what this device's key says happened, numbered and chained, as canonical text ready to be signed.
import { hex, utf8 } from "./bytes.js";
import { decode, encode } from "./canonical.js";
import { sha256 } from "./hashing.js";
import { demandForm, isCount, isHash, isObject, isOrigin, isSorted, isStream, isTime, isUuid7, like, optional } from "./wire.js";

const PREFIX = "wasteledger/statement/v1\n";
const BYTES_MAX = 256 * 1024;
const ABOUT_MAX = 256;
const SEEN = { root: isHash, size: isCount(0) };
const STATEMENT = {
  about: (about) =>
    Array.isArray(about) && about.length > 0 && about.length <= ABOUT_MAX && about.every(isStream) && isSorted(about),
  at: isTime,
  body: isObject,
  by: like("[!-~]{1,64}"),
  custody: optional((custody) => custody === "server"),
  id: isUuid7,
  key: isHash,
  ledger: isOrigin,
  party: isStream,
  prev: optional(isHash),
  seen: (seen) => isObject(demandForm("seen", seen, SEEN)),
  seq: isCount(1),
  type: like("[a-z][a-z0-9]*(?:-[a-z0-9]+)*(?:\\.[1-9][0-9]*)?", 64),
  v: (version) => version === 1,
};

/** The bytes that are signed. */
export const message = (raw) => utf8(PREFIX + raw);
export const hashOf = async (raw) => hex(await sha256(message(raw)));

/** The statement in these bytes; throws when they are none. Says nothing of its signature. */
export function parse(bytes) {
  const said = demandForm("statement", decode(bytes, BYTES_MAX), STATEMENT);
  if ((said.seq === 1) !== (said.prev === undefined)) throw new Error("member prev of statement is not well-formed");
  return said;
}

/**
 * The next statement of a chain.
 * @param {{origin: string, party: string, person: string, hash: string, seq: number, prev: string|null, seen: object}} chain
 * @param {{type: string, id: string, at: string, about: string[], body: object}} said
 */
export function build(chain, said) {
  const document = {
    about: [...new Set(said.about)].sort(),
    at: said.at,
    body: said.body,
    by: chain.person,
    id: said.id,
    key: chain.hash,
    ledger: chain.origin,
    party: chain.party,
    seen: chain.seen,
    seq: chain.seq + 1,
    type: said.type,
    v: 1,
  };
  if (chain.prev) document.prev = chain.prev;
  return encode(document);
}
