// An entry, what the server adds to a statement: the twin of ledger/log/entry.py.
import { unbase64 } from "./bytes.js";
import { decode } from "./canonical.js";
import { demandForm, isCount, isHash, isSorted, isStream, isTime, like, optional } from "./wire.js";

const BYTES_MAX = 65_535;
const LINK = { prev: optional(isHash), seq: isCount(1), stream: isStream };
const ENTRY = {
  links: (links) =>
    Array.isArray(links) &&
    links.length > 0 &&
    links.every(isLink) &&
    isSorted(links.map(({ stream }) => stream)),
  received_at: isTime,
  refused: optional(like("[a-z][a-z0-9]*(?:-[a-z0-9]+)*", 64)),
  signature: (coded) => like("[A-Za-z0-9+/]{86}==")(coded) && unbase64(coded).length === 64,
  statement: isHash,
  v: (version) => version === 1,
};

function isLink(link) {
  demandForm("link", link, LINK);
  return (link.seq === 1) === (link.prev === undefined);
}

/** The entry in these bytes; throws when they are none. */
export const parse = (bytes) => demandForm("entry", decode(bytes, BYTES_MAX), ENTRY);
