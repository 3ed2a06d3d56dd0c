// C2SP signed notes, checkpoints, cosignatures and policies: the twin of ledger/log/note.py and checkpoint.py.
import { concat, hex, unbase64, utf8 } from "./bytes.js";
import { EMPTY_ROOT, sha256 } from "./hashing.js";
import { soundKey, verify } from "./keys.js";
import { isKeyName } from "./wire.js";

const ED25519 = 1;
const COSIGNATURE = 4;
const BYTES_MAX = 1 << 20;
const SIGNATURES_MAX = 100;
const TIME_MAX = 2n ** 63n - 1n;
/** What stands in no note, but for the ends of its lines. */
export const CONTROL = /[\x00-\x09\x0b-\x1f]/;
const POLICY_CONTROL = /[\x00-\x08\x0b-\x1f\x7f]/;

/** A verifier key `<name>+<key id>+<base64(kind ‖ key)>`. */
export async function parseKey(vkey) {
  const [, name, id, material] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? [];
  if (!isKeyName(name)) throw new Error(`not a key: ${vkey}`);
  const bytes = unbase64(material);
  const key = { name, kind: bytes[0], publicKey: hex(bytes.slice(1)), id };
  const made = hex((await sha256(concat(utf8(`${name}\n`), bytes))).slice(0, 4));
  if (bytes.length !== 33 || made !== id) throw new Error(`the id of key ${name} is not its own`);
  if (![ED25519, COSIGNATURE].includes(key.kind) || !soundKey(bytes.slice(1))) throw new Error(`not a key: ${vkey}`);
  return key;
}

/** The text of a note and its signatures (name, key id, signature bytes). */
export function parseNote(note) {
  const at = note.lastIndexOf("\n\n");
  if (at < 0 || !note.endsWith("\n") || CONTROL.test(note) || utf8(note).length > BYTES_MAX) {
    throw new Error("not a signed note");
  }
  const lines = note.slice(at + 2, -1).split("\n");
  if (lines.length > SIGNATURES_MAX) throw new Error(`more than ${SIGNATURES_MAX} signatures`);
  const signatures = lines.map((line) => {
    const [, name, coded] = /^— ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
    if (!isKeyName(name)) throw new Error(`not a signature line: ${line}`);
    const bytes = unbase64(coded);
    if (bytes.length < 5) throw new Error(`not a signature line: ${line}`);
    return { name, id: hex(bytes.slice(0, 4)), signature: bytes.slice(4) };
  });
  return { text: note.slice(0, at + 1), signatures };
}

/** Origin, size and root of a checkpoint's text, which carries no other lines. */
export function parseCheckpoint(text) {
  const [origin, size, coded, end, ...more] = text.split("\n");
  if (!origin || !/^(0|[1-9][0-9]{0,15})$/.test(size ?? "") || end !== "" || more.length) {
    throw new Error("not a checkpoint");
  }
  const checkpoint = { origin, size: Number(size), root: unbase64(coded) };
  const { root } = checkpoint;
  if (!Number.isSafeInteger(checkpoint.size) || root.length !== 32) throw new Error("not a checkpoint");
  if (checkpoint.size === 0 && hex(root) !== EMPTY_ROOT) throw new Error("not the root of an empty log");
  return checkpoint;
}

/** Logs, witnesses, groups and quorum of a C2SP policy. */
export async function parsePolicy(policy) {
  const made = { logs: [], witnesses: new Map(), groups: new Map(), quorum: null };
  const [keys, members] = [new Set(), new Set()];
  const known = (name) => made.witnesses.has(name) || made.groups.has(name);

  async function newKey(vkey, kind) {
    const key = await parseKey(vkey);
    // Also across kinds: a log that is its own witness would witness nothing.
    if (key.kind !== kind || keys.has(key.publicKey)) throw new Error(`policy: the key ${key.name}`);
    keys.add(key.publicKey);
    return key;
  }

  async function take(line) {
    const [verb, ...rest] = line.split(/[ \t]+/);
    const [name, value] = rest;
    const isNew = name !== "none" && !known(name);
    if (verb === "log" && [1, 2].includes(rest.length)) {
      made.logs.push(await newKey(name, ED25519));
    } else if (verb === "witness" && [2, 3].includes(rest.length) && isNew) {
      made.witnesses.set(name, await newKey(value, COSIGNATURE));
    } else if (verb === "group" && rest.length > 2 && isNew) {
      const listed = rest.slice(2);
      for (const member of listed) {
        if (!known(member) || members.has(member)) throw new Error(`policy: the member ${member}`);
        members.add(member);
      }
      const wanted = { any: "1", all: String(listed.length) }[value] ?? value;
      if (!/^[1-9][0-9]{0,8}$/.test(wanted) || Number(wanted) > listed.length) throw new Error(`policy: ${line}`);
      made.groups.set(name, { threshold: Number(wanted), members: listed });
    } else if (verb === "quorum" && rest.length === 1 && made.quorum === null && (name === "none" || known(name))) {
      made.quorum = name;
    } else throw new Error(`policy: ${line}`);
  }

  if (utf8(policy).length > BYTES_MAX || POLICY_CONTROL.test(policy)) throw new Error("not a policy");
  for (const each of policy.split("\n")) {
    const line = each.replace(/^[ \t]+|[ \t]+$/g, "");
    if (line && !line.startsWith("#")) await take(line);
  }
  if (made.quorum === null) throw new Error("the policy names no quorum");
  return made;
}

/** The checkpoint of a note, shown to be its log's and cosigned by the policy's quorum; with the witnesses' names. */
export async function verifyCheckpoint(note, policy) {
  const { text, signatures } = parseNote(note);
  const checkpoint = parseCheckpoint(text);
  const logs = policy.logs.filter((key) => key.name === checkpoint.origin);
  if (!(await signedByOne(text, signatures, logs))) throw new Error(`not signed by a known log: ${checkpoint.origin}`);
  const witnesses = [];
  for (const [name, key] of policy.witnesses) {
    for (const each of signatures.filter((s) => s.name === key.name && s.id === key.id)) {
      if (each.signature.length !== 72) throw new Error(`the cosignature of ${key.name}`);
      const time = new DataView(each.signature.buffer, each.signature.byteOffset).getBigUint64(0);
      if (time > TIME_MAX) throw new Error(`the cosignature of ${key.name}`);
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

