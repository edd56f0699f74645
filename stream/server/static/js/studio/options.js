/** The settings of the studio: the fields of the form's `#matte` bear the names of the API's. */

import { goesWithoutSaying, offerPoint, refreshShape } from "./shape.js";

const KEPT = "livematte-studio";
const SIDES = [512, 1024, 2048, 4096, 8192];
const USUAL_SIDE = 2048;
const REFINERS = { gan: "The generator", "closed-form": "Closed form" };

/** Fires `change` when what is shown has to be made anew, `format` when only files are others. */
export class Options extends EventTarget {
  #form;
  #matteFields;
  #gallery;
  #background = "transparent";

  /** @param {HTMLFormElement} form  @param {import("../gallery.js").Gallery} gallery */
  constructor(form, gallery) {
    super();
    this.#form = form.elements;
    this.#matteFields = [...form.querySelector("#matte").elements].filter(({ name }) => name);
    this.#gallery = gallery;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", ({ target }) => {
      if (this.#matteFields.includes(target)) this.#changed();
      if (["output", "clip"].includes(target.name)) this.#changed("format");
    });
    gallery.addEventListener("choose", ({ detail }) => {
      this.#background = detail.option;
      this.#changed();
    });
  }

  /** What the server has, and what was chosen on the last visit. @param {object} settings */
  offer({ backgrounds, pictures }) {
    const kept = readKept();
    const sides = SIDES.filter((side) => side < pictures.longest_side);
    sides.push(pictures.longest_side);
    fill(this.#form.model, pictures.models, pictures.model);
    fill(this.#form.max_side, sides, USUAL_SIDE, (side) => `${side} pixels`);
    fill(this.#form.edges, pictures.edges, pictures.edges[0], (name) => REFINERS[name]);
    document.getElementById("refined-by").hidden = pictures.edges.length < 2;
    offerPoint(kept.keep);
    for (const field of this.#matteFields) put(field, kept[field.name]);
    refreshShape();
    this.#form.output.value = kept.output ?? "png";
    this.#form.clip.value = kept.clip ?? "mp4";
    const { background = "transparent" } = kept;
    // An upload may be gone: the server keeps it for a while only.
    const there = backgrounds.some(({ value }) => value === background);
    this.#background = there || !background.startsWith("picture:") ? background : "transparent";
    this.#gallery.mark(this.#background);
  }

  /** The colour that lies behind the shown picture, laid there by the browser. */
  get colour() {
    return this.#background.startsWith("#") ? this.#background : null;
  }

  /** What is asked for to be shown: a colour needs no matting of its own. */
  get shown() {
    const background = this.colour ? "transparent" : this.#background;
    return { ...this.#matte, background, output: "png" };
  }

  /** What is asked for to be saved. */
  get saved() {
    return { ...this.#matte, background: this.#background, output: this.#form.output.value };
  }

  /** Of a clip; MP4 has no transparency. */
  get clip() {
    const { max_side: _side, edges: _edges, ...matte } = this.#matte;
    const chosen = this.#form.clip.value;
    const output = this.#background === "transparent" && chosen === "mp4" ? "webm" : chosen;
    return { ...matte, background: this.#background, output };
  }

  get #matte() {
    const usual = (field) => field === this.#form.edges && field.selectedIndex === 0;
    const said = this.#matteFields.filter((field) => !usual(field) && !goesWithoutSaying(field));
    return Object.fromEntries(said.map((field) => [field.name, valueOf(field)]));
  }

  #changed(what = "change") {
    this.#keep();
    this.dispatchEvent(new Event(what));
  }

  #keep() {
    const kept = { ...this.saved, clip: this.#form.clip.value };
    localStorage.setItem(KEPT, JSON.stringify(kept));
  }
}

function fill(select, values, usual, inWords = String) {
  select.replaceChildren(...values.map((value) => new Option(inWords(value), value)));
  put(select, usual);
}

const valueOf = (field) => (field.type === "checkbox" ? field.checked : field.value);

/** What is no longer offered leaves the field as it is. */
function put(field, value) {
  const choices = field.options && [...field.options].map((option) => option.value);
  if (value === undefined || choices?.includes(String(value)) === false) return;
  if (field.type === "checkbox") field.checked = value;
  else field.value = value;
}

function readKept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}
