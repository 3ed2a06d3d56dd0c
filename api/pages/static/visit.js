// A visitor decides on a manifest once: the key is made here, used once and forgotten.
import { Told, t, told } from "./core/words.js";
import { about } from "./core/about.js";
import { base64, utf8 } from "./core/bytes.js";
import { encode } from "./core/canonical.js";
import { EMPTY_ROOT } from "./core/hashing.js";
import { uuid7 } from "./core/ids.js";
import { generate, sign } from "./core/keys.js";
import { ask, now } from "./core/net.js";
import { build, message } from "./core/statement.js";

const $ = (id) => document.getElementById(id);
const [secret, coded = ""] = location.hash.slice(1).split(".");
const job = parsed(() => new TextDecoder().decode(Uint8Array.from(atob(coded.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0))));

const KEPT = `visit ${job?.manifest}`; // what is signed stays here until it is recorded: the key that signed it is gone
const WAIT_MS = 3000;

/** What a JSON text says; null for none, and for one that was damaged or cannot be had. */
function parsed(text) {
  try {
    return JSON.parse(text() || "null");
  } catch {
    return null;
  }
}

const post = (path, body) => ask(path, { method: "POST", body, link: secret });

function tell(kind, words) {
  $("state").className = `note ${kind}`;
  $("state").textContent = words;
  $("state").hidden = false;
}

async function open() {
  const visit = await post("/v1/visits/opened", { secret });
  const signed = parsed(() => localStorage.getItem(KEPT));
  if (signed?.key === visit.key) {
    await deliver(signed);
    return visit;
  }
  if (visit.used) throw new Told(t("此链接已使用过。若当时未显示“已记录”，请联系邀请方重新发送链接。", "This link was used before. If it did not say “Recorded” then, ask your partner for another link."));
  $("route").textContent = job.names.join(" → ");
  for (const line of job.lines) {
    const made = $("load").content.firstElementChild.cloneNode(true);
    made.querySelector("legend").textContent = `${line.called} ${line.name} ${line.code} · ${line.listed_g / 1000} kg`;
    made.dataset.container = line.container;
    $("lines").append(made);
  }
  $("decide").hidden = false;
  return visit;
}

/** Whole grams of kilograms; throws words. */
function grams(text) {
  if (!/^\d{1,8}(\.\d{1,3})?$/.test(text.trim())) throw new Told(t("请输入每个接受的容器的重量（kg）", "enter the mass in kg of each accepted container"));
  return Math.round(Number(text) * 1000);
}

function verdict(fieldset) {
  const line = job.lines.find((each) => each.container === fieldset.dataset.container);
  const decision = fieldset.querySelector("[name=decision]").value;
  const made = { container: line.container, code: line.code, decision, listed_g: line.listed_g };
  if (decision === "accepted") made.mass = { basis: "weighed", net_g: grams(fieldset.querySelector("[name=mass]").value) };
  return made;
}

async function send(visit) {
  const lines = [...$("lines").children].map(verdict);
  const body = { manifest: job.manifest, from: job.from, to: job.to, carrier: job.carrier, lines };
  const { privateKey, publicKey, hash } = await generate();
  const possession = encode({ key: visit.key, ledger: visit.ledger, party: visit.party, person: visit.person, public_key: publicKey, v: 1 });
  const proof = base64(await sign(privateKey, utf8(`wasteledger/key-possession/v1\n${possession}`)));
  const chain = { origin: visit.ledger, party: visit.party, person: visit.person, hash, seq: 0, prev: null, seen: { root: EMPTY_ROOT, size: 0 } };
  const said = { type: "manifest-received", id: uuid7(), at: (await now()).at, about: about("manifest-received", body), body };
  const statement = build(chain, said);
  const signature = base64(await sign(privateKey, message(statement)));
  const signed = { key: visit.key, offer: { secret, public_key: publicKey, proof }, submission: { statement, signature } };
  keep(signed);
  await deliver(signed);
}

function keep(signed) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(signed));
  } catch {
    // A browser that keeps nothing has it as long as the page is open.
  }
}

/** Where the inviter's key is not kept by the server, its signature is waited for with the page open; so is the network. */
async function deliver({ offer, submission }) {
  $("signed").textContent = submission.statement;
  $("proof").hidden = false;
  $("decide").hidden = true;
  for (;; await new Promise((go) => setTimeout(go, WAIT_MS))) {
    try {
      await post("/v1/visits/key", offer).catch((error) => {
        if (error.problem?.code !== "link-invalid") throw error; // it came through before
      });
      await post("/v1/statements", submission);
      keep(null);
      return tell("ok", t("已记录。可以关闭此页。", "Recorded. You can close this page."));
    } catch (error) {
      if (error.problem?.code === "unknown-key") tell("soon", t("已签名，等待邀请方确认您的密钥；请保持此页打开。", "Signed; your partner must confirm your key. Keep this page open."));
      else if (error.problem && error.status < 500 && error.status !== 429) {
        keep(null);
        throw new Told(error.message + t(" 此链接已用完：请联系邀请方重新发送链接。", " This link is used up: ask your partner for another."));
      } else tell("soon", t("已签名，尚未送达，正在重试；请保持此页打开。", "Signed, not delivered yet; it is tried again. Keep this page open."));
    }
  }
}

try {
  const visit = await open();
  $("decide").addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = $("decide").querySelector("button");
    button.disabled = true;
    try {
      await send(visit);
    } catch (error) {
      tell("wrong", told(error));
      button.disabled = false;
    }
  });
} catch (error) {
  tell("wrong", job ? told(error) : t("链接不完整。", "The link is not complete."));
}
