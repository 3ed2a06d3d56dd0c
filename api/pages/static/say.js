// Forms whose fields are an event's own (data-say names its type): signed by this device's key where it has one, else
// sent as any form, and then signed with the key that the server keeps, if it keeps one.
import { told } from "./core/words.js";
import { ABOUT } from "./core/about.js";
import { keeps } from "./core/db.js";
import { meet, mine, whoIsHere } from "./core/device.js";
import { items, say, send } from "./core/queue.js";

const OURS = new Set(["csrf_token", "id"]);
const PATIENCE_MS = 8000;
const person = document.querySelector("meta[name=person]")?.content;

async function signed(form, type) {
  const fields = [...new FormData(form)].filter(([name, value]) => !OURS.has(name) && value.trim());
  const written = form.elements.body?.value; // a whole event, as the page before had it checked
  const body = written ? JSON.parse(written) : Object.fromEntries(fields.map(([name, value]) => [name, value.trim()]));
  const { n } = await say(type, body, form.querySelector("button").textContent.trim());
  // Signed is signed: without network, or with one that went dead, it waits its turn.
  await Promise.race([send().catch(() => {}), new Promise((go) => setTimeout(go, PATIENCE_MS))]);
  const item = (await items()).find((each) => each.n === n);
  location.assign(item?.state === "recorded" ? `/evidence/${item.id}?done=${item.id}` : "/waiting");
}

/** Whether this device has a key of whoever is here; throws where that cannot be known yet. */
async function inUse() {
  if (!(await keeps())) return false;
  if (person && (await whoIsHere())?.person !== person) await meet(); // signed in just now
  return (await mine())?.state === "active";
}

for (const form of document.querySelectorAll("form[data-say]")) {
  if (!(form.dataset.say in ABOUT)) continue;
  const note = Object.assign(document.createElement("p"), { className: "note wrong" });
  note.setAttribute("role", "alert");
  form.addEventListener("submit", async (event) => {
    if (form.dataset.plain) return;
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true; // pressed twice, it is said once
    note.remove();
    try {
      if (await inUse()) return await signed(form, form.dataset.say);
    } catch (error) {
      note.textContent = told(error);
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
