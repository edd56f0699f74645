/** What lies over the picture: the welcome, the wait, and every failure with its way out. */

import { Failure } from "./failure.js";
import { STATUS } from "./messages.js";

const byId = (id) => document.getElementById(id);

export class Screen {
  #failure = new Failure();

  /** @param {"idle" | "asking" | "connecting" | "live"} state */
  enter(state, words = "") {
    this.#show(state, STATUS[state]);
    byId("busy-text").textContent = words;
    byId("welcome").hidden = state !== "idle";
    byId("busy").hidden = state !== "asking" && state !== "connecting";
  }

  /** As `Failure.show`. */
  fail(notice, again, { seconds, token = false } = {}) {
    const state = notice.again ? "waiting" : "failed";
    const status = notice.again ? "Trying again" : STATUS[state];
    this.#show(state, status);
    byId("welcome").hidden = byId("busy").hidden = true;
    byId("give-up").hidden = token || !notice.again;
    this.#failure.show(notice, again, { seconds, token });
  }

  tryAgain() {
    document.body.dataset.state = "connecting";
    this.#failure.tryAgain();
  }

  #show(state, status) {
    document.body.dataset.state = state;
    byId("status").textContent = status;
    this.#failure.hide();
    const live = state === "live";
    byId("stop").disabled = state === "idle" || state === "failed";
    for (const id of ["compare", "microphone", "matte"]) byId(id).disabled = !live;
  }
}
