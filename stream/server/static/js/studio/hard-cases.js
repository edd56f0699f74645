/** The drawer of hard cases: what was kept, by kind, and the ways to keep, delete and export. */

import { ask, askBlob, askJson, Problem } from "../api.js";
import { announce } from "../failure.js";
import { askKind, consent, consented, withdraw } from "./consent.js";
import { formOf } from "./results.js";
import { save } from "./saving.js";
import { bytes, KINDS, problemWords } from "./words.js";

const DOUBTFUL = "livematte-keep-doubtful";
const REASONS = { marked: "marked", doubtful: "found doubtful" };
const byId = (id) => document.getElementById(id);

export class HardCases {
  #kept = new WeakSet();

  constructor() {
    byId("cases-open").addEventListener("click", () => this.open());
    byId("cases-close").addEventListener("click", () => byId("cases").close());
    byId("cases-export").addEventListener("click", () => this.#export());
    byId("doubtful").checked = consented() && localStorage.getItem(DOUBTFUL) === "yes";
    byId("doubtful").addEventListener("change", ({ target }) => this.#decide(target));
    byId("withdraw").addEventListener("click", () => this.#withdraw());
  }

  async open() {
    byId("cases").showModal();
    await this.#fill();
  }

  /** The user says that this result is a hard case. */
  async mark(item) {
    if (!(await consent())) return;
    const likely = item.result.doubts.includes("borders") ? "border" : "other";
    const kind = await askKind(likely);
    if (kind) await this.#keep(item, { kind, reason: "marked" });
  }

  /** A result that the pipeline finds doubtful is kept where the user has said so before. */
  async doubt(item) {
    if (!byId("doubtful").checked || !consented()) return;
    if (!item.result.doubts.length || this.#kept.has(item.file)) return;
    await this.#keep(item, { reason: "doubtful" });
  }

  /** Where no kind is said the server guesses it. */
  async #keep({ file, result }, said) {
    this.#kept.add(file);
    const body = formOf(file, { id: result.id, consent: true, ...said });
    await this.#try(async () => {
      const { kind } = await askJson("api/hard-cases", { method: "POST", body });
      announce(`Kept ${file.name} as a hard case: ${KINDS[kind]}.`, true);
    });
  }

  async #decide(box) {
    if (box.checked) box.checked = await consent();
    localStorage.setItem(DOUBTFUL, box.checked ? "yes" : "no");
    this.#showConsent();
  }

  #withdraw() {
    withdraw();
    byId("doubtful").checked = false;
    localStorage.removeItem(DOUBTFUL);
    this.#showConsent();
    byId("cases-close").focus();
    announce("Nothing more is kept until you agree again.");
  }

  #showConsent() {
    byId("agreed").hidden = !consented();
  }

  async #fill() {
    this.#showConsent();
    await this.#try(async () => {
      const { kept, cases } = await askJson("api/hard-cases");
      byId("cases-off").hidden = kept;
      byId("cases-on").hidden = !kept;
      byId("cases-empty").hidden = cases.length > 0;
      byId("cases-export").disabled = cases.length === 0;
      byId("cases-list").replaceChildren(...sections(cases, (one) => this.#card(one)));
    });
  }

  #card(one) {
    const card = document.createElement("li");
    card.className = "case";
    for (const path of [one.picture_url, one.matte_url].filter(Boolean)) showPicture(card, path);
    const words = document.createElement("p");
    words.className = "hint";
    const day = new Date(one.created).toLocaleString();
    words.textContent = `${REASONS[one.reason]}, ${day}, ${bytes(one.bytes)}`;
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: "Delete" });
    button.setAttribute("aria-label", `Delete the case of ${day}`);
    button.addEventListener("click", () => this.#delete(one));
    card.append(words, button);
    return card;
  }

  async #delete(one) {
    await this.#try(() => ask(`api/hard-cases/${one.id}`, { method: "DELETE" }));
    await this.#fill();
    byId("cases-close").focus();
    announce("Deleted.");
  }

  async #export() {
    await this.#try(async () => {
      save(await askBlob("api/hard-cases/export"), "hard-cases.zip");
    });
  }

  async #try(act) {
    byId("cases-problem").textContent = "";
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      byId("cases-problem").textContent = problemWords(error);
      if (!byId("cases").open) announce(problemWords(error), true);
    }
  }
}

/** @returns {HTMLElement[]} a heading and a list for each kind that there is */
function sections(cases, card) {
  const found = Object.keys(KINDS).map((kind) => [kind, cases.filter((one) => one.kind === kind)]);
  return found
    .filter(([, some]) => some.length)
    .flatMap(([kind, some]) => {
      const title = document.createElement("h3");
      title.textContent = `${KINDS[kind]} (${some.length})`;
      const list = document.createElement("ul");
      list.className = "cases";
      list.append(...some.map(card));
      return [title, list];
    });
}

/** In its place at once, seen when it is there. */
async function showPicture(card, path) {
  const picture = document.createElement("img");
  picture.alt = "";
  card.append(picture);
  const blob = await askBlob(path).catch(() => null);
  if (!blob) return;
  picture.src = URL.createObjectURL(blob);
  picture.addEventListener("load", () => URL.revokeObjectURL(picture.src), { once: true });
}
