/** A loupe on the picture: where two are compared it shows the same spot of both, side by side. */

import { announce } from "../failure.js";

/** Of a pane, in pixels; on a small stage less, so that the picture is still seen. */
const LARGEST = 168;
const SHARE = 0.38;
const ZOOMS = [1, 2, 4, 8, 16];
/** At first a pane shows no less than such a part of the picture's width, and no more than 4 times. */
const PART = 1 / 32;
const FIRST = [4, 2, 1];
const STEP = 0.01;
const FAR = 0.05;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const CHECKER = ["#c9cfcc", "#f3f5f4"];
const CHECK = 12;

export class Loupe {
  #stage;
  #parts;
  #spot = { x: 0.5, y: 0.5 };
  #zoom = 4;
  #spots = [];
  #next = 0;
  #side = LARGEST;

  /**
   * @param {import("./stage.js").Stage} stage
   * @param {{toggle: HTMLButtonElement, edge: HTMLButtonElement, lens: HTMLElement,
   *   canvas: HTMLCanvasElement, words: HTMLElement, marker: HTMLElement}} parts
   */
  constructor(stage, parts) {
    this.#stage = stage;
    this.#parts = parts;
    parts.toggle.addEventListener("click", () => {
      this.turn(!this.on);
      if (this.on) parts.lens.focus({ preventScroll: true });
    });
    parts.edge.addEventListener("click", () => this.nextEdge());
    parts.lens.addEventListener("keydown", (event) => this.#press(event));
    addEventListener("resize", () => this.draw());
    for (const moved of ["pointermove", "pointerdown"]) {
      stage.element.addEventListener(moved, (event) => this.on && this.#point(event));
    }
  }

  get on() {
    return this.#parts.toggle.getAttribute("aria-pressed") === "true";
  }

  turn(on) {
    const { toggle, edge, lens, marker } = this.#parts;
    toggle.setAttribute("aria-pressed", String(on));
    this.#stage.element.classList.toggle("magnified", on);
    edge.hidden = lens.hidden = marker.hidden = !on;
    if (on) this.draw();
  }

  /**
   * The spots of the edge. At those of a new picture the loupe begins anew, at the least certain;
   * while a picture's settings change it stays where it is.
   */
  see(spots, isNew) {
    this.#spots = spots;
    if (!isNew) return;
    const most = LARGEST / (PART * this.#stage.right.naturalWidth);
    this.#zoom = FIRST.find((zoom) => zoom <= most) ?? 1;
    this.#move(spots[0] ?? { x: 0.5, y: 0.5 });
    this.#next = 1;
  }

  nextEdge() {
    if (!this.#spots.length) return;
    this.#move(this.#spots[this.#next++ % this.#spots.length]);
  }

  #point(event) {
    const { left, top, width, height } = this.#stage.element.getBoundingClientRect();
    this.#move({ x: (event.clientX - left) / width, y: (event.clientY - top) / height });
  }

  #press(event) {
    const { key, shiftKey } = event;
    const step = shiftKey ? FAR : STEP;
    if (key in ARROWS) {
      const [x, y] = ARROWS[key];
      this.#move({ x: this.#spot.x + x * step, y: this.#spot.y + y * step });
    } else if (key === "n") this.nextEdge();
    else if (key === "+" || key === "=") this.#magnify(1);
    else if (key === "-") this.#magnify(-1);
    else if (key === "Escape") {
      this.turn(false);
      this.#parts.toggle.focus();
    } else return;
    event.preventDefault();
    if (this.on) announce(this.#place);
  }

  #magnify(by) {
    this.#zoom = ZOOMS[ZOOMS.indexOf(this.#zoom) + by] ?? this.#zoom;
    this.draw();
  }

  #move({ x, y }) {
    this.#spot = { x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)) };
    this.draw();
  }

  draw() {
    if (!this.on) return;
    const { canvas, lens, words, marker } = this.#parts;
    const { left, right, comparing, element } = this.#stage;
    const panes = comparing ? [left, right] : [right];
    const room = SHARE * Math.min(element.clientWidth, element.clientHeight);
    this.#side = Math.round(Math.min(LARGEST, room));
    canvas.width = panes.length * this.#side;
    canvas.height = this.#side;
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    panes.forEach((image, at) => this.#pane(context, image, at * this.#side));
    const { x, y } = this.#spot;
    const share = this.#side / this.#zoom / right.naturalWidth;
    marker.style.cssText = `left:${100 * x}%;top:${100 * y}%;width:${100 * share}%`;
    // The lens keeps out of its own way.
    lens.classList.toggle("at-top", y > 0.5);
    words.textContent = `${this.#zoom} times`;
    lens.setAttribute("aria-label", `Loupe, ${this.#place}. ${HELP}`);
  }

  get #place() {
    const [across, down] = [this.#spot.x, this.#spot.y].map((share) => Math.round(100 * share));
    return `${this.#zoom} times, ${across} % across, ${down} % down`;
  }

  /** A side of the right picture's pixels, whatever the left one's size is. */
  #pane(context, image, left) {
    context.save();
    context.beginPath();
    const side = this.#side;
    context.rect(left, 0, side, side);
    context.clip();
    fillBehind(context, image.style.backgroundColor, left, side);
    const { naturalWidth, naturalHeight } = this.#stage.right;
    const [width, height] = [naturalWidth * this.#zoom, naturalHeight * this.#zoom];
    const { x, y } = this.#spot;
    const at = [left + side / 2 - x * width, side / 2 - y * height];
    if (image.complete && image.naturalWidth) context.drawImage(image, ...at, width, height);
    context.restore();
  }
}

const HELP =
  "Arrow keys move it, with Shift farther; N goes to the next edge, plus and minus magnify, " +
  "Escape puts it away.";

function fillBehind(context, colour, left, side) {
  context.fillStyle = colour || CHECKER[1];
  context.fillRect(left, 0, side, side);
  if (colour) return;
  context.fillStyle = CHECKER[0];
  for (let y = 0; y < side; y += CHECK) {
    for (let x = (y / CHECK) % 2 ? CHECK : 0; x < side; x += 2 * CHECK) {
      context.fillRect(left + x, y, CHECK, CHECK);
    }
  }
}
