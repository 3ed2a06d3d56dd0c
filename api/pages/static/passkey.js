// A form for a passkey waits for the authenticator, then goes on its way as any form does.
import { Told, t, told } from "./core/words.js";

const address = /^[\d.]+$|^\[/.test(location.hostname); // passkeys belong to names
const usable = !address && Boolean(globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON);
const WORDS = {
  NotAllowedError: ["已取消，或等待超时。", "Cancelled, or it took too long."],
  InvalidStateError: ["此设备已添加过通行密钥。", "This device's passkey was added before."],
  TypeError: ["没有网络，或服务器没有应答，请稍后再试。", "There is no network, or the server does not answer: try again later."],
};

async function ask(form) {
  const answer = await fetch(`${form.action}/start`, { method: "POST", body: new FormData(form) });
  if (!answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    throw new Told(page.querySelector("main [role=alert]")?.textContent.trim() ?? page.querySelector("h1")?.textContent ?? answer.statusText);
  }
  const told = await answer.json();
  return form.dataset.passkey === "create"
    ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(told) })
    : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(told) });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const failed = form.querySelector("[role=alert]");
  form.hidden = !usable;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    try {
      form.elements.credential.value = JSON.stringify(await ask(form));
      form.submit();
    } catch (error) {
      failed.textContent = WORDS[error.name] ? t(...WORDS[error.name]) : told(error);
      failed.hidden = false;
    }
  });
}
