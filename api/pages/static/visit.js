// A visitor decides on a manifest once: the key is made here, used once and forgotten.
import { t } from "./core/words.js";
import { about } from "./core/about.js";
import { base64, utf8 } from "./core/bytes.js";
import { encode } from "./core/canonical.js";
import { EMPTY_ROOT } from "./core/hashing.js";
import { uuid7 } from "./core/ids.js";
import { generate, sign } from "./core/keys.js";
import { build, message } from "./core/statement.js";

const $ = (id) => document.getElementById(id);
const [secret, coded = ""] = location.hash.slice(1).split(".");
const job = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(coded.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0))) || "null");

async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", Authorization: `Bearer ${secret}`, "Accept-Language": document.documentElement.lang },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail ?? response.status);
  return answer;
}

function tell(kind, words) {
  $("state").className = `note ${kind}`;
  $("state").textContent = words;
  $("state").hidden = false;
}

async function open() {
  const visit = await post("/v1/visits/opened", { secret });
  if (visit.used) throw new Error(t("此链接已使用过。", "This link was used before."));
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
  if (!/^\d{1,8}(\.\d{1,3})?$/.test(text.trim())) throw new Error(t("请输入每个接受的容器的重量（kg）", "enter the mass in kg of each accepted container"));
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
  const { enrolled } = await post("/v1/visits/key", { secret, public_key: publicKey, proof });
  const chain = { origin: visit.ledger, party: visit.party, person: visit.person, hash, seq: 0, prev: null, seen: { root: EMPTY_ROOT, size: 0 } };
  const said = { type: "manifest-received", id: uuid7(), at: new Date().toISOString(), about: about("manifest-received", body), body };
  const statement = build(chain, said);
  const signature = base64(await sign(privateKey, message(statement)));
  $("signed").textContent = statement;
  $("proof").hidden = false;
  await deliver({ statement, signature }, enrolled);
}

/** Where the inviter's key is not kept by the server, its signature is waited for with the page open. */
async function deliver(submission, enrolled) {
  for (let wait = enrolled ? 0 : 3000; ; wait = 3000) {
    if (wait) {
      tell("soon", t("已签名，等待邀请方确认您的密钥；请保持此页打开。", "Signed; your partner must confirm your key. Keep this page open."));
      await new Promise((go) => setTimeout(go, wait));
    }
    try {
      await post("/v1/statements", submission);
      return tell("ok", t("已记录。可以关闭此页。", "Recorded. You can close this page."));
    } catch (error) {
      if (enrolled) throw error;
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
      $("decide").hidden = true;
    } catch (error) {
      tell("wrong", error.message);
      button.disabled = false;
    }
  });
} catch (error) {
  tell("wrong", job ? error.message : t("链接不完整。", "The link is not complete."));
}
