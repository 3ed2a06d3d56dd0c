// A long roll of blank labels is issued in parts, so that its progress is seen; without this module it is one request.
import { t } from "./core/words.js";

const form = document.getElementById("roll");
const bar = form?.querySelector("progress");
const told = form?.querySelector("[role=alert]");
const PART = 200;

form?.addEventListener("submit", async (event) => {
  const count = Number(form.elements.namedItem("count").value);
  if (count <= PART) return;
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = told.hidden = true;
  Object.assign(bar, { hidden: false, max: count, value: 0 });
  try {
    location.assign(await issued(count));
  } catch {
    told.textContent = t(
      `网络中断，已签发 ${bar.value} 张。再按一次继续，已签发的不会重复。`,
      `The network failed; ${bar.value} are issued. Press again to go on: none is issued twice.`,
    );
    button.disabled = told.hidden = false;
  }
});

/** Where the whole roll is, or the page that says why it is none. */
async function issued(count) {
  let roll;
  for (let done = 0; done < count; done += PART) {
    const part = new FormData(form);
    part.set("count", Math.min(PART, count - done));
    part.set("part", done); // each part is another statement under the form's id, and the same one when sent again
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(part) });
    if (!answer.redirected) {
      document.body.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
      return "#";
    }
    if (!new URL(answer.url).pathname.startsWith("/labels/roll/")) return answer.url; // signed out meanwhile
    roll ??= new URL(answer.url);
    bar.value = done + Number(part.get("count"));
  }
  roll.searchParams.set("count", count);
  return roll;
}
