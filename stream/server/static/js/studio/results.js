/** Results of the server, each asked for once: a picture with options is always the same result. */

import { askBlob, askJson, Problem } from "../api.js";

/** As many requests at a time: one is matted while the next is on its way. */
const AT_ONCE = 2;
/** A picture's results that are kept, by their options; the oldest go. */
const KEPT = 6;
const PATIENCE_MS = 120_000;
const BUSY_SECONDS = 3;

/**
 * @typedef {object} Result an answer of POST /api/remove-background, with
 * @property {Blob} picture @property {Blob} matte and
 * @property {string} id @property {number} width @property {number} height
 * @property {number} seconds @property {boolean} cached
 * @property {[number, number] | null} scaled_from @property {string[]} doubts
 */

export class Results {
  #begun;
  #line = [];
  #working = 0;
  #kept = new WeakMap();

  /** @param {(item: object) => void} begun called when a picture's turn has come */
  constructor(begun) {
    this.#begun = begun;
  }

  /**
   * The result of a picture with these options; the fields are the API's.
   *
   * @param {{file: File, gone: AbortSignal}} item  @param {object} options
   * @param {boolean} first true: before whatever else waits
   * @returns {Promise<Result>}  @throws {Problem}
   */
  get(item, options, first = false) {
    const kept = this.#kept.get(item) ?? new Map();
    this.#kept.set(item, kept);
    const key = keyOf(options);
    const asked = kept.get(key) ?? this.#stand(item, options);
    if (first) this.#promote(asked);
    this.#next();
    kept.delete(key);
    kept.set(key, asked);
    asked.result.catch(() => kept.get(key) === asked && kept.delete(key));
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
    return asked.result;
  }

  /** Whose turn has not come yet does not wait for it any more: its promise fails as aborted. */
  drop(item, options) {
    const asked = this.#kept.get(item)?.get(keyOf(options));
    const at = this.#line.indexOf(asked);
    if (at < 0) return;
    this.#line.splice(at, 1);
    asked.reject(new DOMException("dropped", "AbortError"));
  }

  /** Stand in line for one of the places. */
  #stand(item, options) {
    const asked = {};
    asked.result = new Promise((resolve, reject) => {
      asked.reject = reject;
      asked.run = () => {
        this.#begun(item);
        return matte(item, options).then(resolve, reject);
      };
    });
    this.#line.push(asked);
    return asked;
  }

  #promote(asked) {
    const at = this.#line.indexOf(asked);
    if (at > 0) this.#line.unshift(...this.#line.splice(at, 1));
  }

  #next() {
    while (this.#working < AT_ONCE && this.#line.length) {
      this.#working += 1;
      this.#line
        .shift()
        .run()
        .finally(() => {
          this.#working -= 1;
          this.#next();
        });
    }
  }
}

export const keyOf = (options) => JSON.stringify(Object.entries(options).sort());

/** A form as the API takes it. */
export function formOf(file, options) {
  const form = new FormData();
  for (const [name, value] of Object.entries(options)) form.append(name, String(value));
  form.append("file", file, file.name);
  return form;
}

async function matte({ file, gone }, options) {
  const answer = await patiently(() => {
    gone.throwIfAborted();
    const body = formOf(file, options);
    const how = { method: "POST", body, signal: gone, patience: PATIENCE_MS };
    return askJson("api/remove-background", how);
  });
  const [picture, alpha] = await Promise.all(
    [answer.result_url, answer.matte_url].map((path) => askBlob(path, { signal: gone })),
  );
  return { ...answer, picture, matte: alpha };
}

/** A server that is full says when to come back. */
async function patiently(request) {
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 503) throw error;
      const seconds = error.retryAfter ?? BUSY_SECONDS;
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    }
  }
}
