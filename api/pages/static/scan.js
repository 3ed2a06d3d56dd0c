// <scan-field>: a text field that a camera, a handheld scanner (which types and ends with Enter) or a hand fills.
// It says `scanned` with {text}; unless somebody prevents that, the text goes into the field and its form is sent (with
// the attribute `stay` the next field is gone to instead).
// The decoder is loaded when the camera is opened, never before; the worker keeps its parts once the page stands idle, so
// that it opens without network too.
import { Told, t } from "./core/words.js";

const PARTS = "/parts/zxing/reader";
const PAUSE_MS = 120; // between two looks
const AGAIN_MS = 2500; // the same code counts again after it was out of sight for so long
const FORMATS = ["QRCode", "DataMatrix", "Code128"];
const CAMERA = {
  NotAllowedError: ["相机未获许可，请在浏览器设置中允许，或输入编码。", "The camera was not allowed: allow it in the browser's settings, or type the code."],
  NotFoundError: ["没有找到相机，请输入编码。", "There is no camera: type the code."],
  other: ["相机打不开（可能正被其他程序使用），请输入编码。", "The camera does not open (another program may have it): type the code."],
};

let decoder;

/** The decoder, loaded once; rejects when it is not installed. */
function loadDecoder() {
  decoder ??= import(`${PARTS}/index.js`).then(async (zxing) => {
    await zxing.prepareZXingModule({ overrides: { locateFile: () => `${PARTS}.wasm` }, fireImmediately: true });
    return (image) => zxing.readBarcodes(image, { formats: FORMATS, tryHarder: true, maxNumberOfSymbols: 1 });
  });
  decoder.catch(() => (decoder = undefined));
  return decoder;
}

let sound;

/** Told apart with closed eyes: one high beep and a short buzz, or two low ones and a long buzz. */
export function signal(good) {
  navigator.vibrate?.(good ? 60 : [200, 80, 200]);
  try {
    sound ??= new AudioContext();
    for (const [after, tone] of good ? [[0, 1320]] : [[0, 220], [0.25, 220]]) {
      const note = new OscillatorNode(sound, { frequency: tone });
      note.connect(new GainNode(sound, { gain: 0.15 })).connect(sound.destination);
      note.start(sound.currentTime + after);
      note.stop(sound.currentTime + after + (good ? 0.1 : 0.2));
    }
  } catch {
    // A device without sound still vibrates and shows.
  }
}

export class ScanField extends HTMLElement {
  #stream = null;
  #seen = { text: "", at: 0 };

  connectedCallback() {
    if (this.querySelector("button")) return;
    this.input = this.querySelector("input");
    this.button = this.#make("button", { type: "button", textContent: t("打开相机", "Open the camera") });
    this.button.className = "camera";
    this.button.addEventListener("click", () => (this.#stream ? this.stop() : this.start()));
    this.input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      this.say(this.input.value);
    });
    if (!navigator.mediaDevices?.getUserMedia) this.button.hidden = true;
    addEventListener("pagehide", () => this.stop());
  }

  disconnectedCallback() {
    this.stop();
  }

  /** Somebody scanned this text. */
  say(text) {
    text = text.trim();
    if (!text) return;
    const said = new CustomEvent("scanned", { detail: { text }, bubbles: true, cancelable: true });
    if (!this.dispatchEvent(said)) {
      this.input.value = "";
      return;
    }
    this.input.value = text;
    signal(true);
    this.stop();
    if (this.hasAttribute("stay")) this.#next().focus();
    else this.input.form?.requestSubmit();
  }

  /** Open the camera and look until stopped. */
  async start() {
    this.#tell("");
    this.button.disabled = true;
    try {
      const [look, stream] = await Promise.all([
        loadDecoder().catch(() => Promise.reject(new Told(t("服务器未安装扫码组件，请输入编码。", "The scanner part is not installed on the server: type the code.")))),
        navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } }),
      ]);
      if (!this.isConnected) return stream.getTracks().forEach((track) => track.stop());
      this.#stream = stream;
      this.video = this.#make("video", { muted: true, playsInline: true });
      this.video.setAttribute("aria-label", t("相机画面", "camera picture"));
      this.video.srcObject = stream;
      await this.video.play();
      this.#torch();
      this.button.textContent = t("关闭相机", "Close the camera");
      this.#watch(look, stream);
    } catch (error) {
      this.#tell(error instanceof Told ? error.message : t(...(CAMERA[error.name] ?? CAMERA.other)));
      signal(false);
      this.stop();
    } finally {
      this.button.disabled = false;
    }
  }

  /** Close the camera; nothing of it stays on. */
  stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.video?.remove();
    this.torch?.remove();
    if (this.button) this.button.textContent = t("打开相机", "Open the camera");
  }

  /** Where a hand goes after this field. */
  #next() {
    const all = [...this.input.form.elements].filter((each) => !this.contains(each) && each.type !== "hidden");
    return all.find((each) => this.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING) ?? this.input;
  }

  async #watch(look, stream) {
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    while (this.#stream === stream) {
      const { videoWidth: width, videoHeight: height } = this.video;
      if (width && !document.hidden) {
        Object.assign(canvas, { width, height });
        pen.drawImage(this.video, 0, 0);
        const [found] = await look(pen.getImageData(0, 0, width, height));
        if (this.#stream === stream && found?.isValid) this.#saw(found.text);
      }
      await new Promise((again) => setTimeout(again, PAUSE_MS));
    }
  }

  #saw(text) {
    const now = performance.now();
    const again = text !== this.#seen.text || now - this.#seen.at > AGAIN_MS;
    this.#seen = { text, at: now };
    if (again) this.say(text);
  }

  #torch() {
    const [track] = this.#stream.getVideoTracks();
    if (!track.getCapabilities?.().torch) return;
    let on = false;
    this.torch = this.#make("button", { type: "button", textContent: t("照明", "Light") });
    this.torch.setAttribute("aria-pressed", "false");
    this.torch.addEventListener("click", async () => {
      on = !on;
      await track.applyConstraints({ advanced: [{ torch: on }] });
      this.torch.setAttribute("aria-pressed", String(on));
    });
  }

  #tell(words) {
    this.hint ??= this.#make("p", { className: "note wrong" });
    this.hint.setAttribute("role", "alert");
    this.hint.hidden = !words;
    this.hint.textContent = words;
  }

  #make(tag, values) {
    return this.appendChild(Object.assign(document.createElement(tag), values));
  }
}

customElements.define("scan-field", ScanField);

const whenIdle = self.requestIdleCallback ?? ((work) => setTimeout(work, 2000));
if (navigator.serviceWorker && !navigator.connection?.saveData) {
  navigator.serviceWorker.ready.then(({ active }) => whenIdle(() => active.postMessage("scanner")));
}
