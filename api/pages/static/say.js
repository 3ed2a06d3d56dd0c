// Forms whose fields are an event's own (data-say names its type): signed by this device's key where it has one, else
// sent as any form, and then signed with the key that the server keeps, if it keeps one.
import { t } from "./core/words.js";
import { ABOUT } from "./core/about.js";
import { mine } from "./core/device.js";
import { items, say, send } from "./core/queue.js";

const OURS = new Set(["csrf_token", "id"]);

async function signed(form, type) {
  const fields = [...new FormData(form)].filter(([name, value]) => !OURS.has(name) && value.trim());
  const written = form.elements.body?.value; // a whole event, as the page before had it checked
  const body = written ? JSON.parse(written) : Object.fromEntries(fields.map(([name, value]) => [name, value.trim()]));
  const said = await say(type, body, form.querySelector("button").textContent.trim());
  await send().catch(() => {}); // signed is signed: without network it waits its turn
  const item = (await items()).find((each) => each.n === said.n);
  location.assign(item?.state === "recorded" ? `/evidence/${item.id}?done=${item.id}` : "/waiting");
}

const inUse = async () => (await mine())?.state === "active";

for (const form of document.querySelectorAll("form[data-say]")) {
  if (!(form.dataset.say in ABOUT)) continue;
  form.addEventListener("submit", async (event) => {
    if (form.dataset.plain) return;
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true; // pressed twice, it is said once
    try {
      if (await inUse()) return await signed(form, form.dataset.say);
    } catch (error) {
      const note = Object.assign(document.createElement("p"), { className: "note wrong", textContent: `${t("未能签名：", "Could not sign: ")}${error.message}` });
      note.setAttribute("role", "alert");
      button.disabled = false;
      return form.append(note);
    }
    form.dataset.plain = "yes";
    button.disabled = false;
    form.requestSubmit();
  });
}

const absent = document.querySelector("[data-no-key]");
if (absent) inUse().then((is) => is && absent.remove(), () => {});
