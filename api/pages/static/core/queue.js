// Statements said on this device: signed in order, kept until the ledger has answered, never lost.
//
// An item: {n, person, type, id, said: {body, texts, words}, statement, signature, at, drift_ms, state, problem?, index?}
// States: waiting (signed, not answered) → recorded | refused (the ledger recorded the refusal) | stuck (it could not be
// taken in at all: the chain goes no further until it is signed anew or given up).
import { base64 } from "./bytes.js";
import { database } from "./db.js";
import { look, mine, standing } from "./device.js";
import { seal } from "./hashing.js";
import { uuid7 } from "./ids.js";
import { sign } from "./keys.js";
import { ask, now } from "./net.js";
import { build, hashOf, message } from "./statement.js";
import { about } from "./about.js";
import { Told, t } from "./words.js";

const BATCH = 50;
const GIVEN_MAX = 2000; // digital codes, more than two days have
// What was signed is on the disk before anybody is told so: a browser that is killed loses nothing.
const ON_DISK = { durability: "strict" };
const changes = new EventTarget();

/** Calls back after every change of the queue, also one by another tab or the worker. */
export function onChange(listener) {
  changes.addEventListener("change", listener);
  channel.addEventListener("message", listener);
}

const channel = new BroadcastChannel("wasteledger-queue");

function changed() {
  changes.dispatchEvent(new Event("change"));
  channel.postMessage("change");
}

/**
 * Sign an event with this device's key and put it in line; the network is not needed.
 * @param {string} type
 * @param {object} body  wire form; {clear: text} where it is personal
 * @param {string} words what the person did, for the list
 * @param {{at?: string, about?: string[]}} [more]
 */
export const say = async (type, body, words, more = {}) => (await sayTogether(() => [{ type, body, words, ...more }]))[0];

/**
 * The same for several events that belong together: all are in line, or none.
 * @param {(key: object, at: string) => object[]} tell  what is said, of the device's key and the moment; who hands out
 *   a digital code names it as `gives`: it is never handed out again, whatever becomes of the statement
 */
export async function sayTogether(tell) {
  const { at, drift_ms } = await now();
  const made = await navigator.locks.request("wasteledger-sign", async () => {
    const drafts = tell(await inUse(), at).map(async ({ type, body, words, about, gives, ...more }) => {
      return { type, id: uuid7(), said: { ...(await seal(body)), words, about }, at: more.at ?? at, drift_ms, gives };
    });
    return drafts.length ? append(await Promise.all(drafts)) : [];
  });
  if (made.length) changed();
  return made;
}

async function inUse() {
  const key = await mine();
  if (key?.state !== "active") throw new Told(t("本机没有可用的密钥：请登录后在“本机”页查看。", "This device has no key in use: sign in and look under This device."));
  return key;
}

/** Sign as the next of the chain; key, codes and queue change in one transaction, so a crash loses none or all. */
async function append(drafts, replaces) {
  const key = await inUse();
  const items = [];
  for (const { type, id, said, at, drift_ms, gives } of drafts) {
    const statement = build(key, { type, id, at, body: said.body, about: said.about ?? about(type, said.body, key.party) });
    const signature = base64(await sign(key.privateKey, message(statement)));
    Object.assign(key, { seq: key.seq + 1, prev: await hashOf(statement) });
    if (gives) key.given = [...(key.given ?? []), gives].slice(-GIVEN_MAX);
    items.push({ person: key.person, type, id, said, statement, signature, at, drift_ms, seq: key.seq, state: "waiting" });
  }
  const tx = (await database).transaction(["device", "queue"], "readwrite", ON_DISK);
  tx.objectStore("device").put(key);
  if (replaces !== undefined) tx.objectStore("queue").delete(replaces);
  try {
    for (const item of items) item.n = await tx.objectStore("queue").add(item);
    await tx.done;
  } catch (error) {
    if (error.name !== "QuotaExceededError") throw error;
    throw new Told(t("本机存储已满，没有签名任何内容：请腾出空间后重试。", "This device's storage is full, nothing was signed: make room and try again."));
  }
  return items;
}

/** Everything said here by whoever is here, the newest last. */
export async function items() {
  const key = await mine();
  const all = await (await database).getAll("queue");
  return all.filter((item) => item.person === key?.person);
}

export const waiting = async () => (await items()).filter((item) => item.state === "waiting");

let asked = false;
let sending = null;

/** Send what waits, in order; stops without network, quietly. One sender at a time, over all tabs. */
export function send() {
  asked = true;
  sending ??= navigator.locks.request("wasteledger-send", async () => {
    try {
      for (; asked; await sendAll()) asked = false; // asked for while one ended: what was said since goes too
    } finally {
      sending = null;
    }
  });
  return sending;
}

async function sendAll() {
  for (;;) {
    const all = await items();
    const next = all.filter((item) => item.state === "waiting").slice(0, BATCH);
    if (next.length === 0 || all.some((item) => item.state === "stuck")) return; // behind what is stuck nothing fits
    const { results } = await ask("/v1/statements", { method: "POST", body: { statements: next.map(submission) } });
    for (const [n, item] of next.entries()) {
      if (!(await settle(item, results[n]))) return;
    }
    await look().catch(() => {});
  }
}

function submission({ statement, signature, said }) {
  return { statement, signature, ...(said.texts.length ? { sealed: said.texts } : {}) };
}

/** Write down an answer; false when the chain cannot go on behind this item. */
async function settle(item, { status, recorded, problem }) {
  if (recorded) await update(item, { state: "recorded", index: recorded.index, exceptions: recorded.exceptions });
  else if (status === 429 || status >= 500) return false;
  else if (problem.outcome === "refused" || problem.outcome === "quarantined") {
    await update(item, { state: "refused", problem });
  } else {
    await update(item, { state: "stuck", problem });
    return false;
  }
  return true;
}

async function update(item, fields) {
  const tx = (await database).transaction("queue", "readwrite", ON_DISK);
  tx.store.put({ ...item, ...fields });
  await tx.done;
  changed();
}

/** The way out of a stuck chain: what the ledger never took is signed anew, in order, behind what it did take. */
export async function signAnew() {
  await navigator.locks.request("wasteledger-send", () => navigator.locks.request("wasteledger-sign", resign)); // nothing is on its way
  changed();
}

async function resign() {
  const key = await mine();
  const { seq, prev } = await standing(key);
  await (await database).put("device", { ...key, seq, prev });
  for (const item of (await items()).filter((each) => ["waiting", "stuck"].includes(each.state))) {
    await append([item], item.n);
  }
}

/** Take an item out of the list: one that has been answered, or one that is given up. */
export async function drop(item) {
  await (await database).delete("queue", item.n);
  changed();
}

