/** The list of files: radio buttons, so that arrow keys go through them as through any choice. */

import { stateWords, summaryWords } from "./words.js";

const THUMBNAIL = 96;
const SETTLED = ["done", "failed", "ready", "cancelled"];
let drawing = Promise.resolve();

/** Fires `choose` {item} and `remove` {item}. */
export class List extends EventTarget {
  #queue;
  #parts;
  #rows = new Map();

  /** @param {{list: HTMLElement, summary: HTMLElement, progress: HTMLProgressElement}} parts */
  constructor(queue, parts) {
    super();
    this.#queue = queue;
    this.#parts = parts;
    queue.addEventListener("list", () => this.#fill());
    queue.addEventListener("item", ({ detail }) => this.#refresh(detail.item));
    parts.list.addEventListener("change", () => this.#fire("choose", this.chosen));
    parts.list.addEventListener("keydown", (event) => {
      if (event.key === "Delete" && this.chosen) this.#fire("remove", this.chosen);
    });
  }

  /** @returns {import("./queue.js").Item | null} */
  get chosen() {
    for (const [item, { input }] of this.#rows) if (input.checked) return item;
    return null;
  }

  choose(item, focus = false) {
    const row = this.#rows.get(item);
    if (!row) return;
    row.input.checked = true;
    if (focus) row.input.focus();
    this.#fire("choose", item);
  }

  /** Whom to show when `item` goes. */
  beside(item) {
    const items = this.#queue.items;
    const at = items.indexOf(item);
    return items[at + 1] ?? items[at - 1] ?? null;
  }

  #fill() {
    for (const [item, { element }] of this.#rows) {
      if (this.#queue.items.includes(item)) continue;
      element.remove();
      this.#rows.delete(item);
    }
    for (const item of this.#queue.items) {
      if (!this.#rows.has(item)) this.#rows.set(item, this.#row(item));
      this.#refresh(item);
    }
    this.#sum();
  }

  #row(item) {
    const element = document.createElement("li");
    const label = document.createElement("label");
    label.className = "file";
    const input = document.createElement("input");
    Object.assign(input, { type: "radio", name: "file" });
    const face = document.createElement("canvas");
    face.className = "thumb";
    face.setAttribute("aria-hidden", "true");
    const [name, words] = [document.createElement("span"), document.createElement("span")];
    Object.assign(name, { className: "file-name", textContent: item.file.name });
    words.className = "file-words";
    label.append(input, face, name, words);
    element.append(label);
    this.#parts.list.append(element);
    if (item.kind === "picture" && item.state !== "failed") showThumbnail(face, item.file);
    return { element, input, words };
  }

  #refresh(item) {
    const row = this.#rows.get(item);
    if (!row) return;
    row.element.dataset.state = item.outdated ? "outdated" : item.state;
    row.element.dataset.kind = item.kind ?? "";
    row.words.textContent = stateWords(item);
    this.#sum();
  }

  #sum() {
    const { summary, progress } = this.#parts;
    const items = this.#queue.items;
    const settled = items.filter(({ state }) => SETTLED.includes(state)).length;
    summary.textContent = summaryWords(items);
    progress.hidden = settled === items.length;
    progress.max = Math.max(1, items.length);
    progress.value = settled;
  }

  #fire(name, item) {
    this.dispatchEvent(new CustomEvent(name, { detail: { item } }));
  }
}

/** One after another: a folder of photographs decoded at once would fill the memory. */
function showThumbnail(canvas, file) {
  drawing = drawing.then(() => drawThumbnail(canvas, file));
}

async function drawThumbnail(canvas, file) {
  try {
    const size = { resizeWidth: THUMBNAIL, resizeQuality: "medium" };
    const picture = await createImageBitmap(file, size);
    Object.assign(canvas, { width: picture.width, height: picture.height });
    canvas.getContext("2d").drawImage(picture, 0, 0);
    picture.close();
  } catch {
    // Not one that the browser can show; whether it can be matted the server knows.
  }
}
