// Verifies a receipt on this device under two pinned files; says what was proven and what was not.
import { lang, t, told } from "./core/words.js";
import { keep, recall } from "./core/db.js";
import { textOf } from "./core/net.js";
import { verifyReceipt } from "./core/receipt.js";

const $ = (id) => document.getElementById(id);
const form = $("verify");

async function pin() {
  let pinned = await recall("pinned");
  if (!pinned) {
    const [policy, trust] = await Promise.all([textOf("/policy.txt"), textOf("/trust.json")]);
    pinned = { policy, trust, at: new Date().toISOString(), from: location.origin };
    await keep("pinned", pinned);
  }
  form.policy.value ||= pinned.policy;
  form.trust.value ||= pinned.trust;
  $("pinned").textContent = t(
    `${new Date(pinned.at).toLocaleString("zh-CN")} 取自 ${pinned.from}。请与您从其他渠道得到的核对。`,
    `Taken from ${pinned.from} on ${new Date(pinned.at).toLocaleString("en-GB")}. Compare them with what you got in another way.`,
  );
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const [file] = form.file.files;
  $("result").hidden = false;
  $("facts").replaceChildren();
  $("body").textContent = "";
  const receipt = file ? await file.text().catch(() => null) : `${form.receipt.value.trim()}\n`;
  if (!(form.policy.value.trim() && form.trust.value.trim())) return verdict("unknown", t("缺少固定文件（首次打开需联网取得，或自行粘贴）。未作验证。", "The pinned files are missing: go online once, or paste them. Nothing was verified."));
  if (receipt === null) return verdict("unknown", t("无法读取该文件：请重新选择，或粘贴收据。未作验证。", "The file cannot be read: choose it again, or paste the receipt. Nothing was verified."));
  try {
    show(await verifyReceipt(receipt, form.policy.value, JSON.parse(form.trust.value)));
  } catch (error) {
    verdict(
      "wrong",
      t(
        `不成立：收据与固定的策略和信任文件不符，或已被改动，不能作为证明。请向出具方重新取得原文件再验。技术原因：${error.message}`,
        `It does not hold: the receipt was changed, or does not fit the pinned policy and trust file, and proves nothing. Get the original file again from whoever issued it. Technical reason: ${error.message}`,
      ),
    );
  }
});

function show({ statement, entry, index, checkpoint }) {
  const count = checkpoint.witnesses.length;
  const guard = count ? "" : t("运营方是否向他人出示另一份历史未得到证明；", "that nobody was shown another history; ");
  const fate = entry.refused !== undefined ? t(`但被规则 ${entry.refused} 拒绝`, `refused by the rule ${entry.refused}`) : t("并被受理", "accepted");
  const key = statement.key.slice(0, 16);
  verdict(
    "ok",
    t(
      `已证明：密钥 ${key}… 签署了此陈述，它${fate}，是日志 ${checkpoint.origin} 中第 ${index} 条（共 ${checkpoint.size} 条，${count} 个见证）。未证明：${guard}密钥属于谁，以及所填内容是否属实。`,
      `Proven: key ${key}… signed this statement, and it stands, ${fate}, as entry ${index} of ${checkpoint.size} in the log ${checkpoint.origin} (${count} witnesses). Not proven: ${guard}whose the key is; that what was entered is true.`,
    ),
  );
  fact(t("事件", "Event"), statement.type);
  fact(t("发生时间", "Happened"), new Date(statement.at).toLocaleString(lang === "en" ? "en-GB" : "zh-CN"));
  fact(t("收到时间", "Received"), new Date(entry.received_at).toLocaleString(lang === "en" ? "en-GB" : "zh-CN"));
  fact(t("单位", "Party"), statement.party);
  $("body").textContent = JSON.stringify(statement.body, null, 1);
}

function verdict(kind, words) {
  $("verdict").className = `note ${kind}`;
  $("verdict").textContent = words;
}

function fact(term, words) {
  const dt = Object.assign(document.createElement("dt"), { textContent: term });
  const dd = Object.assign(document.createElement("dd"), { textContent: words });
  $("facts").append(dt, dd);
}

pin().catch((error) => {
  $("pinned").textContent = told(error);
});
