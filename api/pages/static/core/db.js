// What this device keeps: keys (one a person), the queue of signed statements, and what the shift needs to know.
import { openDB } from "/parts/idb.js";
import { Told, t } from "./words.js";

/**
 * - device: by person: {person, party, origin, stream, hash, publicKey, privateKey, proof, seq, prev, seen, state, given}
 * - queue: by n, in order of signing: see queue.js
 * - shift: by name: what /shift.json said last, the pinned trust, the clock's drift, who is here
 */
export let database = open();

function open() {
  const opened = stored().catch(() => {
    throw new Told(t("此浏览器不允许保存数据（可能是无痕模式）：本机密钥和离线作业不可用。", "This browser keeps nothing (a private window, perhaps): no own key and no work without network."));
  });
  opened.catch(() => {});
  return opened;
}

async function stored() {
  return openDB("wasteledger", 1, {
    upgrade(db) {
      db.createObjectStore("device", { keyPath: "person" });
      const queue = db.createObjectStore("queue", { keyPath: "n", autoIncrement: true });
      queue.createIndex("state", "state");
      db.createObjectStore("shift");
    },
    terminated() {
      database = open(); // somebody cleared what this site keeps
    },
  });
}

/** Whether this browser keeps anything; a private window may not. */
export const keeps = () => database.then(() => true, () => false);

export const recall = async (name) => (await database).get("shift", name);
export const keep = async (name, value) => (await database).put("shift", value, name);
