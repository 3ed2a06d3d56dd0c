// A scanned text finds the container on the page that it stands for: shared by pick-up, gate and treatment.
import { parseLabel } from "./core/label.js";

/** The element among these ([data-codes]) that the text names, or null; throws for a mistyped label. */
export async function named(text, elements) {
  const codes = new Set([text.trim()]);
  const label = await parseLabel(text);
  if (label) for (const id of [label.container, label.label]) if (id) codes.add(id);
  return [...elements].find((each) => each.dataset.codes.split(" ").some((code) => codes.has(code))) ?? null;
}

/** Calls `seen(text)` for whatever is scanned: typed and ended with Enter in the page's field, or read by a <scan-field>. */
export function onScan(root, seen) {
  const field = root.querySelector("[data-scan-field]");
  const read = (text) => {
    if (field) field.value = "";
    if (text.trim()) seen(text);
  };
  field?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    read(field.value);
  });
  root.addEventListener("scanned", (event) => read(event.detail?.text ?? String(event.detail)));
  return field;
}

/** Told by sound and vibration as well: gloves on, eyes on the drum. */
export function signal(good) {
  navigator.vibrate?.(good ? 60 : [120, 80, 120]);
}

/** Grams in kilograms, exactly, as people read them. */
export function kilograms(grams) {
  return `${(grams / 1000).toLocaleString("en", { maximumFractionDigits: 3 })} kg`;
}

/** Whole grams of a number in kg; null for anything else. */
export function grams(text) {
  const clean = text.trim().replaceAll(",", "");
  return /^\d{1,9}(\.\d{1,3})?$/.test(clean) ? Math.round(Number(clean) * 1000) : null;
}

/** A file input beside each [data-photo] field: the picture stays here, its SHA-256 is said. */
export function photoHashes(root, words) {
  for (const field of root.querySelectorAll("[data-photo]")) {
    const chosen = document.createElement("input");
    Object.assign(chosen, { type: "file", accept: "image/*" });
    chosen.setAttribute("capture", "environment");
    chosen.setAttribute("aria-label", `${words} ${field.getAttribute("aria-label") ?? ""}`);
    chosen.addEventListener("change", async () => {
      const file = chosen.files[0];
      const digest = file && new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
      field.value = digest ? `sha256:${[...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("")}` : "";
    });
    field.readOnly = true;
    field.after(chosen);
  }
}
