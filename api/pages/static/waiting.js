// Every statement of this device with its own state; what was refused is a task with both sides and the ways out.
import { lang, t, told } from "./core/words.js";
import { recall } from "./core/db.js";
import { meet } from "./core/device.js";
import { ask } from "./core/net.js";
import { drop, items, onChange, send, signAnew } from "./core/queue.js";

const $ = (id) => document.getElementById(id);
const STATES = {
  waiting: ["soon", "待发", "waiting"],
  recorded: ["ok", "已记录", "recorded"],
  refused: ["wrong", "被拒绝", "refused"],
  stuck: ["wrong", "未被接收", "not taken in"],
};
const CLOCK_MS = 120_000;

async function show() {
  const all = (await items()).reverse();
  $("empty").hidden = all.length > 0;
  $("send").hidden = !all.some((item) => item.state === "waiting");
  $("items").replaceChildren(...all.map(card));
  const drift = await recall("drift");
  $("clock").hidden = Math.abs(drift?.ms ?? 0) < CLOCK_MS;
  const minutes = Math.round((drift?.ms ?? 0) / 60_000);
  $("clock").textContent = t(
    `本机时钟与服务器相差 ${minutes} 分钟；签名时间已按服务器时钟校正，偏差随每条陈述保存在本机。`,
    `This device's clock is ${minutes} minutes off; signed times follow the server's clock, and the drift is kept with each statement.`,
  );
}

function card(item) {
  const made = $("item").content.firstElementChild.cloneNode(true);
  const set = (selector, text) => (made.querySelector(selector).textContent = text);
  const [kind, zh, en] = STATES[item.state];
  made.querySelector(".state").classList.add(kind);
  set(".state", t(zh, en));
  set(".words", item.said.words);
  set("time", new Date(item.at).toLocaleString(lang === "en" ? "en-GB" : "zh-CN"));
  set(".index", item.index === undefined ? "" : t(`第 ${item.index} 条`, `entry ${item.index}`));
  set(".statement", item.statement);
  set(".signature", item.signature);
  const ways = made.querySelector(".ways");
  if (item.problem) both(made, item);
  if (item.state === "recorded") ways.append(link(`/evidence/${item.id}`, t("查看证明", "See the proof")), act(t("从本机清除", "Clear here"), () => drop(item)));
  if (item.state === "refused") ways.append(...concerned(item), act(t("已处理", "Dealt with"), () => drop(item)));
  if (item.state === "stuck") ways.append(act(t("重新签名并发送", "Sign anew and send"), () => signAnew().then(send)), act(t("放弃此条", "Give this up"), () => drop(item).then(signAnew).then(send)));
  return made;
}

/** What was said here beside what the ledger holds. */
function both(made, item) {
  made.querySelector(".sides").hidden = false;
  made.querySelector(".problem").textContent = item.problem.detail;
  made.querySelector(".law").textContent = (item.problem.law ?? []).join("；");
  made.querySelector(".mine").textContent = [item.said.words, item.problem.got].filter(Boolean).join(" · ");
  const body = item.said.body;
  const container = body.container ?? body.lines?.[0]?.container;
  if (!container) return;
  ask(`/v1/containers/${container}`).then(
    (found) => {
      made.querySelector(".theirs").textContent = `${found.container_code || found.name} · ${found.status} · ${found.net_g.toLocaleString("en")} g`;
    },
    (error) => {
      made.querySelector(".theirs").textContent = told(error);
    },
  );
}

const concerned = ({ said: { body } }) => [
  ...(body.container ? [link(`/containers/${body.container}`, t("打开容器", "Open the container"))] : []),
  ...(body.manifest ? [link(`/manifests/${body.manifest}`, t("打开联单", "Open the manifest"))] : []),
];

const link = (href, textContent) => Object.assign(document.createElement("a"), { href, textContent, className: "button" });

function act(textContent, does) {
  const button = Object.assign(document.createElement("button"), { textContent, type: "button" });
  button.addEventListener("click", () => attempt(does));
  return button;
}

async function attempt(does) {
  $("failed").hidden = true;
  try {
    await does();
  } catch (error) {
    failed(error);
  }
  await show().catch(failed);
}

function failed(error) {
  const kept = navigator.onLine ? told(error) : t("没有网络，陈述保存在本机。", "No network: everything stays on this device.");
  const link = Object.assign(document.createElement("a"), { href: "/sign-in?next=/waiting", textContent: t("请先登录再发送。", "Sign in to send.") });
  $("failed").replaceChildren(error.status === 401 ? link : kept);
  $("failed").hidden = false;
}

$("send").addEventListener("click", () => attempt(send));
onChange(() => show().catch(failed));
show().catch(failed);
meet().then(show).catch(() => {}); // whoever has just signed in
