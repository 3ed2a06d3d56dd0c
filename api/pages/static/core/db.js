// What this device keeps: keys (one a person), the queue of signed statements, and what the shift needs to know.
import { openDB } from "/parts/idb.js";

/**
 * - device: by person: {person, party, origin, stream, hash, publicKey, privateKey, proof, seq, prev, seen, state, given}
 * - queue: by n, in order of signing: see queue.js
 * - shift: by name: what /shift.json said last, the pinned trust, the clock's drift, who is here
 */
export const database = openDB("wasteledger", 1, {
  upgrade(db) {
    db.createObjectStore("device", { keyPath: "person" });
    const queue = db.createObjectStore("queue", { keyPath: "n", autoIncrement: true });
    queue.createIndex("state", "state");
    db.createObjectStore("shift");
  },
});

export const recall = async (name) => (await database).get("shift", name);
export const keep = async (name, value) => (await database).put("shift", value, name);
