/** What becomes of each file, in words. */

/** Of hard cases. */
export const KINDS = {
  hair: "Light hair on white",
  glass: "Glass",
  shadow: "Shadow",
  border: "At the border",
  small: "Small subject",
  other: "Something else",
};

/** Why the pipeline doubts a matte. */
const DOUBTS = {
  nothing: "nothing was found",
  uncertain: "much of the edge is uncertain",
  several: "there are several subjects",
  borders: "the subject touches all borders",
  disagreement: "the refined edge is elsewhere than the network saw it",
};

/** Why a file was not matted. @param {{status: number, detail: string}} problem */
export function problemWords({ status, detail }) {
  if (status === 0) return "The server did not answer.";
  if (status === 401) return "The server wants a token for that.";
  if (status === 404) return "The result is no longer there.";
  if (status === 413) return detail || "Too large for this server.";
  if (status === 415) return detail || "Not a picture that the server can read.";
  if (status === 422) return detail || "Damaged, or not what its name says.";
  if (status === 503) return detail || "The server is full.";
  return detail || `The server answers ${status}.`;
}

/** A trouble that the same file may not have the next time, or with other settings. */
export const passes = ({ status }) => status !== 413 && status !== 415;

export const tooLarge = (size, most) =>
  `Too large: ${bytes(size)}, at most ${bytes(most)} are taken. Nothing was sent.`;
export const NEITHER = "Neither a picture nor a clip. Nothing was sent.";

export function bytes(count) {
  const [unit, size] = [
    ["GB", 1e9],
    ["MB", 1e6],
    ["kB", 1e3],
  ].find(([, size]) => count >= size) ?? ["bytes", 1];
  const shown = count / size;
  return `${shown < 10 && size > 1 ? shown.toFixed(1) : Math.round(shown)} ${unit}`;
}

/** A row of the list. @param {import("./queue.js").Item} item */
export function stateWords({ state, words, result, progress, outdated }) {
  if (state === "done" && outdated) return "Made with other settings";
  if (state === "done") return result ? sizeWords(result) : `Clip made${words && `, but: ${words}`}`;
  return {
    waiting: "Waiting",
    working: "Matting …",
    failed: words,
    ready: "A clip: make it when the settings are right",
    sending: `Sending, ${progress?.sent ?? 0} %`,
    queued: "Waiting for the server",
    running: clipWords(progress ?? {}),
    cancelled: "Cancelled",
  }[state];
}

function clipWords({ frames_done: done = 0, frames_total: total, fps }) {
  if (!done) return "Starting …";
  const share = total ? `${done} of ${total} pictures` : `${done} pictures`;
  return fps ? `${share}, ${fps.toFixed(1)} a second` : share;
}

const sizeWords = ({ width, height, seconds, cached }) =>
  `${width} × ${height}, ${cached ? "from the cache" : `${seconds.toFixed(2)} s`}`;

/** Under the picture. @param {import("./results.js").Result} result */
export function factWords(result) {
  const facts = [sizeWords(result)];
  if (result.scaled_from) {
    facts.push(`matted at ${result.scaled_from.join(" × ")} and brought up`);
  }
  const doubts = result.doubts.map((doubt) => DOUBTS[doubt] ?? doubt);
  if (doubts.length) facts.push(`doubtful: ${doubts.join(", ")}`);
  return `${facts.join(" · ")}.`;
}

/** What became of all. @param {import("./queue.js").Item[]} items */
export function summaryWords(items) {
  const count = (...states) => items.filter(({ state }) => states.includes(state)).length;
  const parts = [
    [count("done"), "done"],
    [count("waiting", "working", "sending", "queued", "running"), "to do"],
    [count("ready"), "to be started"],
    [count("failed"), "not done"],
    [count("cancelled"), "cancelled"],
  ];
  const said = parts.filter(([number]) => number).map(([number, what]) => `${number} ${what}`);
  const files = `${items.length} ${items.length === 1 ? "file" : "files"}`;
  return items.length ? `${files}: ${said.join(", ")}` : "No files yet";
}
