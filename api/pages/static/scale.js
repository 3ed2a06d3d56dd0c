// <scale-reading>: a scale on a serial line (Web Serial, where the browser has it) fills the mass fields of its form.
// It reads lines such as "ST,GS,+  182.4kg": stable or not, gross or net, the value and its unit.
import { t } from "./core/words.js";

const LINE = /^(?:(ST|US|OL)\s*,\s*)?(?:(GS|NT|TR)\s*,\s*)?([+-]?)\s*(\d+(?:\.\d+)?)\s*(kg|g|t)\s*$/i;

/** What a line says, or null: {stable, kind: "gross" | "net" | "tare", value, unit}; the value as the scale wrote it. */
export function reading(line) {
  const parts = LINE.exec(line.trim());
  if (!parts) return null;
  const [, state = "ST", kind = "GS", sign, value, unit] = parts;
  return {
    stable: state.toUpperCase() === "ST",
    kind: { GS: "gross", NT: "net", TR: "tare" }[kind.toUpperCase()],
    value: (sign === "-" ? "-" : "") + value,
    unit: unit.toLowerCase(),
  };
}

class ScaleReading extends HTMLElement {
  #port = null;
  #newest = null;

  async connectedCallback() {
    if (!("serial" in navigator) || this.button) return;
    this.hidden = false;
    this.shown = this.#make("output", { className: "reading" });
    this.shown.setAttribute("aria-label", t("秤的读数", "reading of the scale"));
    this.button = this.#make("button", { type: "button", textContent: t("连接电子秤", "Connect the scale") });
    this.button.addEventListener("click", () => (this.#port ? this.#take() : this.#choose()));
    addEventListener("pagehide", () => this.#port?.close?.().catch(() => {}));
    const [known] = await navigator.serial.getPorts();
    if (known) await this.#listen(known);
  }

  async #choose() {
    try {
      await this.#listen(await navigator.serial.requestPort());
    } catch (error) {
      if (error.name !== "NotFoundError") this.shown.textContent = t("无法连接", "cannot be connected");
    }
  }

  async #listen(port) {
    await port.open({ baudRate: Number(this.getAttribute("baud")) || 9600 });
    this.#port = port;
    this.button.textContent = t("取读数", "Take the reading");
    this.#follow(port);
  }

  async #follow(port) {
    const text = new TextDecoder();
    const lines = port.readable.getReader();
    let rest = "";
    try {
      for (;;) {
        const { value, done } = await lines.read();
        if (done) break;
        const parts = (rest + text.decode(value, { stream: true })).split(/\r\n|\r|\n/);
        rest = parts.pop().slice(-80);
        parts.map(reading).filter(Boolean).forEach((each) => this.#show(each));
      }
    } catch {
      // Pulled out: said below.
    }
    this.#port = this.#newest = null;
    this.shown.textContent = t("秤已断开", "the scale is gone");
    this.button.textContent = t("连接电子秤", "Connect the scale");
  }

  #show(said) {
    this.#newest = said;
    this.shown.textContent = `${said.value} ${said.unit}`;
    this.shown.classList.toggle("soft", !said.stable);
    this.button.disabled = !said.stable;
  }

  #take() {
    const form = this.closest("form");
    const said = this.#newest;
    if (!said?.stable) return;
    const field = form.elements.namedItem(said.kind) ?? form.elements.namedItem("net");
    field.value = said.value;
    form.elements.namedItem("unit").value = said.unit;
    if (said.kind === "gross") form.elements.namedItem("net").value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    this.dispatchEvent(new CustomEvent("weighed", { detail: said, bubbles: true }));
  }

  #make(tag, values) {
    return this.appendChild(Object.assign(document.createElement(tag), values));
  }
}

customElements.define("scale-reading", ScaleReading);
