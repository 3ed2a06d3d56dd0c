// This device's key: make it, wait for the administrator, see how it stands.
import { t, told } from "./core/words.js";
import { enrol, forget, look, meet, mine, refresh } from "./core/device.js";
import { recall } from "./core/db.js";
import { supported } from "./core/keys.js";
import { waiting } from "./core/queue.js";

const $ = (id) => document.getElementById(id);
const WORDS = {
  none: ["unknown", "本机还没有密钥。", "This device has no key yet."],
  made: ["soon", "密钥已生成，尚未提交。", "The key is made, not offered yet."],
  waiting: ["soon", "等待管理员在“管理 → 设备与密钥”中确认；主管部门的由其已有密钥认可。", "Waits: an administrator confirms it under Administration, Devices and keys; an authority's is let in by an older key of the authority."],
  active: ["ok", "可以使用，断网也能签名。", "In use: it signs without network too."],
  revoked: ["wrong", "已吊销：此密钥的新陈述会被隔离。", "Revoked: what it signs now is quarantined."],
};

async function show() {
  const split = await recall("split");
  $("split").hidden = !split;
  $("split-is").textContent = split ? `${split.at} · ${split.before.size} ${split.before.root} · ${split.now.size} ${split.now.root}` : "";
  const key = await mine();
  const [kind, zh, en] = WORDS[key?.state ?? "none"];
  $("state").className = `note ${kind}`;
  $("state").textContent = t(zh, en);
  $("state").hidden = false;
  $("facts").hidden = !key;
  $("enrol").hidden = Boolean(key);
  $("refresh").hidden = !key;
  $("forget").hidden = !(key && (key.state === "revoked" || key.state === "waiting")) || (await waiting()).length > 0;
  if (!key) return;
  $("hash").textContent = key.hash;
  $("public").textContent = key.publicKey;
  $("stream").textContent = $("enrolled-as").textContent = key.stream;
  $("seq").textContent = String(key.seq);
  $("seen").textContent = t(`${key.seen.size} 条，已核对为同一历史`, `${key.seen.size} entries, shown to be one history`);
}

const BUTTONS = ["enrol", "refresh", "forget"].map($);

async function attempt(does) {
  $("failed").hidden = true;
  for (const button of BUTTONS) button.disabled = true; // pressed twice, one key is made
  try {
    await does();
  } catch (error) {
    failed(error);
  }
  await show().catch(failed);
  for (const button of BUTTONS) button.disabled = false;
}

function failed(error) {
  const link = Object.assign(document.createElement("a"), { href: "/sign-in?next=/device", textContent: t("请先登录。", "Sign in first.") });
  $("failed").replaceChildren(error.status === 401 ? link : told(error));
  $("failed").hidden = false;
}

$("enrol").addEventListener("click", () => attempt(enrol));
$("refresh").addEventListener("click", () => attempt(() => refresh().then(look)));
$("forget").addEventListener("click", () => attempt(forget));

if (await supported()) {
  await attempt(async () => {
    await meet().catch(() => {});
    if (await mine()) await refresh().then(look).catch(() => {});
  });
} else {
  $("failed").textContent = t("此浏览器不支持 Ed25519 签名：请换用新版 Chrome、Edge、Firefox 或 Safari；在此之前由服务器代管密钥签名。", "This browser cannot sign with Ed25519: use a recent Chrome, Edge, Firefox or Safari; until then the server signs with a key it keeps.");
  $("failed").hidden = false;
}
