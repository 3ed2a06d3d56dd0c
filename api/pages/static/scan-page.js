// The scan page: what was scanned is looked up and shown in place, so that the camera stays open for the next one.
import { signal } from "./scan.js";

const form = document.getElementById("ask");
const found = document.getElementById("found");
let newest = 0;

async function lookUp(text) {
  const address = `/scan?q=${encodeURIComponent(text)}`;
  const mine = ++newest;
  found.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    const told = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("found");
    if (mine !== newest) return;
    if (!told || answer.redirected) return location.assign(address);
    found.replaceChildren(...told.childNodes);
    history.replaceState(null, "", address);
    signal(!found.querySelector('[data-verdict="bad"]'));
    found.scrollIntoView({ block: "nearest" });
  } catch {
    location.assign(address);
  } finally {
    found.removeAttribute("aria-busy");
  }
}

form.addEventListener("scanned", (event) => {
  event.preventDefault();
  lookUp(event.detail.text);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const field = form.querySelector("input[name=q]");
  if (field.value.trim()) lookUp(field.value);
  field.value = "";
});
