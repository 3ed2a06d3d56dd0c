// Keeps this page on the device, so that a load proves itself where there is no network. The worker (sw.js) answers with
// the kept page when the server cannot be reached. It goes when its person signs out (core/leaving.js).
import { PAGES } from "./core/leaving.js";
import { Told, t } from "./core/words.js";

const [button, told] = [document.querySelector("[data-keep]"), document.querySelector("[data-kept]")];

async function show() {
  const kept = await (await caches.open(PAGES)).match(location.pathname);
  button.hidden = false;
  button.textContent = kept ? t("从本机删除", "Remove from this device") : t("保存到本机", "Keep on this device");
  told.textContent = kept
    ? t("已保存在本机：无网络也可出示。", "Kept on this device: it opens without network.")
    : t("尚未保存在本机：出发前请保存。", "Not kept on this device yet: keep it before you set off.");
  return Boolean(kept);
}

async function keep() {
  const fresh = await fetch(location.pathname);
  if (!fresh.ok || fresh.redirected) throw new Told(t("登录已失效或服务器未给出此页：请刷新后再保存。", "You are signed out, or the server did not give this page: reload it, then keep it."));
  await (await caches.open(PAGES)).put(location.pathname, fresh);
  await show();
}

if (button && "caches" in window && "serviceWorker" in navigator) {
  button.addEventListener("click", async () => {
    if (await show()) {
      await (await caches.open(PAGES)).delete(location.pathname);
      await show();
    } else {
      await keep().catch((error) => {
        told.textContent = error instanceof Told ? error.message : t("没有保存：网络不通，或本机存储已满。", "Not kept: there is no network, or the device's storage is full.");
      });
    }
  });
  if ((await show()) && navigator.onLine) await keep().catch(() => {}); // what is kept is what was last seen
}
