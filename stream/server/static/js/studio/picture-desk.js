/** The picture that is looked at: made anew with each change of the settings, in the chosen view. */

import { Problem } from "../api.js";
import { announce } from "../failure.js";
import { edgeSpots } from "./edge-spots.js";
import { pictures } from "./viewing.js";
import { factWords, problemWords } from "./words.js";

const byId = (id) => document.getElementById(id);

export class PictureDesk {
  #queue;
  #stage;
  #loupe;
  #item = null;
  #turn = null;
  #look = null;
  #last = null;
  #spotted = {};

  constructor(queue, stage, loupe) {
    this.#queue = queue;
    this.#stage = stage;
    this.#loupe = loupe;
    byId("views").addEventListener("change", () => this.#item && this.show(this.#item));
    byId("again").addEventListener("click", () => this.show(this.#item, true));
    document.getElementsByName("view").forEach((one) => (one.disabled = one.value === "change"));
  }

  /** @param {{shown: object, colour: string | null}} look what is asked for, and what lies behind */
  set look(look) {
    this.#last = this.#look;
    this.#look = look;
    this.#queue.look = look.shown;
    document.querySelector("[name=view][value=change]").disabled = !this.#last;
    if (this.#item) this.show(this.#item, this.#item.again);
  }

  /** Nothing of it is shown any more. */
  leave() {
    this.#turn = null;
    this.#item = null;
    byId("working").hidden = true;
    byId("trouble").hidden = true;
  }

  /** @param {boolean} again true: also what has failed is tried */
  async show(item, again = false) {
    const mine = (this.#turn = Symbol("show"));
    const other = this.#item !== item;
    this.#item = item;
    byId("trouble").hidden = true;
    if (item.state === "failed" && !again) return this.#fail(item.words, item.again);
    byId("working").hidden = false;
    const made = this.#queue.make(item, true);
    if (other) await this.#stage.show(null, { blob: item.file, tag: "The source" });
    if (this.#turn === mine) document.body.dataset.state = "live";
    const result = await made;
    if (this.#turn !== mine) return;
    if (result) await this.#lay(item, result, mine);
    else this.#fail(item.words, item.again);
    if (this.#turn === mine) byId("working").hidden = true;
  }

  async #lay(item, result, mine) {
    const view = document.querySelector("[name=view]:checked").value;
    const get = (options) => this.#queue.results.get(item, options, true);
    try {
      const { left, right } = await pictures(view, item, this.#look, this.#last, get);
      if (this.#turn !== mine) return;
      await this.#stage.show(left, right);
    } catch (error) {
      if (this.#turn !== mine) return;
      if (!(error instanceof Problem)) throw error;
      announce(problemWords(error), true);
    }
    byId("facts").textContent = factWords(result);
    this.#loupe.draw();
    await this.#spot(item, result.matte);
  }

  async #spot(item, matte) {
    if (this.#spotted.matte === matte) return;
    const isNew = this.#spotted.item !== item;
    this.#spotted = { item, matte };
    const spots = await edgeSpots(matte);
    if (this.#spotted.matte === matte) this.#loupe.see(spots, isNew);
  }

  #fail(words, again) {
    document.body.dataset.state = "failed";
    byId("working").hidden = true;
    byId("trouble").hidden = false;
    byId("trouble-title").textContent = `${this.#item.file.name} was not matted`;
    byId("trouble-text").textContent = words;
    byId("again").hidden = !again;
    byId("facts").textContent = "";
  }
}
