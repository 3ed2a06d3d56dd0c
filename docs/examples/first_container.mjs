// Signs that a drum was filled, sends it, waits for the receipt. Run as: node first_container.mjs KEY.pem SITE
// Everything but files and arguments is what browsers have too: fetch, and WebCrypto's Ed25519.
import { webcrypto } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const { subtle } = webcrypto;
const [pem, site] = process.argv.slice(2);
const base64 = (raw) => btoa(String.fromCharCode(...new Uint8Array(raw)));
const from64 = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
const hex = (raw) => [...new Uint8Array(raw)].map((each) => each.toString(16).padStart(2, "0")).join("");
const sha256 = async (raw) => hex(await subtle.digest("SHA-256", raw));
const sorted = (_, v) => (v?.constructor === Object ? Object.fromEntries(Object.entries(v).sort()) : v);
const canonical = (value) => JSON.stringify(value, sorted);

function uuid7() {
  const time = Date.now().toString(16).padStart(12, "0");
  const chance = hex(webcrypto.getRandomValues(new Uint8Array(10)));
  const variant = "89ab"[parseInt(chance[3], 16) & 3];
  return `${time.slice(0, 8)}-${time.slice(8)}-7${chance.slice(0, 3)}-${variant}${chance.slice(4, 7)}-${chance.slice(7, 19)}`;
}

// What the server says; asked again while its status is one of these.
async function ask(path, again = [], body = undefined) {
  const headers = { Authorization: `Bearer ${process.env.TOKEN}`, "Content-Type": "application/json" };
  for (;;) {
    const answer = await fetch(process.env.BASE + path, { method: body ? "POST" : "GET", body, headers });
    const told = await answer.text();
    if (!again.includes(answer.status)) {
      if (!answer.ok) throw new Error(told);
      return told;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const pkcs8 = from64(readFileSync(pem, "ascii").replace(/-----.*?-----|\s/g, ""));
const key = await subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
const kept = pem.replace(/\.pem$/, ".json"); // the end of my chain, and what was signed last
let chain = existsSync(kept) ? JSON.parse(readFileSync(kept, "utf8")) : { seq: 0, answered: true };
if (chain.answered) {
  const { x } = await subtle.exportKey("jwk", key);
  const hashed = await sha256(from64(x.replaceAll("-", "+").replaceAll("_", "/")));
  const me = JSON.parse(await ask("/v1/keys")).items.find((each) => each.hash === hashed);
  const { party } = JSON.parse(await ask("/v1/session"));
  const [log, size, root] = (await ask("/checkpoint.unwitnessed")).split("\n");
  const container = `container:${uuid7()}`;
  const body = { container, place: { party, site }, kind: "package", code: "900-214-08", name: "废机油" };
  body.mass = { basis: "weighed", net_g: 182000 };
  const said = { v: 1, ledger: log, type: "container-filled", id: uuid7(), party, by: me.person, key: hashed, body };
  said.seq = chain.seq + 1;
  said.prev = chain.prev; // undefined at 1, so absent
  said.at = new Date().toISOString();
  said.about = [container, site].sort();
  said.seen = { size: Number(size), root: hex(from64(root)) };
  const message = new TextEncoder().encode(`wasteledger/statement/v1\n${canonical(said)}`);
  const signature = base64(await subtle.sign("Ed25519", key, message));
  chain = { seq: said.seq, prev: await sha256(message), id: said.id, about: container, answered: false };
  chain.signed = { statement: canonical(said), signature };
  writeFileSync(kept, JSON.stringify(chain)); // before it is sent: after a cut the very same bytes go again
}
await ask("/v1/statements", [503], JSON.stringify(chain.signed));
writeFileSync(kept, JSON.stringify({ ...chain, answered: true }));
writeFileSync(kept.replace(/json$/, "receipt"), await ask(`/v1/receipts/${chain.id}`, [202]));
console.log(await ask(`/v1/containers/${chain.about}`, [404]));
