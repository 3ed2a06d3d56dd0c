// A form sent before the page's modules stand waits for them: they may have a say in it, such as this device's own key.
// So does what a handheld scanner typed: it was scanned, the form is not sent by it.
// No module itself, so that it is there before the first form is; without the modules the form goes as any other.
let early;
const scans = [];
const hold = (event) => {
  event.preventDefault();
  event.stopImmediatePropagation();
  early = event;
  event.submitter?.setAttribute("aria-busy", "true");
};
const scan = (event) => {
  if (event.key !== "Enter" || event.isComposing || !event.target.closest?.("scan-field")) return;
  event.preventDefault();
  scans.push([event.target, event.target.value]);
  event.target.value = "";
};
addEventListener("submit", hold, true);
addEventListener("keydown", scan, true);
addEventListener("DOMContentLoaded", () => {
  removeEventListener("submit", hold, true);
  removeEventListener("keydown", scan, true);
  for (const [field, text] of scans) {
    field.value = text;
    const unheard = field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    if (unheard) early = { target: field.form };
  }
  early?.submitter?.removeAttribute("aria-busy");
  early?.target.requestSubmit(early.submitter);
});
