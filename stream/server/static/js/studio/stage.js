/** Two pictures on top of each other, with a slider between the two. */

const byId = (id) => document.getElementById(id);

/**
 * @typedef {object} Shown
 * @property {Blob} blob
 * @property {string} [tag] what it is, where two are compared
 * @property {string | null} [colour] what lies behind it; null: the checkerboard
 */

export class Stage {
  element = byId("stage");
  /** The pictures, the left one only where two are compared; for the loupe. */
  left = byId("left");
  right = byId("right");
  #slider = byId("split");
  #addresses = new Map();

  constructor() {
    this.#slider.addEventListener("input", () => this.#split());
    this.right.addEventListener("load", () => this.#shape());
  }

  /** @param {Shown | null} left  @param {Shown} right */
  async show(left, right) {
    await Promise.all([this.#put(this.left, left), this.#put(this.right, right)]);
    this.element.classList.toggle("comparing", Boolean(left));
    this.#slider.disabled = !left;
    byId("left-tag").textContent = left?.tag ?? "";
    byId("right-tag").textContent = right.tag ?? "";
    this.#split();
  }

  get comparing() {
    return this.element.classList.contains("comparing");
  }

  async #put(image, shown) {
    image.style.background = shown?.colour ?? "";
    image.alt = shown?.tag ?? "The picture";
    const old = this.#addresses.get(image);
    if (old?.blob === shown?.blob) return;
    if (old) URL.revokeObjectURL(old.url);
    this.#addresses.delete(image);
    if (!shown) return image.removeAttribute("src");
    const url = URL.createObjectURL(shown.blob);
    this.#addresses.set(image, { blob: shown.blob, url });
    image.src = url;
    // A source that the browser cannot show leaves its half empty.
    await image.decode().catch(() => {});
  }

  #split() {
    const share = this.comparing ? Number(this.#slider.value) : 0;
    this.element.style.setProperty("--split", `${share}%`);
    const tags = ["left-tag", "right-tag"].map((id) => byId(id).textContent);
    const words = `${Math.round(share)} % ${tags[0]}, the rest ${tags[1]}`;
    this.#slider.setAttribute("aria-valuetext", words);
  }

  #shape() {
    const { naturalWidth, naturalHeight } = this.right;
    this.element.style.setProperty("--ratio", naturalWidth / naturalHeight);
  }
}
