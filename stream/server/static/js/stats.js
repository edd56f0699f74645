/** The line of numbers under the picture. */

/** @param {object | null} stats STATS of the contract; null: nothing is measured */
export function showStats(stats) {
  const shown = stats ? inWords(stats) : {};
  for (const cell of document.querySelectorAll("#stats [data-stat]")) {
    cell.textContent = shown[cell.dataset.stat] ?? "–";
  }
}

function inWords(stats) {
  return {
    fps_out: `${rate(stats.fps_out)} of ${rate(stats.fps_in)}`,
    age: milliseconds(stats.age_ms),
    processing: milliseconds(stats.processing_ms),
    dropped: String(stats.dropped ?? 0),
    rois: String(stats.rois ?? 0),
    quality: quality(stats.quality),
  };
}

const rate = (value) => (value ?? 0).toFixed(value < 10 ? 1 : 0);

function milliseconds({ p50 = null, p95 = null } = {}) {
  return p50 === null ? undefined : `${Math.round(p50)} – ${Math.round(p95)}`;
}

/** Step 0 is everything; each further one gives something up to be in time. */
function quality({ step = 0, steps = 1 } = {}) {
  return step === 0 ? "full" : `step ${step} of ${steps - 1}`;
}
