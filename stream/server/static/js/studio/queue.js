/** The files that were brought, and what becomes of each. */

import { Problem } from "../api.js";
import { kindOf } from "./picking.js";
import { keyOf, Results } from "./results.js";
import { NEITHER, passes, problemWords, tooLarge } from "./words.js";

/**
 * @typedef {object} Item
 * @property {File} file
 * @property {"picture" | "clip" | null} kind
 * @property {"waiting" | "working" | "done" | "failed" | "ready" | "sending" | "queued" | "running"
 *   | "cancelled"} state
 * @property {string} words why it failed
 * @property {boolean} again true: trying once more may help
 * @property {boolean} outdated done, but with other settings than those of now
 * @property {object | null} result of a picture, the last one that was made
 * @property {AbortSignal} gone when it is taken off the list
 */

/** Fires `list` when files come or go, `item` {item} when something becomes of one. */
export class Queue extends EventTarget {
  /** @type {Item[]} */
  items = [];
  results = new Results((item) => item.state === "waiting" && this.#set(item, "working"));
  #look = {};
  #removals = new WeakMap();

  /** @param {File[]} files  @param {{upload_bytes?: number}} limits  @returns {Item[]} */
  add(files, { upload_bytes: most = Infinity }) {
    const added = files.map((file) => this.#item(file, most));
    this.items.push(...added);
    this.dispatchEvent(new Event("list"));
    return added;
  }

  #item(file, most) {
    const removal = new AbortController();
    const kind = kindOf(file);
    const item = { file, kind, words: "", again: false, outdated: false, result: null };
    Object.assign(item, { gone: removal.signal, state: kind === "clip" ? "ready" : "waiting" });
    this.#removals.set(item, removal);
    if (!kind) Object.assign(item, { state: "failed", words: NEITHER });
    if (kind === "picture" && file.size > most) {
      Object.assign(item, { state: "failed", words: tooLarge(file.size, most) });
    }
    return item;
  }

  remove(item) {
    this.#removals.get(item).abort();
    this.items = this.items.filter((other) => other !== item);
    this.dispatchEvent(new Event("list"));
  }

  /** Pictures that can be matted: those that were refused at once never are. */
  get pictures() {
    return this.items.filter(({ kind, state, again }) => {
      return kind === "picture" && (state !== "failed" || again);
    });
  }

  /**
   * Matte a picture as is wanted now, or take what is there.
   *
   * @returns {Promise<import("./results.js").Result | null>} null: it failed, and says why
   */
  async make(item, first = false) {
    const look = this.#look;
    const wanted = keyOf(look);
    item.wanted = wanted;
    if (item.made !== wanted) this.#set(item, "waiting");
    try {
      const result = await this.results.get(item, look, first);
      if (item.wanted === wanted) {
        const outdated = wanted !== keyOf(this.#look);
        Object.assign(item, { result, made: wanted, outdated });
        this.#set(item, "done");
      }
      return result;
    } catch (error) {
      if (error.name === "AbortError") return null;
      if (!(error instanceof Problem)) throw error;
      if (item.wanted === wanted) this.fail(item, error);
      return null;
    }
  }

  /** @param {Problem} problem */
  fail(item, problem) {
    item.again = passes(problem);
    this.#set(item, "failed", problemWords(problem));
  }

  /**
   * The options of now. What was made with others is outdated; what still waits is made with these.
   *
   * @param {object} look fields of POST /api/remove-background
   */
  set look(look) {
    const before = this.#look;
    this.#look = look;
    for (const item of this.pictures) {
      if (item.state === "waiting") {
        this.results.drop(item, before);
        this.make(item);
      } else if (item.state === "done") {
        item.outdated = item.made !== keyOf(look);
        this.tell(item);
      }
    }
  }

  #set(item, state, words = "") {
    Object.assign(item, { state, words });
    this.tell(item);
  }

  tell(item) {
    this.dispatchEvent(new CustomEvent("item", { detail: { item } }));
  }
}
