/** Where a matte is neither one nor the other: the spots at which a loupe is of use. */

const WIDTH = 192;
const CELL = 8;
const MOST = 12;
/** In cells: nearer spots are the same one. */
const APART = 4;

/**
 * @param {Blob} matte a grey picture
 * @returns {Promise<{x: number, y: number}[]>} as shares of width and height, the least certain first
 */
export async function edgeSpots(matte) {
  const picture = await createImageBitmap(matte);
  const scale = Math.min(1, WIDTH / picture.width);
  const width = Math.max(CELL, Math.round(picture.width * scale));
  const height = Math.max(CELL, Math.round(picture.height * scale));
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(picture, 0, 0, width, height);
  picture.close();
  const { data } = context.getImageData(0, 0, width, height);
  const cells = [];
  for (let top = 0; top + CELL <= height; top += CELL) {
    for (let left = 0; left + CELL <= width; left += CELL) {
      cells.push({ left, top, doubt: doubt(data, width, left, top) });
    }
  }
  return apart(cells).map(({ left, top }) => ({
    x: (left + CELL / 2) / width,
    y: (top + CELL / 2) / height,
  }));
}

function doubt(data, width, left, top) {
  let sum = 0;
  for (let y = top; y < top + CELL; y++) {
    for (let x = left; x < left + CELL; x++) {
      const alpha = data[4 * (y * width + x)];
      sum += alpha * (255 - alpha);
    }
  }
  return sum;
}

function apart(cells) {
  const found = [];
  const far = (one, other) =>
    Math.max(Math.abs(one.left - other.left), Math.abs(one.top - other.top)) > APART * CELL;
  for (const cell of cells.sort((one, other) => other.doubt - one.doubt)) {
    if (found.length === MOST || cell.doubt === 0) break;
    if (found.every((other) => far(cell, other))) found.push(cell);
  }
  return found;
}
