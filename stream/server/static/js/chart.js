/** The last minute of processing times against the budget, on a canvas. */

const SECONDS = 60;

export class Chart {
  #canvas;
  #points = [];

  /** @param {HTMLCanvasElement} canvas sized by CSS */
  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** @param {{processing_ms: {p50: ?number, p95: ?number}, budget_ms: ?number}} stats */
  add(stats) {
    const { p50 = null, p95 = null } = stats.processing_ms ?? {};
    this.#points.push({ p50, p95, budget: stats.budget_ms ?? null });
    this.#points = this.#points.slice(-SECONDS);
    this.#canvas.setAttribute("aria-label", this.#inWords());
    this.draw();
  }

  clear() {
    this.#points = [];
    this.#canvas.setAttribute("aria-label", "Processing time: nothing measured yet");
    this.draw();
  }

  #inWords() {
    const { p50, p95, budget } = this.#points.at(-1);
    if (p95 === null) return "Processing time: nothing measured";
    const limit = budget === null ? "" : `, of a budget of ${Math.round(budget)}`;
    return `Processing time: ${Math.round(p50)} ms typical, ${Math.round(p95)} ms at worst${limit}`;
  }

  draw() {
    const canvas = this.#canvas;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width || !height) return;
    const scale = devicePixelRatio || 1;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    context.font = `12px ${style.fontFamily}`;
    const budget = this.#points.at(-1)?.budget ?? null;
    const tallest = Math.max(
      ...this.#points.map((point) => Math.max(point.p95 ?? 0, point.budget ?? 0)),
      20,
    );
    const top = step(tallest * 1.15);
    const left = 34;
    const x = (at) => left + ((at + SECONDS - this.#points.length) / (SECONDS - 1)) * (width - left);
    const y = (ms) => 6 + (1 - ms / top) * (height - 12);

    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const ms of [0, top / 2, top]) {
      const row = Math.round(y(ms)) + 0.5;
      context.strokeStyle = colour("--line");
      strokeLine(context, left, row, width, row);
      context.fillStyle = colour("--faint");
      context.fillText(String(ms), left - 8, Math.min(height - 7, Math.max(7, row)));
    }
    if (budget !== null) {
      context.strokeStyle = colour("--warn");
      context.lineWidth = 1.5;
      context.setLineDash([5, 4]);
      strokeLine(context, left, y(budget), width, y(budget));
      context.setLineDash([]);
    }
    this.#band(context, x, y, colour("--accent"));
  }

  /** What lies between the typical and the worst as an area, the two as lines. */
  #band(context, x, y, colour) {
    const known = this.#points
      .map((point, at) => ({ ...point, at }))
      .filter((point) => point.p50 !== null && point.p95 !== null);
    if (known.length === 0) return;
    const path = (which, points = known) =>
      points.forEach((point) => context.lineTo(x(point.at), y(point[which])));
    context.fillStyle = context.strokeStyle = colour;
    context.lineJoin = "round";
    context.globalAlpha = 0.16;
    context.beginPath();
    path("p95");
    path("p50", [...known].reverse());
    context.fill();
    for (const [which, alpha, width] of [
      ["p95", 0.55, 1.25],
      ["p50", 1, 2],
    ]) {
      context.globalAlpha = alpha;
      context.lineWidth = width;
      context.beginPath();
      path(which);
      context.stroke();
    }
    context.globalAlpha = 1;
    const last = known.at(-1);
    context.beginPath();
    context.arc(x(last.at) - 3, y(last.p50), 3, 0, 2 * Math.PI);
    context.fill();
  }
}

/** The next of 20, 40, 60, 80, 100, 150, 200 …: a top of the scale that halves evenly. */
function step(ms) {
  const unit = ms > 100 ? 50 : 20;
  return Math.ceil(ms / unit) * unit;
}

function strokeLine(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}
