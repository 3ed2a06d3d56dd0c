// A scanned text finds the container on the page that it stands for: shared by pick-up, gate and treatment.
import { parseLabel } from "./core/label.js";

/** The element among these ([data-codes]) that the text names, or null; throws for a mistyped label. */
export async function named(text, elements) {
  const codes = new Set([text.trim()]);
  const label = await parseLabel(text);
  if (label) for (const id of [label.container, label.label]) if (id) codes.add(id);
  return [...elements].find((each) => each.dataset.codes.split("\n").some((code) => codes.has(code))) ?? null;
}

/** Calls `seen(text)` for whatever the form's <scan-field> reads; the field to go back to. */
export function onScan(form, seen) {
  form.addEventListener("scanned", (event) => {
    event.preventDefault();
    seen(event.detail.text);
  });
  return form.querySelector("scan-field input");
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
