// C2SP signed notes, checkpoints, cosignatures and policies, as far as a reader needs them.
import { concat, hex, unbase64, utf8 } from "./bytes.js";
import { sha256 } from "./hashing.js";
import { verify } from "./keys.js";

const ED25519 = 1;
const COSIGNATURE = 4;

/** A verifier key `<name>+<key id>+<base64(kind ‖ key)>`. */
export async function parseKey(vkey) {
  const [, name, id, material] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? [];
  if (!name) throw new Error(`not a key: ${vkey}`);
  const bytes = unbase64(material);
  const key = { name, kind: bytes[0], publicKey: hex(bytes.slice(1)), id };
  const made = hex((await sha256(concat(utf8(`${name}\n`), bytes))).slice(0, 4));
  if (bytes.length !== 33 || made !== id) throw new Error(`the id of key ${name} is not its own`);
  return key;
}

/** The text of a note and its signatures (name, key id, signature bytes). */
export function parseNote(note) {
  const at = note.lastIndexOf("\n\n");
  if (at < 0 || !note.endsWith("\n")) throw new Error("not a signed note");
  const signatures = note
    .slice(at + 2, -1)
    .split("\n")
    .map((line) => {
      const [, name, coded] = /^— (\S+) (\S+)$/.exec(line) ?? [];
      if (!name) throw new Error(`not a signature line: ${line}`);
      const bytes = unbase64(coded);
      return { name, id: hex(bytes.slice(0, 4)), signature: bytes.slice(4) };
    });
  return { text: note.slice(0, at + 1), signatures };
}

/** Origin, size and root of a checkpoint's text. */
export function parseCheckpoint(text) {
  const [origin, size, root] = text.split("\n");
  if (!origin || !/^(0|[1-9][0-9]{0,15})$/.test(size ?? "") || !root) throw new Error("not a checkpoint");
  return { origin, size: Number(size), root: unbase64(root) };
}

/** Logs, witnesses, groups and quorum of a C2SP policy. */
export async function parsePolicy(policy) {
  const made = { logs: [], witnesses: new Map(), groups: new Map(), quorum: null };
  for (const line of policy.split("\n").map((each) => each.trim())) {
    if (!line || line.startsWith("#")) continue;
    const [verb, ...rest] = line.split(/[ \t]+/);
    if (verb === "log") made.logs.push(await parseKey(rest[0]));
    else if (verb === "witness") made.witnesses.set(rest[0], await parseKey(rest[1]));
    else if (verb === "group") {
      const members = rest.slice(2);
      const threshold = { any: 1, all: members.length }[rest[1]] ?? Number(rest[1]);
      if (!(threshold >= 1 && threshold <= members.length)) throw new Error(`policy: ${line}`);
      made.groups.set(rest[0], { threshold, members });
    } else if (verb === "quorum") [made.quorum] = rest;
    else throw new Error(`policy: ${line}`);
  }
  if (made.quorum === null) throw new Error("the policy names no quorum");
  return made;
}

/** The checkpoint of a note, shown to be its log's and cosigned by the policy's quorum; with the witnesses' names. */
export async function verifyCheckpoint(note, policy) {
  const { text, signatures } = parseNote(note);
  const checkpoint = parseCheckpoint(text);
  const logs = policy.logs.filter((key) => key.name === checkpoint.origin && key.kind === ED25519);
  if (!(await signedByOne(text, signatures, logs))) throw new Error(`not signed by a known log: ${checkpoint.origin}`);
  const witnesses = [];
  for (const [name, key] of policy.witnesses) {
    for (const each of signatures.filter((s) => s.name === key.name && s.id === key.id)) {
      if (key.kind !== COSIGNATURE || each.signature.length !== 72) throw new Error(`the cosignature of ${key.name}`);
      const time = Number(new DataView(each.signature.buffer, each.signature.byteOffset).getBigUint64(0));
      await verify(key.publicKey, each.signature.slice(8), utf8(`cosignature/v1\ntime ${time}\n${text}`));
      if (!witnesses.includes(name)) witnesses.push(name);
    }
  }
  if (!isMet(policy, new Set(witnesses))) throw new Error(`the quorum ${policy.quorum} is missing`);
  return { ...checkpoint, text, witnesses, witnessCount: policy.witnesses.size };
}

async function signedByOne(text, signatures, keys) {
  let signed = false;
  for (const key of keys) {
    for (const each of signatures.filter((s) => s.name === key.name && s.id === key.id)) {
      await verify(key.publicKey, each.signature, utf8(text));
      signed = true;
    }
  }
  return signed;
}

function isMet(policy, met) {
  if (policy.quorum === "none") return true;
  for (const [name, group] of policy.groups) {
    if (group.members.filter((member) => met.has(member)).length >= group.threshold) met.add(name);
  }
  return met.has(policy.quorum);
}

