// RFC 9162 §2.1: roots and proofs. Sizes stay below 2^53, so they are halved by division, not by shifts of 32 bits.
import { nodeHash } from "./hashing.js";
import { same } from "./bytes.js";

const half = (n) => Math.floor(n / 2);
const odd = (n) => n % 2 === 1;

/** Throws unless `leaf` is number `index` under `root` of `size` (§2.1.3.2). */
export async function verifyInclusion(leaf, index, size, proof, root) {
  if (!(index >= 0 && index < size)) throw new Error("the index lies outside the tree");
  let [fn, sn, r] = [index, size - 1, leaf];
  for (const p of proof) {
    if (sn === 0) throw new Error("the inclusion proof is too long");
    if (odd(fn) || fn === sn) {
      r = await nodeHash(p, r);
      while (!odd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      r = await nodeHash(r, p);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  if (sn !== 0 || !same(r, root)) throw new Error("the entry is not under this root");
}

/** Throws unless `root2` of `size2` extends `root1` of `size1` (§2.1.4.2); from size 0 everything does. */
export async function verifyConsistency(size1, size2, root1, root2, proof) {
  if (size1 > size2) throw new Error("the log has become shorter");
  if (size1 === size2 && same(root1, root2) && proof.length === 0) return;
  if (size1 === size2 || proof.length === 0) throw new Error("the log shows two histories");
  const path = Number.isInteger(Math.log2(size1)) ? [root1, ...proof] : proof;
  let [fn, sn] = [size1 - 1, size2 - 1];
  while (odd(fn)) [fn, sn] = [half(fn), half(sn)];
  let [fr, sr] = [path[0], path[0]];
  for (const c of path.slice(1)) {
    if (sn === 0) throw new Error("the consistency proof is too long");
    if (odd(fn) || fn === sn) {
      fr = await nodeHash(c, fr);
      sr = await nodeHash(c, sr);
      while (!odd(fn) && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      sr = await nodeHash(sr, c);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  if (sn !== 0 || !same(fr, root1) || !same(sr, root2)) throw new Error("the log shows two histories");
}

/** The consistency proof between two sizes (§2.1.4.1); `node(level, index)` is the hash of a complete subtree. */
export async function consistencyProof(size1, size2, node) {
  const proof = [];
  let [first, last] = [0, size2];
  while (size1 < last) {
    const middle = first + splitPoint(last - first);
    if (size1 <= middle) {
      proof.push(await rangeRoot(middle, last, node));
      last = middle;
    } else {
      proof.push(await rangeRoot(first, middle, node));
      first = middle;
    }
  }
  if (first) proof.push(await rangeRoot(first, last, node));
  return proof.reverse();
}

async function rangeRoot(first, last, node) {
  const count = last - first;
  const level = Math.log2(count);
  if (Number.isInteger(level)) return node(level, first / count);
  const middle = first + splitPoint(count);
  return nodeHash(await rangeRoot(first, middle, node), await rangeRoot(middle, last, node));
}

/** The largest power of two below n. */
function splitPoint(n) {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
}

/** A reader of nodes over C2SP tiles of height 8; `fetchTile(path)` gives a tile's bytes. */
export function tileNodes(size, fetchTile) {
  const tiles = new Map();
  async function row(level, index) {
    const width = Math.min(256, Math.floor(size / 256 ** level) - index * 256);
    const path = `tile/${level}/${tilePath(index)}${width < 256 ? `.p/${width}` : ""}`;
    if (!tiles.has(path)) tiles.set(path, await fetchTile(path));
    return tiles.get(path);
  }
  return async (level, index) => {
    const above = Math.floor(level / 8);
    const height = level % 8;
    const start = index * 2 ** height;
    const bytes = await row(above, Math.floor(start / 256));
    const at = start % 256;
    let hashes = Array.from({ length: 2 ** height }, (_, n) => bytes.slice((at + n) * 32, (at + n + 1) * 32));
    while (hashes.length > 1) {
      hashes = await Promise.all(
        hashes.filter((_, n) => n % 2 === 0).map((left, n) => nodeHash(left, hashes[2 * n + 1])),
      );
    }
    return hashes[0];
  };
}

/** C2SP tlog-tiles: groups of three digits, all but the last marked x. */
function tilePath(index) {
  const groups = [String(index % 1000).padStart(3, "0")];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  }
  return groups.join("/");
}
