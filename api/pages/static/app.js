// Runs on every page: the installed app's worker, sending what waits, and the badge that says how it stands.
import { t } from "./core/words.js";

const badge = document.getElementById("line");

async function show() {
  const { waiting, items } = await import("./core/queue.js");
  const count = (await waiting()).length;
  const tasks = (await items()).filter((item) => item.state === "stuck" || item.state === "refused").length;
  const state = navigator.onLine ? t("在线", "online") : t("离线", "offline");
  const parts = [state];
  if (count) parts.push(t(`${count} 条待发`, `${count} waiting`));
  if (tasks) parts.push(t(`${tasks} 条待处理`, `${tasks} to look at`));
  badge.hidden = false;
  badge.classList.toggle("on", navigator.onLine && !count && !tasks);
  badge.textContent = parts.join(" · ");
}

async function sendWhatWaits() {
  if (!navigator.onLine) return;
  const { send } = await import("./core/queue.js");
  await send().catch(() => {});
}

async function start() {
  const { onChange } = await import("./core/queue.js");
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
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(() => {});
