// Tick containers by scanning them: building a manifest, loading a vehicle, choosing what is treated.
import { t } from "./core/words.js";
import { signal } from "./scan.js";
import { kilograms, named, onScan } from "./ticking.js";

const form = document.querySelector("form:has(scan-field)");
const said = form?.querySelector("[data-scanned]");
const boxes = form ? [...form.querySelectorAll("input[type=checkbox][data-codes]")] : [];

function count(before = "") {
  const ticked = boxes.filter((box) => box.checked);
  const grams = ticked.reduce((sum, box) => sum + Number(box.dataset.grams ?? 0), 0);
  const words = t(`已选 ${ticked.length} / ${boxes.length} 件`, `${ticked.length} of ${boxes.length} chosen`);
  said.textContent = `${before}${words} · ${kilograms(grams)}`;
}

async function seen(text) {
  const found = await named(text, boxes).catch(() => null);
  said.classList.toggle("wrong", !found?.length);
  signal(Boolean(found?.length));
  if (!found) said.textContent = t("标签码不完整，请重扫。", "The label's code is damaged: scan it again.");
  else if (!found.length) said.textContent = t(`不在此列：${text}`, `Not on this list: ${text}`);
  else {
    const again = found.every((box) => box.checked);
    for (const box of found) {
      box.checked = true;
      box.closest("tr, fieldset")?.classList.add("scan-ok");
    }
    const group = found.length > 1 ? t(`一组 ${found.length} 件。`, `A group of ${found.length}. `) : "";
    count(group + (again ? t("已扫过。", "Scanned before. ") : ""));
  }
}

if (form && said && boxes.length) {
  onScan(form, seen)?.focus();
  for (const box of boxes) box.addEventListener("change", () => count());
  count();
}
