// This device's own key: made here, offered to the ledger, in use once an administrator has signed for it.
import { base64, hex, unhex, utf8 } from "./bytes.js";
import { encode } from "./canonical.js";
import { database, keep, recall } from "./db.js";
import { EMPTY_ROOT } from "./hashing.js";
import { uuid7 } from "./ids.js";
import { generate, sign } from "./keys.js";
import { leave } from "./leaving.js";
import { consistencyProof, tileNodes, verifyConsistency } from "./merkle.js";
import { ask, bytesOf, textOf } from "./net.js";
import { parseKey, verifyCheckpoint } from "./note.js";
import { Told, t } from "./words.js";

// A key that a browser lost with its process would be a chain nobody can continue.
const ON_DISK = { durability: "strict" };

/** The person who is here, as known without network: {person, party, roles}. */
export const whoIsHere = () => recall("here");

// Whose page this is: as the server made it, else whoever was here first. What others see on it is not theirs to say.
let whose = document.querySelector("meta[name=person]")?.content;

/** The key of the person who is here on this device; undefined without one. Throws when the page is another's. */
export async function mine() {
  const here = await whoIsHere();
  if (!here) return here;
  whose ??= here.person;
  if (here.person !== whose) throw new Told(t("本机已换人登录：请刷新本页。", "Somebody else has signed in on this device: reload the page."));
  return (await database).get("device", here.person);
}

/** Ask who is logged in; keeps the answer for when there is no network, and nothing of somebody else's. */
export async function meet() {
  const { person, party, roles } = await ask("/v1/session");
  if ((await whoIsHere())?.person !== person) await leave();
  await keep("here", { person, party, roles });
  if ((whose ??= person) !== person && !document.querySelector("meta[name=person]")) location.reload(); // nobody's page shows the last one's
  return { person, party, roles };
}

/** Make a key for whoever is logged in and offer it; the administrator then sees it under "devices". */
export async function enrol() {
  const { person, party } = await meet();
  if (await mine()) return; // made in another tab
  await navigator.storage.persist?.().catch(() => {}); // what is signed here is not the browser's to clear
  const { origin } = await ask("/v1/log");
  const { privateKey, publicKey, hash } = await generate();
  const stream = `key:${uuid7()}`;
  const possession = encode({ key: stream, ledger: origin, party, person, public_key: publicKey, v: 1 });
  const proof = base64(await sign(privateKey, utf8(`wasteledger/key-possession/v1\n${possession}`)));
  const seen = { root: EMPTY_ROOT, size: 0 };
  const made = { person, party, origin, stream, hash, publicKey, privateKey, proof, seq: 0, prev: null, seen, state: "made" };
  const tx = (await database).transaction("device", "readwrite", ON_DISK);
  tx.store.put(made);
  await tx.done;
  await offer(made);
}

async function offer(made) {
  try {
    await ask("/v1/keys", { method: "POST", body: { key: made.stream, public_key: made.publicKey, proof: made.proof } });
  } catch (error) {
    if (error.problem?.code !== "key-waits") throw error;
  }
  await change(made.person, { state: "waiting" });
}

/** Bring the key's state up to date: waiting, active or revoked. Returns the device's record. */
export async function refresh() {
  const key = await mine();
  if (!key) return key;
  if (key.state === "made") await offer(key);
  const { items } = await ask("/v1/keys");
  const row = items.find((each) => each.hash === key.hash);
  if (row) await change(key.person, { state: row.revoked_last_seq === undefined ? "active" : "revoked" });
  return mine();
}

/** Forget this key: only what has been recorded remains. */
export const forget = async () => (await database).delete("device", (await mine()).person);

/** Where the ledger says that the key's chain stands: {seq, prev}. */
export async function standing(key) {
  const { items } = await ask("/v1/keys");
  const row = items.find((each) => each.hash === key.hash);
  return { seq: row?.seq ?? 0, prev: row?.prev ?? null };
}

/** Look at the newest checkpoint: signed by the log, and an extension of what this device has seen; then remember it. */
export async function look() {
  const key = await mine();
  if (!key) return;
  const { log_key } = await ask("/v1/log");
  const pinned = (await recall("log_key")) ?? log_key;
  await keep("log_key", pinned);
  const policy = { logs: [await parseKey(pinned)], witnesses: new Map(), groups: new Map(), quorum: "none" };
  const found = await verifyCheckpoint(await textOf("/checkpoint.unwitnessed"), policy);
  const { size, root } = key.seen;
  if (size > 0 && !(size === found.size && root === hex(found.root))) {
    const node = tileNodes(found.size, (path) => bytesOf(`/${path}`));
    const proof = size < found.size ? await consistencyProof(size, found.size, node) : [];
    try {
      await verifyConsistency(size, found.size, unhex(root), found.root, proof);
    } catch (error) {
      // What this device saw before is no part of what it is shown now: kept until somebody has looked at it.
      await keep("split", { at: new Date().toISOString(), before: key.seen, now: { root: hex(found.root), size: found.size } });
      throw error;
    }
  }
  await change(key.person, { seen: { root: hex(found.root), size: found.size } });
}

async function change(person, fields) {
  const tx = (await database).transaction("device", "readwrite", ON_DISK);
  await tx.store.put({ ...(await tx.store.get(person)), ...fields });
  await tx.done;
}
