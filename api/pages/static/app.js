// Runs on every page: the installed app's worker, sending what waits, and the badge that says how it stands.
import { t } from "./core/words.js";

const badge = document.getElementById("line");
const person = document.querySelector("meta[name=person]")?.content;
let unsent = 0;

async function show() {
  const { waiting, items } = await import("./core/queue.js");
  const count = (unsent = (await waiting()).length);
  const tasks = (await items()).filter((item) => item.state === "stuck" || item.state === "refused").length;
  const split = await (await import("./core/db.js")).recall("split");
  const state = navigator.onLine ? t("在线", "online") : t("离线", "offline");
  const parts = [state];
  if (count) parts.push(t(`${count} 条待发`, `${count} waiting`));
  if (tasks) parts.push(t(`${tasks} 条待处理`, `${tasks} to look at`));
  if (split) parts.unshift(t("账本出现两份历史！", "the ledger shows two histories!"));
  badge.href = split ? "/device" : "/waiting";
  badge.classList.toggle("bad", Boolean(split));
  badge.hidden = false;
  badge.classList.toggle("on", navigator.onLine && !count && !tasks && !split);
  badge.firstElementChild.textContent = parts.join(" · ");
}

async function sendWhatWaits() {
  if (!navigator.onLine) return;
  const { send } = await import("./core/queue.js");
  await send().catch(() => {});
}

async function start() {
  const { onChange } = await import("./core/queue.js");
  const { meet, whoIsHere } = await import("./core/device.js");
  if (person && (await whoIsHere())?.person !== person) await meet();
  onChange(show);
  for (const each of ["online", "offline"]) addEventListener(each, () => show().then(sendWhatWaits));
  await show();
  await sendWhatWaits();
  setInterval(sendWhatWaits, 15_000);
}

if (badge && "indexedDB" in window) {
  start().catch(() => {
    badge.hidden = true; // a part that npm brings is not installed: nothing waits here
  });
}
document.querySelector("form.out")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const words = t(`还有 ${unsent} 条待发，下次由您登录后才会发出。仍要退出？`, `${unsent} still wait and are sent only when you sign in again. Sign out all the same?`);
  if (unsent && !confirm(words)) return;
  const { leave } = await import("./core/leaving.js");
  await leave().catch(() => {});
  event.target.submit();
});
document.querySelector(".menu [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
// What a page is for stands open above it at the first visit on this device, folded below it ever after.
const about = document.querySelector("details.about");
if (about && !localStorage.getItem(`seen ${about.dataset.page}`)) {
  localStorage.setItem(`seen ${about.dataset.page}`, "1");
  about.open = true;
  about.parentElement.prepend(about);
}
// Back to a form that was refused: what was filled in still stands there.
document.querySelector("[data-back]")?.addEventListener("click", (event) => {
  event.preventDefault();
  history.back();
});
// What takes long says that it is under way; coming back to the page, it is not.
document.addEventListener("submit", (event) => {
  if (!event.defaultPrevented && event.target.method === "post") event.submitter?.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => document.querySelectorAll("[aria-busy]").forEach((each) => each.removeAttribute("aria-busy")));
// The first view comes first: what is kept for work without network is fetched when the page stands.
const standing = document.readyState === "complete" ? Promise.resolve() : new Promise((go) => addEventListener("load", go));
if ("serviceWorker" in navigator) standing.then(() => navigator.serviceWorker.register("/sw.js")).catch(() => {});
