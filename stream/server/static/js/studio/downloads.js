/** The two download buttons: what is looked at, and all. */

import { Problem } from "../api.js";
import { nameFor, save, saveAll } from "./saving.js";
import { problemWords } from "./words.js";

const byId = (id) => document.getElementById(id);

export class Downloads {
  #queue;
  #options;
  #changed;
  #going = false;

  /** @param {() => void} changed called when the buttons may have become others */
  constructor(queue, options, changed) {
    this.#queue = queue;
    this.#options = options;
    this.#changed = changed;
  }

  refresh(item) {
    byId("save").disabled = this.#going || !savable(item);
    byId("save-all").disabled = this.#going || !this.#all.length;
  }

  /** @param {import("./queue.js").Item} item as the settings of now want it */
  async one(item) {
    await this.#busily(async () => {
      const blob = await this.#blob(item);
      save(blob, nameFor(item.file, blob));
      say("");
    });
  }

  async all() {
    await this.#busily(async () => {
      const items = this.#all;
      const made = [];
      const left = this.#queue.items.filter((item) => !items.includes(item));
      const each = items.map(async (item) => {
        try {
          made.push({ file: item.file, blob: await this.#blob(item) });
          say(`${made.length} of ${items.length}`);
        } catch (error) {
          if (!(error instanceof Problem) && error.name !== "AbortError") throw error;
          left.push(item);
        }
      });
      await Promise.all(each);
      const order = this.#queue.items.map(({ file }) => file);
      made.sort((one, other) => order.indexOf(one.file) - order.indexOf(other.file));
      if (made.length) await saveAll(made);
      const names = left.map(({ file }) => file.name).join(", ");
      say(`${made.length} in the ZIP.${left.length ? ` Left out: ${names}.` : ""}`);
    });
  }

  get #all() {
    return this.#queue.items.filter(savable);
  }

  async #blob(item) {
    if (item.kind === "clip") return item.blob;
    return (await this.#queue.results.get(item, this.#options.saved, true)).picture;
  }

  async #busily(act) {
    this.#going = true;
    byId("save").disabled = byId("save-all").disabled = true;
    say("Making it …");
    try {
      await act();
    } catch (error) {
      if (error instanceof RangeError) say(`That is too much: ${error.message}.`);
      else if (error instanceof Problem) say(problemWords(error));
      else if (error.name !== "AbortError") throw error;
    } finally {
      this.#going = false;
      this.#changed();
    }
  }
}

function savable(item) {
  if (item?.kind === "clip") return Boolean(item.blob);
  return item?.kind === "picture" && item.state !== "failed";
}

function say(words) {
  byId("save-words").textContent = words;
}
