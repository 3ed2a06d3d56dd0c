// A receipt verified without any server: the steps of ledger/log/proof.py, in their order.
import { hex, unbase64, unhex, text as decodeUtf8, utf8 } from "./bytes.js";
import { decode } from "./canonical.js";
import { parse as parseEntry } from "./entry.js";
import { leafHash, sha256 } from "./hashing.js";
import { verify } from "./keys.js";
import { verifyInclusion } from "./merkle.js";
import { CONTROL, parsePolicy, verifyCheckpoint } from "./note.js";
import { hashOf, message, parse as parseStatement } from "./statement.js";
import { demandForm, isHash, isOrigin } from "./wire.js";

const HEADER = "c2sp.org/tlog-proof@v1";
const HASHES_MAX = 63;
const PROOF_BYTES_MAX = 2 << 20;
const isText = (value) => typeof value === "string";
const EXTRA = { entry: isText, public_key: isHash, statement: isText, v: (version) => version === 1 };
const TRUST = { genesis_leaf: isHash, origin: isOrigin };

/**
 * What a receipt proves under a pinned policy and trust; throws the first step that fails.
 * @param {string} receipt  a C2SP tlog-proof with our extra part
 * @param {string} policyText
 * @param {{origin: string, genesis_leaf: string}} trust
 */
export async function verifyReceipt(receipt, policyText, trust) {
  // 1. Parse the container and its extra part.
  demandForm("trust.json", trust, TRUST);
  const { extra, index, hashes, note } = parseProof(receipt);
  const entryBytes = unbase64(extra.entry);
  const statementBytes = unbase64(extra.statement);
  const entry = parseEntry(entryBytes);
  const statement = parseStatement(statementBytes);
  // 2. The checkpoint meets the policy.
  const checkpoint = await verifyCheckpoint(note, await parsePolicy(policyText));
  // 3. It is the pinned log's.
  demand(checkpoint.origin === trust.origin, `the log ${trust.origin}, got ${checkpoint.origin}`);
  // 4. The entry is a leaf under its root.
  const leaf = await leafHash(entryBytes);
  await verifyInclusion(leaf, index, checkpoint.size, hashes, checkpoint.root);
  demand(index !== 0 || hex(leaf) === trust.genesis_leaf, "the pinned first entry");
  // 5. The entry is about this statement and, if it was accepted, stands in the chain of all that it is about.
  const raw = decodeUtf8(statementBytes);
  demand(entry.statement === (await hashOf(raw)), "an entry of this statement");
  const linked = entry.links.map(({ stream }) => stream).join(" ");
  demand(entry.refused !== undefined || linked === statement.about.join(" "), "a link to all that the statement is about");
  // 6. The statement names this key.
  demand(statement.key === hex(await sha256(unhex(extra.public_key))), "the key that the statement names");
  // 7. The key signed it.
  await verify(extra.public_key, unbase64(entry.signature), message(raw));
  // 8. It was said to this ledger.
  demand(statement.ledger === checkpoint.origin, "a statement to this ledger");
  return { statement, entry, index, checkpoint };
}

function parseProof(receipt) {
  demand(utf8(receipt).length <= PROOF_BYTES_MAX, `at most ${PROOF_BYTES_MAX} bytes`);
  demand(!CONTROL.test(receipt), "no control characters");
  const at = receipt.indexOf("\n\n");
  const lines = receipt.slice(0, at).split("\n");
  demand(at > 0 && lines.shift() === HEADER, `a receipt that begins with ${HEADER}`);
  demand(lines[0]?.startsWith("extra "), "a receipt with its entry and statement");
  const extra = demandForm("receipt", decode(unbase64(lines.shift().slice(6))), EXTRA);
  demand(/^index (0|[1-9][0-9]{0,15})$/.test(lines[0] ?? ""), "an index line");
  const index = Number(lines.shift().slice(6));
  demand(Number.isSafeInteger(index) && lines.length <= HASHES_MAX, "an index and hashes that a tree can have");
  const hashes = lines.map(unbase64);
  demand(
    hashes.every((each) => each.length === 32),
    "hashes of 32 bytes",
  );
  return { extra, index, hashes, note: receipt.slice(at + 2) };
}

function demand(holds, expected) {
  if (!holds) throw new Error(`expected ${expected}`);
}
