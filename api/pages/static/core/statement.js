// A statement: what this device's key says happened, numbered and chained, as canonical text ready to be signed.
import { hex, utf8 } from "./bytes.js";
import { encode } from "./canonical.js";
import { sha256 } from "./hashing.js";

const PREFIX = "wasteledger/statement/v1\n";

/** The bytes that are signed. */
export const message = (raw) => utf8(PREFIX + raw);
export const hashOf = async (raw) => hex(await sha256(message(raw)));

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
