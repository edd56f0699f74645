/** Server-sent events by fetch: an EventSource could not carry the token. */

import { ask } from "../api.js";

/**
 * The events of one connection, until it ends or is lost.
 *
 * @param {string} path  @param {AbortSignal} signal
 * @returns {AsyncGenerator<{event: string, data: string}>}
 */
export async function* serverEvents(path, signal) {
  const answer = await ask(path, { signal, patience: 0 });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const event = parse(block);
        if (event.data) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Lines that begin with a colon only keep the connection open. */
function parse(block) {
  const event = { event: "message", data: "" };
  for (const line of block.split("\n")) {
    const [, field, value] = /^(event|data): ?(.*)$/.exec(line) ?? [];
    if (field === "event") event.event = value;
    if (field === "data") event.data += event.data ? `\n${value}` : value;
  }
  return event;
}
