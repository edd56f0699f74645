/** The server's HTTP side: the token, JSON, and problem+json made into errors. */

/** Where the pages are mounted: this file is `static/js/api.js` under it. */
export const base = new URL("../../", import.meta.url);

const TOKEN = "livematte-token";
const PATIENCE_MS = 20_000;

/** An answer that is no success; status 0 when none came at all. */
export class Problem extends Error {
  /** @param {number | null} retryAfter seconds */
  constructor(status, detail, retryAfter = null) {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }
}

/** The token of the address (`#token=…`), which then leaves the address bar, or the one kept. */
export function takeToken() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = fragment.get("token");
  if (given) {
    keepToken(given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return token();
}

export const token = () => sessionStorage.getItem(TOKEN) ?? "";
export const keepToken = (text) => sessionStorage.setItem(TOKEN, text);

/** What a request carries for the server to know whose it is. */
export const credentials = () => (token() ? { Authorization: `Bearer ${token()}` } : {});

/**
 * Ask the server; `path` is relative to where the pages are mounted.
 *
 * @param {{method?: string, json?: unknown, body?: BodyInit, signal?: AbortSignal,
 *   keepalive?: boolean, patience?: number}} [options] `patience` in ms, 0: without end
 * @returns {Promise<Response>} a success
 * @throws {Problem}
 */
export async function ask(path, options = {}) {
  const { method = "GET", json, body, signal, keepalive, patience = PATIENCE_MS } = options;
  const headers = credentials();
  if (json !== undefined) headers["Content-Type"] = "application/json";
  const late = patience ? [AbortSignal.timeout(patience)] : [];
  let answer;
  try {
    answer = await fetch(new URL(path, base), {
      method,
      headers,
      body: json === undefined ? body : JSON.stringify(json),
      keepalive,
      signal: AbortSignal.any(signal ? [signal, ...late] : late),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, "");
  }
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw problemOf(answer.status, problem, answer.headers.get("Retry-After"));
}

/** An answer's problem+json, whatever it came by. @param {string | null} retryAfter */
export function problemOf(status, body, retryAfter) {
  const seconds = Number(retryAfter);
  const detail = typeof body?.detail === "string" ? body.detail : "";
  return new Problem(status, detail, seconds > 0 ? seconds : null);
}

export async function askJson(path, options) {
  return (await ask(path, options)).json();
}

/** However long it takes: results are large. @returns {Promise<Blob>} */
export async function askBlob(path, { signal } = {}) {
  const answer = await ask(path, { signal, patience: 0 });
  try {
    return await answer.blob();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, "");
  }
}
