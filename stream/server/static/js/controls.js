/** The settings: what the form says, as OPTIONS of the contract, kept for the next visit. */

import { base, token } from "./api.js";
import { cameras, HEIGHTS } from "./camera.js";

const KEPT = "livematte-settings";
const SHARING = "livematte-sharing";
const NAME = "livematte-stream";
const byId = (id) => document.getElementById(id);

/** Fires `change` {options: partial OPTIONS}, `camera` {deviceId, height} and `mirror` {mirror}. */
export class Controls extends EventTarget {
  #kept = readKept();
  #defaults = {};

  constructor() {
    super();
    for (const height of HEIGHTS) byId("height").add(new Option(`${height}p`, height));
    byId("height").value = this.#kept.height ?? 720;
    byId("mirror").checked = this.#kept.mirror ?? true;
    byId("controls").addEventListener("submit", (event) => event.preventDefault());
    this.#onChange("camera", () => this.#fire("camera", this.camera));
    this.#onChange("height", () => this.#fire("camera", this.camera));
    this.#onChange("mirror", () => this.#fire("mirror", { mirror: this.mirror }));
    this.#onChange("smooth", (box) => this.change({ smooth: box.checked }));
    this.#onChange("model", (list) => this.change({ model: list.value }));
    this.#onChange("budget", (list) => this.change({ budget_ms: Number(list.value) || null }));
    this.#onChange("share", (box) => this.#share(box.checked));
    byId("controls").addEventListener("change", ({ target }) => {
      if (target.name === "refine") this.change({ refine: target.value });
    });
    byId("matte").addEventListener("click", () => {
      const shown = byId("matte").getAttribute("aria-pressed") === "true";
      this.change({ show: shown ? "composite" : "matte" });
    });
    byId("copy").addEventListener("click", () => this.#copy());
    byId("link").addEventListener("focus", () => byId("link").select());
  }

  /** What the server offers and takes when nothing is said. @param {object} settings */
  offer({ models = [], defaults = {}, backgrounds = [] }) {
    this.#defaults = defaults;
    const { background = "" } = this.#kept.options ?? {};
    // An upload may be gone: the server keeps it for a while only.
    const there = backgrounds.some(({ value }) => background === value);
    if (background.startsWith("picture:") && !there) delete this.#kept.options.background;
    byId("model").replaceChildren(...models.map((model) => new Option(model)));
    byId("sharing").hidden = !("stream" in defaults);
    this.show(this.options);
  }

  /** Everything as it is chosen now, of what this server knows. */
  get options() {
    const models = [...byId("model").options].map((option) => option.value);
    const kept = Object.entries(this.#kept.options ?? {}).filter(
      ([name, value]) => name in this.#defaults && (name !== "model" || models.includes(value)),
    );
    return { ...this.#defaults, ...Object.fromEntries(kept) };
  }

  get camera() {
    return { deviceId: byId("camera").value, height: Number(byId("height").value) };
  }

  get mirror() {
    return byId("mirror").checked;
  }

  /** Change some of the options as if the user had. */
  change(options) {
    this.show(options);
    this.#keep({ options: { ...this.#kept.options, ...options } });
    this.#fire("change", { options });
  }

  /** Put on the form what is in force. */
  show(options) {
    if ("refine" in options) {
      for (const radio of document.getElementsByName("refine")) {
        radio.checked = radio.value === options.refine;
      }
    }
    if ("smooth" in options) byId("smooth").checked = options.smooth;
    if (options.model) byId("model").value = options.model;
    if ("budget_ms" in options) selectNumber(byId("budget"), options.budget_ms);
    if ("show" in options) {
      byId("matte").setAttribute("aria-pressed", String(options.show === "matte"));
    }
    if ("stream" in options) this.#showLink(options.stream);
  }

  /** Which cameras there are; their names are known once one was allowed. */
  async listCameras(inUse = "") {
    const list = byId("camera");
    const chosen = inUse || this.#kept.camera || "";
    const found = (await cameras()).filter((camera) => camera.id);
    if (found.length === 0) return;
    list.replaceChildren(...found.map((camera) => new Option(camera.title, camera.id)));
    list.value = found.some((camera) => camera.id === chosen) ? chosen : found[0].id;
  }

  #onChange(id, act) {
    byId(id).addEventListener("change", (event) => {
      this.#keep({ ...this.camera, camera: byId("camera").value, mirror: this.mirror });
      act(event.target);
    });
  }

  #share(shared) {
    this.change({ stream: shared ? streamName() : null });
  }

  #showLink(name) {
    byId("share").checked = Boolean(name);
    byId("share-link").hidden = !name;
    if (!name) return;
    const link = new URL(`player?stream=${encodeURIComponent(name)}`, base);
    if (token()) link.hash = `token=${encodeURIComponent(token())}`;
    byId("link").value = link.href;
    byId("link-hint").textContent = token()
      ? "The link carries the token: whoever has it may also call. Add &sound=1 before the # to hear it."
      : "Add &sound=1 to hear it. With the transparent background only you are seen.";
  }

  async #copy() {
    byId("link").select();
    const copied = await navigator.clipboard?.writeText(byId("link").value).then(
      () => true,
      () => false,
    );
    byId("copy").textContent = copied ? "Copied" : "Press Ctrl+C";
    setTimeout(() => (byId("copy").textContent = "Copy"), 2500);
  }

  #keep(some) {
    this.#kept = { ...this.#kept, ...some };
    // The matte is a look and sharing a decision: neither is kept for another visit.
    const { show, stream, ...options } = this.#kept.options ?? {};
    localStorage.setItem(KEPT, JSON.stringify({ ...this.#kept, options }));
    sessionStorage.setItem(SHARING, stream ?? "");
  }

  #fire(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function readKept() {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    // Whatever that was: the defaults do.
  }
  const stream = sessionStorage.getItem(SHARING) || null;
  return { ...kept, options: { ...kept.options, stream } };
}

/** A name nobody guesses, the same on every visit: what is set up in OBS goes on working. */
function streamName() {
  let name = localStorage.getItem(NAME);
  if (!name) {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    name = [...bytes].map((byte) => byte.toString(36).padStart(2, "0")).join("");
    localStorage.setItem(NAME, name);
  }
  return name;
}

function selectNumber(list, number) {
  const value = number === null ? "" : String(number);
  if (![...list.options].some((option) => option.value === value)) {
    list.add(new Option(`${number} ms`, value));
  }
  list.value = value;
}
