/** The page around player.js: reads the URL, says in words what is wrong where a person reads it. */

import { base } from "./api.js";
import { playStream } from "./player.js";

const query = new URLSearchParams(location.search);
const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
const name = query.get("stream") ?? "";
const words = document.getElementById("words");
// Words on the picture would go on air: in OBS they are shown only when asked for.
const quiet = (query.get("status") ?? (window.obsstudio ? "0" : "1")) === "0";

const STATES = {
  connecting: () => "Connecting…",
  live: () => "",
  waiting: (detail) => `Waiting for the stream “${name}”. ${detail}`,
  refused: (detail) => `The stream “${name}” is not to be had. ${detail}`,
};

function show(state, detail = "") {
  document.body.dataset.state = state;
  if (!quiet) words.textContent = STATES[state](detail === "lost" ? "" : detail);
}

if (name) {
  const player = playStream(document.getElementById("picture"), {
    url: new URL(`whep/${encodeURIComponent(name)}`, base),
    token,
    sound: query.get("sound") === "1",
    iceServers: await iceServers(),
    renderer: query.get("renderer") ?? "auto",
    onstate: show,
  });
  addEventListener("pagehide", () => player.stop());
  addEventListener("pageshow", (event) => event.persisted && location.reload());
} else {
  words.textContent = "Which stream? Write it into the address: /player?stream=NAME";
}

async function iceServers() {
  try {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const answer = await fetch(new URL("settings", base), { headers });
    return answer.ok ? ((await answer.json()).ice_servers ?? []) : [];
  } catch {
    return [];
  }
}
