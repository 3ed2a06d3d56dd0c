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
