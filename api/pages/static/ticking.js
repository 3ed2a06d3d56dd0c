// A scanned text finds the containers on the page that it stands for: shared by pick-up, gate, treatment and count.
import { parseLabel } from "./core/label.js";

/**
 * The elements among these that the text names: one by its own codes (data-codes), else all of the group whose codes it
 * is (data-outer); throws for a mistyped label.
 */
export async function named(text, elements) {
  const codes = new Set([text.trim()]);
  const label = await parseLabel(text);
  if (label) for (const id of [label.container, label.label]) if (id) codes.add(id);
  const has = (known) => known.split("\n").some((code) => code && codes.has(code));
  const own = [...elements].find((each) => has(each.dataset.codes));
  return own ? [own] : [...elements].filter((each) => has(each.dataset.outer));
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
