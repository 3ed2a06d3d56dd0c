// What was filled in is there again where its page is come back to: after a refusal, a reload, signing in anew, or when
// the device had closed the tab. It stays in this tab, for the same person, until something was recorded.
const person = document.querySelector("meta[name=person]")?.content;
const BEGINS = "filled ";
const CAME_IN = "came in just now";
const KEY = `${BEGINS}${person} ${location.pathname}`;
const KEPT = { hidden: false, password: false, file: false };

const forms = () => [...document.querySelectorAll("main form[method=post]")];
const fields = (form) => [...form.elements].filter((each) => each.name && (KEPT[each.type] ?? true) && each.type !== "submit");
const ticked = (field) => ["checkbox", "radio"].includes(field.type);
const several = (field) => field.type === "select-multiple";
const state = (field) => (ticked(field) ? field.checked : several(field) ? [...field.selectedOptions].map(({ value }) => value) : field.value);
const called = (field) => (ticked(field) ? `${field.name} ${field.value}` : field.name); // the same box, not the one in its place
const filled = () => forms().map((form) => fields(form).map((field) => [called(field), state(field)]));
const blank = JSON.stringify(filled());

function keep() {
  const now = filled();
  if (JSON.stringify(now) !== blank) sessionStorage.setItem(KEY, JSON.stringify(now));
}

function fill(kept) {
  for (const [n, form] of forms().entries()) {
    for (const [m, field] of fields(form).entries()) {
      const [name, value] = kept[n]?.[m] ?? [];
      if (name !== called(field) || JSON.stringify(value) === JSON.stringify(state(field))) continue;
      if (ticked(field)) field.checked = value;
      else if (several(field)) for (const option of field.options) option.selected = value.includes(option.value);
      else field.value = value;
      for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
    }
  }
}

if (location.pathname === "/sign-in") sessionStorage.setItem(CAME_IN, "1");
if (person) {
  const [{ type }] = performance.getEntriesByType("navigation");
  const back = type !== "navigate" || sessionStorage.getItem(CAME_IN);
  sessionStorage.removeItem(CAME_IN);
  const kept = sessionStorage.getItem(KEY);
  if (new URLSearchParams(location.search).has("done")) {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(BEGINS)) sessionStorage.removeItem(key);
  } else if (kept && back) fill(JSON.parse(kept));
  addEventListener("pagehide", keep);
  document.addEventListener("visibilitychange", () => document.hidden && keep());
}
