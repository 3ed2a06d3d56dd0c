// The count page: every scan ticks what the books have, or is listed as beyond them; the count is read out before it is
// recorded.
import { parseLabel } from "./core/label.js";
import { t } from "./core/words.js";
import { signal } from "./scan.js";

const form = document.getElementById("count");
const told = document.getElementById("told");
const others = form?.querySelector("textarea[name=others]");

/** The rows that a scanned text may mean, by label, container or the code on it. */
async function rowOf(text) {
  const label = await parseLabel(text).catch(() => null);
  const means = [text, label?.container, label?.label].filter(Boolean);
  return [...form.querySelectorAll("label.check")].find((row) =>
    [row.dataset.code, row.dataset.label, row.querySelector("input").value].some((each) => each && means.includes(each)),
  );
}

function show() {
  for (const row of form.querySelectorAll("label.check")) row.classList.toggle("seen", row.querySelector("input").checked);
  document.getElementById("tally").textContent = form.querySelectorAll("input[name=present]:checked").length;
}

form?.addEventListener("scanned", async (event) => {
  event.preventDefault();
  const { text } = event.detail;
  const row = await rowOf(text);
  if (row) {
    row.querySelector("input").checked = true;
    row.scrollIntoView({ block: "nearest" });
    told.textContent = `✓ ${row.innerText.trim()}`;
  } else {
    if (!others.value.split("\n").includes(text)) others.value += `${text}\n`;
    told.textContent = t("账面之外：", "Beyond the books: ") + text.slice(-24);
  }
  signal(Boolean(row));
  show();
});
form?.addEventListener("change", show);
if (form) show();
