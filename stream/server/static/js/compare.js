/** The own picture, before and after, with a slider between the two. */

export class Compare {
  #stage;
  #slider;
  #toggle;
  #before;

  /** @param {{stage: HTMLElement, slider: HTMLInputElement, toggle: HTMLButtonElement,
   *   before: HTMLVideoElement, after: HTMLVideoElement}} parts */
  constructor({ stage, slider, toggle, before, after }) {
    this.#stage = stage;
    this.#slider = slider;
    this.#toggle = toggle;
    this.#before = before;
    slider.addEventListener("input", () => this.#split());
    toggle.addEventListener("click", () => this.show(!this.shown));
    for (const video of [before, after]) {
      video.addEventListener("resize", () => this.#shape(before));
    }
    this.show(false);
  }

  get shown() {
    return this.#toggle.getAttribute("aria-pressed") === "true";
  }

  show(shown) {
    this.#toggle.setAttribute("aria-pressed", String(shown));
    this.#stage.classList.toggle("comparing", shown);
    this.#slider.disabled = !shown;
    if (shown) this.#slider.value = "50";
    this.#split();
    if (shown) this.#before.play().catch(() => {});
  }

  #split() {
    const share = this.shown ? Number(this.#slider.value) : 0;
    this.#stage.style.setProperty("--split", `${share}%`);
    this.#slider.setAttribute("aria-valuetext", `${Math.round(share)} % before, the rest after`);
  }

  /** The stage takes the camera's shape, so that nothing jumps when the picture comes. */
  #shape({ videoWidth, videoHeight }) {
    if (videoWidth && videoHeight) {
      this.#stage.style.setProperty("--shape", `${videoWidth} / ${videoHeight}`);
    }
  }
}
