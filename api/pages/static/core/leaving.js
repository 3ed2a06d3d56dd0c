// What is kept of one person's work goes when they go, and when somebody else comes: pages, the shift's data, who is here.
// Keys, what is signed and waits, and the pinned trust stay; a queue is sent once its person is back.

/** The cache of the pages that a person chose to keep on the device. */
export const PAGES = "wasteledger-roadside";

/** Forget whoever was here. */
export async function leave() {
  await self.caches?.delete(PAGES);
  const { database } = await import("./db.js");
  const tx = (await database).transaction("shift", "readwrite");
  tx.store.delete("data");
  tx.store.delete("here");
  await tx.done;
}
