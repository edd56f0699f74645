/** The clip that is looked at: a player, the way to make it, and its progress. */

import { Problem } from "../api.js";
import { ClipJob } from "./clips.js";
import { bytes, stateWords } from "./words.js";

const GOING = ["sending", "queued", "running"];
const byId = (id) => document.getElementById(id);
const video = byId("clip-video");

export class ClipDesk {
  #queue;
  #options;
  #item = null;
  #played = null;
  #jobs = new Map();

  constructor(queue, options) {
    this.#queue = queue;
    this.#options = options;
    byId("clip-make").addEventListener("click", () => this.#make(this.#item));
    byId("clip-cancel").addEventListener("click", () => this.#jobs.get(this.#item)?.cancel());
    byId("clip-source").addEventListener("click", ({ target }) => {
      const pressed = target.getAttribute("aria-pressed") === "true";
      target.setAttribute("aria-pressed", String(!pressed));
      this.#refresh(this.#item);
    });
    queue.addEventListener("item", ({ detail }) => {
      if (detail.item === this.#item) this.#refresh(detail.item);
    });
    addEventListener("beforeunload", (event) => this.going && event.preventDefault());
    addEventListener("pagehide", () => this.#jobs.forEach((job) => job.cancel()));
  }

  /** Whether any clip is being made. */
  get going() {
    return this.#queue.items.some(({ state }) => GOING.includes(state));
  }

  show(item) {
    this.#item = item;
    document.body.dataset.state = "clip";
    byId("clip").hidden = false;
    byId("clip-source").setAttribute("aria-pressed", "false");
    this.#refresh(item);
  }

  leave() {
    this.#item = null;
    byId("clip").hidden = true;
    this.#play(null);
  }

  /** It is taken off the list: the server forgets it, too. */
  forget(item) {
    this.#jobs.get(item)?.cancel();
    this.#jobs.delete(item);
  }

  async #make(item) {
    this.forget(item);
    const job = new ClipJob((state, progress) => this.#tell(item, { state, progress }));
    this.#jobs.set(item, job);
    this.#tell(item, { state: "sending", progress: { sent: 0 }, blob: null });
    byId("clip-cancel").focus();
    const outcome = await this.#outcome(job, item);
    // Whoever has gone on to something else meanwhile is left there.
    const waits = document.activeElement === byId("clip-cancel");
    if (outcome instanceof Problem) this.#queue.fail(item, outcome);
    else this.#tell(item, outcome ? { state: "done", ...outcome } : { state: "cancelled" });
    if (waits) byId("clip-make").focus();
  }

  async #outcome(job, item) {
    try {
      return await job.run(item.file, this.#options.clip);
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
  }

  #tell(item, change) {
    Object.assign(item, change);
    this.#queue.tell(item);
  }

  #refresh(item) {
    const going = GOING.includes(item.state);
    const { frames_done: done = 0, frames_total: total } = item.progress ?? {};
    byId("clip-make").hidden = going;
    byId("clip-make").textContent = item.state === "done" ? "Make it again" : "Make this clip";
    byId("clip-cancel").hidden = byId("clip-progress").hidden = !going;
    byId("clip-source").hidden = !item.blob;
    if (item.state === "running" && total) byId("clip-progress").value = done / total;
    else byId("clip-progress").removeAttribute("value");
    const size = item.blob ? `, ${bytes(item.blob.size)}` : "";
    byId("clip-words").textContent = stateWords(item) + size;
    const source = byId("clip-source").getAttribute("aria-pressed") === "true";
    this.#play(item.blob && !source ? item.blob : item.file);
  }

  #play(blob) {
    if (this.#played === blob) return;
    if (video.src) URL.revokeObjectURL(video.src);
    this.#played = blob;
    byId("clip-unplayable").hidden = true;
    if (blob) video.src = URL.createObjectURL(blob);
    else video.removeAttribute("src");
    video.load();
  }
}

video.addEventListener("error", () => {
  if (video.src) byId("clip-unplayable").hidden = false;
});
