/** The backgrounds to choose from: radio buttons with pictures, and the way to add one's own. */

import { ask, askJson, Problem } from "./api.js";
import { NOT_A_PICTURE, tooLarge, uploadWords } from "./messages.js";

const OWN_COLOUR = "own-colour";

/** Fires `choose` {option: OPTIONS.background, title}. */
export class Gallery extends EventTarget {
  #list;
  #problem;
  #upload;
  #blur;
  #colour;
  #radius = null;
  #limits = {};
  #tiles = new Map();

  /** @param {{list: HTMLElement, problem: HTMLElement, upload: HTMLInputElement,
   *   drop: HTMLElement, blur: HTMLElement}} parts `blur` holds the radius' slider */
  constructor({ list, problem, upload, drop, blur }) {
    super();
    this.#list = list;
    this.#problem = problem;
    this.#upload = upload;
    const [slider, said] = ["input", "output"].map((name) => blur.querySelector(name));
    this.#blur = { row: blur, slider, said };
    list.addEventListener("change", (event) => {
      if (event.target.name === "background") this.#choose();
    });
    upload.addEventListener("change", () => this.#take(upload.files));
    this.#blur.slider.addEventListener("input", () => {
      this.#radius = Number(this.#blur.slider.value);
      this.#choose();
    });
    drop.addEventListener("dragover", (event) => event.preventDefault());
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#take(event.dataTransfer.files);
    });
  }

  /** @param {object[]} backgrounds BACKGROUND of the contract  @param {object} limits */
  fill(backgrounds, limits = {}) {
    this.#limits = limits;
    this.#list.replaceChildren();
    this.#tiles.clear();
    backgrounds.forEach((background) => this.#add(background));
    this.#addOwnColour();
  }

  /** Show what is chosen, as OPTIONS.background says it. */
  mark(option) {
    const [kind, radius] = option.split(":");
    if (kind === "blur") this.#radius = radius ? Number(radius) : null;
    const own = this.#tiles.get(OWN_COLOUR);
    const tile = this.#tiles.get(kind === "blur" ? "blur" : option);
    if (tile) tile.input.checked = true;
    else if (option.startsWith("#") && own) {
      own.input.checked = true;
      this.#colour.value = option;
    }
    this.#refresh();
  }

  get #chosen() {
    return this.#list.querySelector("input[name=background]:checked");
  }

  #choose() {
    const { value, dataset } = this.#chosen;
    const special = { blur: this.#blurOption(), [OWN_COLOUR]: this.#colour.value };
    this.#refresh();
    const detail = { option: special[value] ?? value, title: dataset.title };
    this.dispatchEvent(new CustomEvent("choose", { detail }));
  }

  /** Where the slider was never moved the server takes the radius that suits the picture. */
  #blurOption() {
    return this.#radius === null ? "blur" : `blur:${this.#radius}`;
  }

  #refresh() {
    const { row, slider, said } = this.#blur;
    row.hidden = this.#chosen?.value !== "blur";
    if (this.#radius !== null) slider.value = this.#radius;
    said.textContent = this.#radius === null ? "automatic" : `${this.#radius} px`;
  }

  #add(background) {
    const tile = this.#tile(background.value, background.title, background.kind);
    if (background.kind === "colour") tile.face.style.backgroundColor = background.id;
    if (background.thumbnail) showThumbnail(tile.face, background.thumbnail);
    if (background.mine) this.#addRemoval(tile, background);
    return tile;
  }

  #tile(value, title, kind) {
    const item = document.createElement("li");
    const label = document.createElement("label");
    label.className = `tile tile-${kind}`;
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name: "background", value });
    input.dataset.title = title;
    const face = document.createElement("span");
    face.className = "face";
    const name = document.createElement("span");
    name.className = "name";
    name.textContent = title;
    label.append(input, face, name);
    item.append(label);
    this.#list.append(item);
    const tile = { item, input, face };
    this.#tiles.set(value, tile);
    return tile;
  }

  #addOwnColour() {
    const tile = this.#tile(OWN_COLOUR, "Any colour", "any-colour");
    const colour = document.createElement("input");
    Object.assign(colour, { type: "color", value: "#3b6e8f", className: "any-colour" });
    colour.setAttribute("aria-label", "Which colour");
    colour.addEventListener("input", () => {
      tile.input.checked = true;
      this.#choose();
    });
    tile.item.append(colour);
    this.#colour = colour;
  }

  #addRemoval(tile, background) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "remove";
    button.textContent = "×";
    button.setAttribute("aria-label", `Remove ${background.title}`);
    button.addEventListener("click", () => this.#remove(tile, background));
    tile.item.append(button);
  }

  async #remove(tile, background) {
    try {
      await ask(`backgrounds/${encodeURIComponent(background.id)}`, { method: "DELETE" });
    } catch (error) {
      if (error.status !== 404) {
        this.#say(uploadWords(error, this.#limits));
        return;
      }
    }
    const chosen = tile.input.checked;
    this.#tiles.delete(tile.input.value);
    tile.item.remove();
    const next = this.#tiles.get("blur") ?? this.#tiles.values().next().value;
    next.input.focus();
    if (chosen) {
      next.input.checked = true;
      this.#choose();
    }
  }

  async #take(files) {
    const [file] = files;
    if (!file) return;
    this.#say("");
    if (!file.type.startsWith("image/")) return this.#refuse(NOT_A_PICTURE);
    const most = this.#limits.upload_bytes ?? Infinity;
    if (file.size > most) return this.#refuse(tooLarge(this.#limits));
    const form = new FormData();
    form.append("file", file);
    this.#list.setAttribute("aria-busy", "true");
    try {
      const tile = this.#add(await askJson("backgrounds", { method: "POST", body: form }));
      this.#list.append(this.#tiles.get(OWN_COLOUR).item);
      tile.input.checked = true;
      tile.input.focus();
      this.#choose();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#say(uploadWords(error, this.#limits));
    } finally {
      this.#list.removeAttribute("aria-busy");
      this.#upload.value = "";
    }
  }

  #refuse(words) {
    this.#upload.value = "";
    this.#say(words);
  }

  #say(words) {
    this.#problem.textContent = words;
  }
}

/** Thumbnails want the token as everything does: an address in an <img> could not carry it. */
async function showThumbnail(face, path) {
  try {
    const address = URL.createObjectURL(await (await ask(path)).blob());
    const picture = document.createElement("img");
    picture.alt = "";
    picture.addEventListener("load", () => URL.revokeObjectURL(address), { once: true });
    picture.src = address;
    face.append(picture);
  } catch {
    face.classList.add("no-thumbnail");
  }
}
