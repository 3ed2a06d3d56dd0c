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

/** How it stands is shown; where that cannot be known (a part that npm brings is not installed), nothing waits here. */
const shown = () =>
  show().catch(() => {
    badge.hidden = true;
  });

/** Who has signed in is known here, and what waits is sent, as far as there is network. */
async function turn() {
  await shown();
  if (!navigator.onLine) return;
  const { meet, whoIsHere } = await import("./core/device.js");
  if (person && (await whoIsHere())?.person !== person) {
    if ((await meet()).person !== person) return wake();
    await shown();
  }
  await (await import("./core/queue.js")).send();
}

if (badge && "indexedDB" in window) {
  const quietly = () => turn().catch(() => {});
  for (const each of ["online", "offline"]) addEventListener(each, quietly);
  setInterval(quietly, 15_000);
  quietly();
  import("./core/queue.js").then(({ onChange }) => onChange(shown)).catch(() => {});
}

/** A page that was left open is sent as whoever is logged in by now: with that session's proof, or it says why not. */
async function wake() {
  const { ask } = await import("./core/net.js");
  const session = await ask("/v1/session").catch((error) => error);
  const out = session.status === 401;
  document.getElementById("stale")?.remove();
  if (session.person === person) {
    for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = session.csrf_token;
  } else if (out || session.person) {
    const words = out
      ? t("登录已失效，请登录后回到本页；填写的内容还在。", "You are signed out. Sign in and come back to this page: what you filled in stays. ")
      : t("本机已换人登录，此页仍是前一位的，请刷新。", "Somebody else has signed in, and this page is still the last person's: reload it. ");
    const link = Object.assign(document.createElement("a"), { href: out ? "/sign-in" : location.href, target: out ? "_blank" : "", textContent: out ? t("登录", "Sign in") : t("刷新", "Reload") });
    const note = Object.assign(document.createElement("p"), { id: "stale", className: "note wrong" });
    note.setAttribute("role", "alert");
    note.append(words, link);
    document.getElementById("main").prepend(note);
  }
}

if (person) {
  const [{ type }] = performance.getEntriesByType("navigation");
  const quietly = () => wake().catch(() => {});
  addEventListener("pageshow", ({ persisted }) => (persisted || type === "back_forward") && quietly());
  document.addEventListener("visibilitychange", () => document.hidden || quietly());
}
document.querySelector("form.out")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const words = t(`还有 ${unsent} 条待发，下次由您登录后才会发出。仍要退出？`, `${unsent} still wait and are sent only when you sign in again. Sign out all the same?`);
  if (unsent && !confirm(words)) return;
  if (!navigator.onLine) return alert(t("没有网络，无法退出：联网后再退出。", "There is no network, so you are still signed in: sign out when there is."));
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
  if (history.length < 2) return; // opened by itself: the link leads to the form
  event.preventDefault();
  history.back();
});
// What takes long says that it is under way, and pressed again meanwhile is not sent again; coming back to the page, it is
// not under way, nor where nothing came for long.
const AGAIN_MS = 15_000;
document.addEventListener("submit", (event) => {
  const { submitter, target } = event;
  if (event.defaultPrevented || target.method !== "post" || !submitter) return;
  if (submitter.hasAttribute("aria-busy")) return event.preventDefault();
  submitter.setAttribute("aria-busy", "true");
  setTimeout(() => submitter.removeAttribute("aria-busy"), AGAIN_MS);
});
addEventListener("pageshow", ({ persisted }) => {
  document.querySelectorAll("[aria-busy]").forEach((each) => each.removeAttribute("aria-busy"));
  if (persisted && document.querySelector(":is(form[data-say], #roll) button:disabled")) location.reload(); // said, and done with
});
// The first view comes first: what is kept for work without network is fetched when the page stands.
const standing = document.readyState === "complete" ? Promise.resolve() : new Promise((go) => addEventListener("load", go));
if ("serviceWorker" in navigator) standing.then(() => navigator.serviceWorker.register("/sw.js")).catch(() => {});
