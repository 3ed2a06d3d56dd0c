// A document or photo is named by its SHA-256, computed here: the file never leaves the device. Each field marked
// data-hash (its value: what stands before the digits) is given a file field; without this module the hash is typed.
import { hex } from "./core/bytes.js";
import { t } from "./core/words.js";

function choose(field) {
  const photo = "photo" in field.dataset;
  const words = photo ? t("选择照片", "Choose a photo") : t("选择文件", "Choose the file");
  const file = Object.assign(document.createElement("input"), { type: "file", accept: photo ? "image/*" : "" });
  if (photo) file.setAttribute("capture", "environment");
  const called = field.getAttribute("aria-label");
  if (called) file.setAttribute("aria-label", `${words} ${called}`);
  const label = document.createElement("label");
  label.append(words, file);
  const said = Object.assign(document.createElement("output"), { className: "small" });
  field.closest("label").after(label, said);
  file.addEventListener("change", async () => {
    field.value = said.textContent = "";
    const [chosen] = file.files;
    if (!chosen) return;
    try {
      const digest = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", await chosen.arrayBuffer())));
      if (file.files[0] !== chosen) return;
      field.value = field.dataset.hash + digest;
      said.textContent = t(`${chosen.name}（文件留在本机，请自行保存）`, `${chosen.name} (the file stays here: keep it)`);
    } catch {
      said.textContent = t("无法读取该文件", "the file cannot be read");
    }
  });
  field.addEventListener("input", () => {
    file.value = said.textContent = "";
  });
}

if (globalThis.crypto?.subtle) for (const field of document.querySelectorAll("[data-hash]")) choose(field);
