/** What lies over the picture: the welcome, the wait, and every failure with its way out. */

import { STATUS } from "./messages.js";

const byId = (id) => document.getElementById(id);

export class Screen {
  #again = () => {};
  #timer = 0;
  #toast = 0;

  constructor() {
    byId("retry").addEventListener("click", () => this.#again());
  }

  /** @param {"idle" | "asking" | "connecting" | "live"} state */
  enter(state, words = "") {
    this.#show(state, STATUS[state]);
    byId("busy-text").textContent = words;
    byId("welcome").hidden = state !== "idle";
    byId("busy").hidden = state !== "asking" && state !== "connecting";
  }

  /**
   * @param {import("./messages.js").Notice} notice
   * @param {() => void} again what the button does
   * @param {{seconds?: number, token?: boolean}} [more] until the next try; a token is asked for
   */
  fail(notice, again, { seconds, token = false } = {}) {
    const state = notice.again ? "waiting" : "failed";
    const status = notice.again ? "Trying again" : STATUS[state];
    this.#show(state, status);
    byId("welcome").hidden = byId("busy").hidden = true;
    byId("failure").hidden = false;
    // Said again by screen readers only when it is another failure, not with every try.
    if (byId("notice-title").textContent !== notice.title) {
      byId("notice-title").textContent = notice.title;
    }
    if (byId("notice-text").textContent !== notice.text) {
      byId("notice-text").textContent = notice.text;
    }
    byId("retry").textContent = notice.action;
    byId("retry").hidden = token;
    byId("give-up").hidden = token || !notice.again;
    byId("token-form").hidden = !token;
    if (token) byId("token").focus();
    this.#again = again;
    if (seconds !== undefined) this.#count(Math.ceil(seconds));
  }

  /** Another try goes on: the words stay until it is known what came of it. */
  tryAgain() {
    clearInterval(this.#timer);
    document.body.dataset.state = "connecting";
    byId("countdown").textContent = "Trying now …";
  }

  /** Say something that is no failure of the call; `seen` also on the page. */
  announce(words, seen = false) {
    const announcer = byId("announcer");
    announcer.textContent = words;
    announcer.classList.toggle("toast", seen);
    announcer.classList.toggle("visually-hidden", !seen);
    clearTimeout(this.#toast);
    if (seen) this.#toast = setTimeout(() => this.announce(""), 8000);
  }

  #show(state, status) {
    clearInterval(this.#timer);
    document.body.dataset.state = state;
    byId("status").textContent = status;
    byId("failure").hidden = true;
    byId("countdown").textContent = "";
    const live = state === "live";
    byId("stop").disabled = state === "idle" || state === "failed";
    for (const id of ["compare", "microphone", "matte"]) byId(id).disabled = !live;
  }

  #count(seconds) {
    const say = () => (byId("countdown").textContent = `Trying again in ${seconds} s`);
    say();
    this.#timer = setInterval(() => {
      seconds -= 1;
      if (seconds > 0) say();
      else clearInterval(this.#timer);
    }, 1000);
  }
}
