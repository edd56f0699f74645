/** A clip's way: sent, matted by the server with its progress told, fetched, or cancelled. */

import { ask, askBlob, base, credentials, Problem, problemOf } from "../api.js";
import { backOff } from "../player.js";
import { serverEvents } from "./events.js";
import { formOf } from "./results.js";

const FINAL = ["done", "failed", "cancelled"];

export class ClipJob {
  #abort = new AbortController();
  #tell;
  #url = null;

  /** @param {(state: string, progress: object) => void} tell what goes on */
  constructor(tell) {
    this.#tell = tell;
  }

  /**
   * @param {File} file  @param {object} options fields of POST /api/videos
   * @returns {Promise<{blob: Blob, words: string} | null>} null: cancelled; `words` of a clip
   *   that was damaged, and made as far as it could be read
   * @throws {Problem}
   */
  async run(file, options) {
    try {
      const sent = (share) => this.#tell("sending", { sent: Math.floor(100 * share) });
      const job = await send("api/videos", formOf(file, options), sent, this.#abort.signal);
      this.#url = job.url;
      const last = await this.#follow(job);
      if (last.status === "failed") throw new Problem(422, last.error ?? "");
      if (last.status === "cancelled") return null;
      const blob = await askBlob(last.result_url, { signal: this.#abort.signal });
      return { blob, words: last.error ?? "" };
    } catch (error) {
      if (this.#abort.signal.aborted) return null;
      throw error;
    }
  }

  /** End it, also on the server, and forget what is there. */
  cancel() {
    this.#abort.abort();
    if (this.#url) ask(this.#url, { method: "DELETE", keepalive: true }).catch(() => {});
    this.#url = null;
  }

  /** The connection may be lost and come back: each event says everything. */
  async #follow(job) {
    for (let tries = 0; ; tries++) {
      try {
        for await (const { event, data } of serverEvents(job.events_url, this.#abort.signal)) {
          if (event !== "progress") continue;
          const state = JSON.parse(data);
          if (FINAL.includes(state.status)) return state;
          this.#tell(state.status, state);
          tries = 0;
        }
      } catch (error) {
        if (this.#abort.signal.aborted || error.status >= 400) throw error;
      }
      await pause(backOff(tries), this.#abort.signal);
    }
  }
}

/** Whoever cancels does not wait for it. */
function pause(seconds, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", resolve, { once: true });
  });
}

/** Fetch does not tell how much of a body has gone out. */
function send(path, form, sent, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", new URL(path, base));
    for (const [name, value] of Object.entries(credentials())) {
      request.setRequestHeader(name, value);
    }
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => sent(loaded / total));
    request.addEventListener("error", () => reject(new Problem(0, "")));
    request.addEventListener("abort", () => reject(signal.reason));
    request.addEventListener("load", () => {
      const { status, response } = request;
      if (status < 300) resolve(response);
      else reject(problemOf(status, response, request.getResponseHeader("Retry-After")));
    });
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}
