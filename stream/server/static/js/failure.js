/** What both pages say when something goes wrong: the curtain with its way out, and short words. */

const byId = (id) => document.getElementById(id);
let toast = 0;

/** The curtain `#failure`: what happened, what to do, a token if one is asked for. */
export class Failure {
  #again = () => {};
  #timer = 0;

  constructor() {
    byId("retry").addEventListener("click", () => this.#again());
  }

  /**
   * @param {import("./messages.js").Notice} notice
   * @param {() => void} again what the button does
   * @param {{seconds?: number, token?: boolean}} [more] until the next try; a token is asked for
   */
  show(notice, again, { seconds, token = false } = {}) {
    this.hide();
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
    byId("token-form").hidden = !token;
    if (token) byId("token").focus();
    this.#again = again;
    if (seconds !== undefined) this.#count(Math.ceil(seconds));
  }

  hide() {
    clearInterval(this.#timer);
    byId("failure").hidden = true;
    byId("countdown").textContent = "";
  }

  /** Another try goes on: the words stay until it is known what came of it. */
  tryAgain() {
    clearInterval(this.#timer);
    byId("countdown").textContent = "Trying now …";
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

/** Say something that stops nothing; `seen` also on the page. */
export function announce(words, seen = false) {
  const announcer = byId("announcer");
  announcer.textContent = words;
  announcer.classList.toggle("toast", seen);
  announcer.classList.toggle("visually-hidden", !seen);
  clearTimeout(toast);
  if (seen) toast = setTimeout(() => announce(""), 8000);
}
