// The gate without touching the screen: scan a container, the weight is asked for, Enter takes it and waits for the next.
import { t } from "./core/words.js";
import { signal } from "./scan.js";
import { grams, kilograms, named, onScan } from "./ticking.js";

const form = document.querySelector("form[data-gate]");
const lines = [...form.querySelectorAll("[data-line]")];
const scale = form.querySelector("[data-scale]");
const weight = form.querySelector("[data-weight]");
const told = form.querySelector("[data-scanned]");
const counts = form.querySelector("[data-counts]");
const buttons = [...form.querySelectorAll("[data-decide]")];
const IN_DOUBT = { ok: 0, soon: 0, wrong: 0, unknown: 0 };
let current = null;
let others = []; // of a group that was scanned: each is asked for in its turn

const field = (line, name) => line.querySelector(`[name="${name}:${line.dataset.line}"]`);
const called = (line) => line.querySelector("legend span").textContent;

/** [state, word] of a line as its fields stand. */
function judged(line) {
  const decision = field(line, "decision").value;
  const net = grams(field(line, "mass").value);
  if (decision === "refused") return ["wrong", t("拒收", "refused")];
  if (decision === "missing") return ["wrong", t("缺失", "missing")];
  if (net === null) return field(line, "mass").value.trim() ? ["wrong", t("不是重量", "no mass")] : ["unknown", t("待验收", "expected")];
  if (decision === "accepted-in-part") return ["soon", t("部分接受", "accepted in part")];
  const difference = net - Number(line.dataset.expected);
  if (difference === 0) return ["ok", t("一致", "equal")];
  const sign = difference > 0 ? "+" : "−";
  const gap = `${sign}${kilograms(Math.abs(difference))}`;
  if (Math.abs(difference) <= Number(line.dataset.tolerance)) return ["ok", t(`允许范围内 ${gap}`, `within tolerance ${gap}`)];
  return ["wrong", t(`超差 ${gap}`, `beyond tolerance ${gap}`)];
}

function show() {
  const sums = { ...IN_DOUBT };
  for (const line of lines) {
    const [state, word] = judged(line);
    sums[state] += 1;
    const chip = line.querySelector("[data-state]");
    chip.className = `state ${state}`;
    chip.textContent = word;
  }
  counts.textContent = t(
    `正常 ${sums.ok} · 注意 ${sums.soon} · 异常 ${sums.wrong} · 待验收 ${sums.unknown}`,
    `in order ${sums.ok} · in part ${sums.soon} · wrong ${sums.wrong} · expected ${sums.unknown}`,
  );
}

function ask(line, words) {
  current = line;
  told.classList.toggle("wrong", !line);
  told.textContent = words;
  weight.disabled = !line;
  for (const button of buttons) {
    const option = line && [...field(line, "decision").options].some((each) => each.value === button.dataset.decide);
    button.disabled = !option;
  }
  weight.value = line ? field(line, "mass").value : "";
  (line ? weight : scanField).focus();
}

function settle(decision) {
  if (!current) return;
  const net = grams(weight.value);
  if (decision !== "refused" && net === null) {
    told.textContent = t(`${called(current)}：请输入重量（kg）`, `${called(current)}: enter the mass in kg`);
    signal(false);
    return;
  }
  field(current, "mass").value = decision === "refused" ? "" : weight.value.trim();
  field(current, "decision").value = decision === "accepted" ? "" : decision;
  const [state, word] = judged(current);
  const kind = field(current, "discrepancy");
  if (decision === "accepted" && ["", "quantity"].includes(kind.value)) kind.value = state === "wrong" ? "quantity" : "";
  show();
  signal(state === "ok");
  const done = `${called(current)}：${word}`;
  ask(null, "");
  if (others.length) expectLine(others.shift(), `${done} · `);
  else told.textContent = `${done} · ${t("扫描下一个", "scan the next")}`;
  told.classList.toggle("wrong", state === "wrong");
}

function expectLine(line, before = "") {
  line.scrollIntoView({ block: "center" });
  const rest = others.length ? t(`（同组还有 ${others.length} 件）`, ` (${others.length} more of the group)`) : "";
  ask(line, `${before}${called(line)} · ${t("应到", "expected")} ${kilograms(Number(line.dataset.expected))}${rest}`);
}

/** A container that is not expected: its text goes into a free pair of fields, and its mass is asked for there. */
function unlisted(text) {
  const rows = [...form.querySelectorAll("[data-extra]")];
  const free = rows.find((row) => [text, ""].includes(row.querySelector("[name=unlisted_text]").value)) ?? another(rows.at(-1));
  free.querySelector("[name=unlisted_text]").value = text;
  told.classList.add("wrong");
  told.textContent = t("联单未列：请填写重量", "Not on the manifest: enter its mass");
  free.querySelector("[name=unlisted_mass]").focus();
}

function another(row) {
  const made = row.cloneNode(true);
  for (const input of made.querySelectorAll("input")) input.value = "";
  row.after(made);
  return made;
}

async function seen(text) {
  const found = await named(text, lines).catch(() => null);
  signal(Boolean(found?.length));
  if (!found) ask(null, t("标签码不完整，请重扫。", "The label's code is damaged: scan it again."));
  else if (!found.length) unlisted(text);
  else {
    const open = found.filter((line) => judged(line)[0] === "unknown");
    const [first, ...rest] = open.length ? open : found;
    others = open.length ? rest : [];
    expectLine(first);
  }
}

scale.hidden = false;
const scanField = onScan(form, seen);
weight.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  settle("accepted");
});
for (const button of buttons) button.addEventListener("click", () => settle(button.dataset.decide));
form.querySelector("[data-rest-missing]").addEventListener("click", () => {
  for (const line of lines) if (judged(line)[0] === "unknown") field(line, "decision").value = "missing";
  show();
});
form.addEventListener("input", show);
form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.name !== "unlisted_mass") return;
  event.preventDefault();
  scanField.focus();
});
show();
scanField.focus();
