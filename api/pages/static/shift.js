// The shift's page: everything it needs lies on this device; what is said is signed here and sent when it can be.
import { Told, lang, t, told } from "./core/words.js";
import { keepUp, nextCode, prepare } from "./core/codes.js";
import { recall } from "./core/db.js";
import { mine, meet, refresh, look } from "./core/device.js";
import { uuid7 } from "./core/ids.js";
import { parseLabel, verifyLabel } from "./core/label.js";
import { items, onChange, say, sayTogether, send } from "./core/queue.js";
import { current, find, meant } from "./core/shift.js";

const $ = (id) => document.getElementById(id);
const form = (id) => document.forms[id];
const POWERS = { g: 0, kg: 3, t: 6 };
const STATES = {
  held: ["ok", "在库", "in store"],
  filling: ["ok", "装填中", "being filled"],
  "in-transit": ["soon", "运输中", "on the road"],
};

let shift;
let things = []; // what was scanned: one container, or all of a group
const lines = new Map();
const loaded = new Set();

// ------------------------------------------------------------------------------------------------ what is known

async function load() {
  await open().catch(() => {}); // what is kept here first: a line that went dead in a tunnel keeps nobody waiting
  try {
    await meet();
    await refresh();
    await prepare();
    await look();
  } catch (error) {
    if (error.status === 401) return stop(t("请先登录，再准备离线作业。", "Sign in to prepare for work without network."), "/sign-in?next=/shift", t("登录", "Sign in"));
    if (error.status === 403) return stop(error.message, "/", t("回首页", "To the home page"));
  }
  await open(stop).catch((error) => stop(told(error), "/", t("回首页", "To the home page")));
}

/** Opens the shift with what this device has; what is missing is told to `lacks`. */
async function open(lacks = () => {}) {
  const key = await mine();
  if (!key || key.state !== "active") {
    const none = navigator.onLine ? t("本机还没有密钥。", "This device has no key yet.") : t("没有网络，本机也没有密钥：联网后再试。", "There is no network, and this device has no key: try again when there is.");
    const words = key ? t("本机的密钥等待管理员确认。", "This device's key waits for an administrator.") : none;
    return lacks(words, "/device", t("本机密钥", "This device's key"));
  }
  if (!(await recall("data"))) return lacks(t("需要联网一次，以取得当班数据。", "Go online once to get what the shift needs."), "/", t("回首页", "To the home page"));
  await show();
  $("why").hidden = true;
  $("work").hidden = false;
}

function stop(words, where, onwards) {
  const link = Object.assign(document.createElement("a"), { href: where, className: "button", textContent: onwards });
  $("why").replaceChildren(`${words} `, link);
  $("why").hidden = false;
  $("work").hidden = true;
}

async function show() {
  shift = current(await recall("data"), await items());
  const { sites, profiles, partners, manifests } = shift;
  options(form("fill").profile, profiles, (p) => `${p.name} ${p.code}`);
  options(form("fill").site, sites, (s) => s.name);
  options(form("store").facility, sites.flatMap((s) => s.stores.map((f) => ({ ...f, site: s.id }))), (f) => f.name);
  zones();
  const consignees = partners.filter((p) => p.id !== shift.party && p.duties.includes("disposer"));
  options(form("issue").to, consignees.flatMap((p) => p.sites.map((s) => ({ id: `${p.id} ${s.id}`, name: `${p.name} ${s.name}` }))), (p) => p.name);
  options(form("issue").carrier, partners.filter((p) => p.duties.includes("carrier")), (p) => p.name);
  options(form("pick-up").manifest, manifests.filter((m) => m.status === "issued"), (m) => `${m.number || m.id.slice(-8)} ${m.from_name} → ${m.to_name}`);
  $("listed").textContent = lines.size ? `(${lines.size})` : "";
  list("lines", [...lines.values()].map((c) => `${called(c)} ${mass(c.net_g)}`));
  list("loads", [...loaded].map((id) => called(find(shift, id))));
  const at = new Date(shift.made_at);
  $("fresh").textContent = t("数据截至 ", "As of ") + at.toLocaleString(lang === "en" ? "en-GB" : "zh-CN");
  if (things.length) showThings(things.map((c) => find(shift, c.id)).filter(Boolean));
}

/** Shows what has changed; where that is another's work by now, it is closed. */
async function refreshed() {
  await show().catch((error) => stop(error instanceof Told ? error.message : t("本机已退出登录：请重新登录。", "Signed out on this device: sign in again."), "/sign-in?next=/shift", t("登录", "Sign in")));
}

function options(select, of, words) {
  const chosen = select.value;
  select.replaceChildren(...of.map((each) => new Option(words(each), each.id)));
  if (of.some((each) => each.id === chosen)) select.value = chosen;
}

const containers = (n) => `${n} container${n === 1 ? "" : "s"}`;

function zones() {
  const store = shift.sites.flatMap((s) => s.stores).find((f) => f.id === form("store").facility.value);
  options(form("store").zone, ["", ...(store?.zones ?? [])].map((id) => ({ id })), (z) => z.id || "–");
  const here = shift.containers.filter((c) => c.facility === store?.id && !things.some((each) => each.id === c.id));
  const note = $("store-load");
  note.hidden = !store;
  note.textContent = t(`此处现有 ${here.length} 个容器，共 ${mass(sum(here))}。`, `${containers(here.length)} here, ${mass(sum(here))}.`);
}

const sum = (containers) => containers.reduce((grams, each) => grams + each.net_g, 0);

function list(id, texts) {
  $(id).replaceChildren(...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
}

const called = (c) => c.container_code || c.name || c.id.slice(-8);

function mass(grams) {
  const [power, unit] = Math.abs(grams) >= 1e6 ? [6, "t"] : Math.abs(grams) >= 1e3 ? [3, "kg"] : [0, "g"];
  return `${(grams / 10 ** power).toLocaleString("en", { maximumFractionDigits: 6 })} ${unit}`;
}

/** Whole grams of a number and a unit; throws words for the reader. */
function grams(form) {
  const [whole, part = ""] = form.mass.value.trim().replaceAll(",", "").split(".");
  const power = POWERS[form.unit.value];
  if (!/^\d{1,9}$/.test(whole) || !/^\d*$/.test(part) || part.replace(/0+$/, "").length > power) {
    throw new Told(t("重量须为不小于零的数，精确到克", "the mass must be a number, not negative, in whole grams"));
  }
  return Number(whole + part.slice(0, power).padEnd(power, "0"));
}

// ------------------------------------------------------------------------------------------------ scanning

/** The verified code of a label, or null for any other text; throws words for one that is forged or mistyped. */
async function labelCode(text) {
  try {
    const code = await parseLabel(text);
    if (code) await verifyLabel(code, shift.origin, shift.label_keys);
    return code;
  } catch (error) {
    const forged = error.message === "forged";
    throw new Told(forged ? t("标签码不是本账本签发的，可能系伪造", "this ledger did not issue the label: it may be forged") : t("标签码有误，请重扫", "the label code is mistyped: scan again"));
  }
}

async function scanned(text) {
  let name = text.trim();
  try {
    const code = await labelCode(name);
    if (code) name = code.container || code.label;
  } catch (error) {
    return tell(told(error), "wrong");
  }
  if (!form("fill").hidden && name.startsWith("label:")) {
    form("fill").label.value = name;
    return tell(t("已扫标签", "label scanned"), "ok");
  }
  const found = meant(shift, name);
  if (!found.length) return tell(t(`本机数据中没有 ${name}`, `nothing on this device is called ${name}`), "wrong");
  if (!form("pick-up").hidden) return aboard(found);
  showThings(found);
  tell(t("已找到", "found") + ofGroup(found), "ok");
}

const ofGroup = (found) => (found.length > 1 ? t(`：一组 ${found.length} 个容器`, `: a group of ${containers(found.length)}`) : "");

function showThings(found) {
  things = found;
  const [first, ...others] = found;
  const alike = (words) => [...new Set(found.map(words))].join("、");
  $("thing").hidden = false;
  $("thing-name").textContent = found.map((c) => [c.container_code, c.name].filter(Boolean).join(" ")).join("、");
  $("thing-code").textContent = alike((c) => c.code);
  $("thing-digital").textContent = first.digital_code || "代码待发";
  for (const each of document.querySelectorAll("[data-digital]")) each.hidden = others.length > 0 || first.digital_code === undefined;
  $("thing-mass").textContent = found.some((c) => c.mass_unknown) ? t("未知", "unknown") : mass(sum(found));
  $("thing-where").textContent = alike((c) => {
    const store = shift.sites.flatMap((s) => s.stores).find((f) => f.id === c.facility);
    const site = shift.sites.find((s) => s.id === c.site);
    return [site?.name, store?.name, c.zone].filter(Boolean).join(" · ") || "–";
  });
  const held = found.every((c) => c.status === "held");
  const { status } = found.find((c) => c.status !== "held") ?? first;
  const [kind, zh, en] = STATES[status] ?? ["unknown", status, status];
  $("thing-state").className = `state ${kind}`;
  $("thing-state").textContent = t(zh, en);
  const own = held && found.every((c) => c.holder === shift.party);
  for (const button of $("thing").querySelectorAll("button")) button.disabled = !own;
  $("thing").querySelector("[data-open=weigh]").disabled = !own || others.length > 0;
  $("list").disabled = !own || found.some((c) => c.manifest);
}

/** Takes all that was scanned aboard, or nothing of it. */
function aboard(found) {
  const manifest = shift.manifests.find((m) => m.id === form("pick-up").manifest.value);
  const strange = found.filter((c) => !manifest?.lines.some((line) => line.container === c.id));
  if (strange.length) {
    const which = found.length > 1 ? `${strange.map(called).join("、")}: ` : "";
    return tell(which + t("此容器不在联单上，不要装车", "not on this manifest: do not load it"), "wrong");
  }
  for (const c of found) loaded.add(c.id);
  tell(t("已装车", "loaded") + ofGroup(found), "ok");
  show();
}

function tell(words, kind) {
  $("said").className = `note ${kind}`;
  $("said").textContent = words;
  $("said").hidden = false;
  navigator.vibrate?.(kind === "ok" ? 60 : [200, 80, 200]);
}

// ------------------------------------------------------------------------------------------------ saying

const place = (c) => ({ party: c.holder, site: c.site });

async function fill(f) {
  const profile = shift.profiles.find((p) => p.id === f.profile.value);
  const container = `container:${uuid7()}`;
  const place = { party: shift.party, site: f.site.value };
  let label = f.label.value.trim();
  if (label && !label.startsWith("label:")) {
    label = (await labelCode(label))?.label;
    if (!label) throw new Told(t("这不是预印标签的码：请扫空白标签，或留空", "this is no code of a pre-printed label: scan a blank one, or leave the field empty"));
  }
  label ||= `label:${uuid7()}`; // printed later
  const optional = {
    catalogue_name: profile.catalogue_name,
    hazards: profile.hazards,
    container_code: f.container_code.value.trim().toUpperCase(),
  };
  const filled = {
    type: "container-filled",
    body: {
      container,
      place,
      kind: "package",
      code: profile.code,
      name: profile.name,
      profile: profile.id,
      form: profile.form,
      label,
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value)),
      mass: { basis: "weighed", net_g: grams(f) },
    },
    words: t(`装桶 ${profile.name}`, `filled: ${profile.name}`),
  };
  const data = await recall("data");
  await sayTogether((key, at) => {
    const digital_code = nextCode(data, key, profile.code, at);
    if (!digital_code) return [filled];
    const words = t(`标签的数字识别码 ${digital_code}`, `digital code of the label: ${digital_code}`);
    return [filled, { type: "label-bound", body: { container, place, label, digital_code }, words, gives: digital_code }];
  });
  things = [{ id: container }];
}

function store(f) {
  const drafts = things.map((c) => stored(c, f.facility.value, f.zone.value)); // now: the next scan may come before it is signed
  return sayTogether(() => drafts);
}

function stored(c, facility, zone) {
  const there = { facility, ...(zone ? { zone } : {}) };
  const words = t(`入库 ${called(c)}`, `stored: ${called(c)}`);
  if (!c.facility) return { type: "container-stored", body: { container: c.id, place: place(c), ...there }, words };
  const to = { party: shift.party, site: shift.sites.find((s) => s.stores.some((each) => each.id === facility)).id };
  const body = { container: c.id, from: place(c), to, code: c.code, net_g: c.net_g, ...there };
  return { type: "container-moved", body, words };
}

const weigh = (f, [thing] = things) =>
  say(
    "container-weighed",
    {
      container: thing.id,
      place: place(thing),
      code: thing.code,
      mass: { basis: "weighed", net_g: grams(f) },
      previous_g: thing.net_g,
    },
    t(`复称 ${called(thing)}`, `weighed again: ${called(thing)}`),
  );

const line = (c) => ({
  container: c.id,
  code: c.code,
  net_g: c.net_g,
  ...(c.container_code ? { container_code: c.container_code } : {}),
});

async function issue(f) {
  const [first] = lines.values();
  if (!first) throw new Told(t("联单上还没有容器", "no container is on the manifest yet"));
  const [party, site] = f.to.value.split(" ");
  const body = { manifest: `manifest:${uuid7()}`, from: place(first), to: { party, site }, carrier: f.carrier.value, lines: [...lines.values()].map(line) };
  if (f.phone.value.trim()) body.emergency_phone = f.phone.value.trim();
  await say("manifest-issued", body, t(`开具联单，${lines.size} 个容器`, `manifest issued: ${containers(lines.size)}`));
  lines.clear();
}

async function pickUp(f) {
  const manifest = shift.manifests.find((m) => m.id === f.manifest.value);
  const on = manifest.lines.map(({ container }) => container);
  if (!loaded.size) throw new Told(t("还没有扫描任何容器", "no container has been scanned yet"));
  const left = on.filter((id) => !loaded.has(id)).map((container) => ({ container, reason: f.reason.value }));
  const body = {
    manifest: manifest.id,
    from: manifest.from,
    to: manifest.to,
    carrier: manifest.carrier,
    lines: on.filter((id) => loaded.has(id)).map((id) => line(find(shift, id))),
    ...(left.length ? { left_behind: left } : {}),
    ...(f.vehicle.value.trim() ? { vehicle: f.vehicle.value.trim().toUpperCase() } : {}),
  };
  await say("manifest-collected", body, t(`起运 ${loaded.size} 个容器`, `collected: ${containers(loaded.size)}`));
  loaded.clear();
}

const SAYS = { fill, store, weigh, issue, "pick-up": pickUp };

for (const [id, says] of Object.entries(SAYS)) {
  form(id).addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form(id).querySelector("button.main");
    button.disabled = true;
    try {
      await says(form(id));
      form(id).reset();
      form(id).hidden = true;
      tell(t("已签名并保存在本机，联网后自动发送", "signed and kept on this device; sent when there is network"), "ok");
      $("text").focus();
      send().then(keepUp).catch(() => {});
    } catch (error) {
      tell(told(error), "wrong");
    }
    button.disabled = false;
    await refreshed();
  });
}

for (const button of document.querySelectorAll("[data-open]")) {
  button.addEventListener("click", () => {
    for (const id of Object.keys(SAYS)) form(id).hidden = id !== button.dataset.open;
    form(button.dataset.open).querySelector("select, input").focus();
    show();
  });
}

$("list").addEventListener("click", () => {
  for (const each of things) lines.set(each.id, each);
  show();
  tell(t("已列入", "on the manifest") + ofGroup(things), "ok");
});
form("store").facility.addEventListener("change", zones);
form("pick-up").manifest.addEventListener("change", () => {
  loaded.clear();
  show();
});
function take(event, text) {
  event.preventDefault();
  $("text").value = "";
  if (text) scanned(text);
}
form("scan").addEventListener("submit", (event) => take(event, $("text").value));
form("scan").addEventListener("scanned", (event) => take(event, event.detail.text ?? event.detail));
onChange(() => $("work").hidden || refreshed());
load();
