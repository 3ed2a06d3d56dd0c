// The count page: every scan ticks what the books have, or is listed as beyond them; the count is read out before it is
// recorded.
import { t } from "./core/words.js";
import { signal } from "./scan.js";
import { named } from "./ticking.js";

const form = document.getElementById("count");
const told = document.getElementById("told");
const others = form?.querySelector("textarea[name=others]");

function show() {
  for (const row of form.querySelectorAll("label.check")) row.classList.toggle("seen", row.querySelector("input").checked);
  document.getElementById("tally").textContent = form.querySelectorAll("input[name=present]:checked").length;
}

form?.addEventListener("scanned", async (event) => {
  event.preventDefault();
  const { text } = event.detail;
  const found = await named(text, form.querySelectorAll("label.check")).catch(() => []);
  for (const row of found) {
    row.querySelector("input").checked = true;
    row.scrollIntoView({ block: "nearest" });
  }
  if (found.length) {
    const group = found.length > 1 ? t(`一组 ${found.length} 件：`, `a group of ${found.length}: `) : "";
    told.textContent = `✓ ${group}${found.map((row) => row.innerText.trim()).join("；")}`;
  } else {
    if (!others.value.split("\n").includes(text)) others.value += `${text}\n`;
    told.textContent = t("账面之外：", "Beyond the books: ") + text.slice(-24);
  }
  signal(Boolean(found.length));
  show();
});
form?.addEventListener("change", show);
if (form) show();
