/** Files as people bring them: dropped, also as folders, pasted, or picked. */

const CLIP_NAME = /\.(avi|m4v|mkv|mov|mp4|mpe?g|webm)$/i;
const PICTURE_NAME = /\.(bmp|jpe?g|png|tiff?|webp)$/i;

/** What a file is to the server. @returns {"picture" | "clip" | null} */
export function kindOf({ type, name }) {
  if (type.startsWith("video/") || (!type && CLIP_NAME.test(name))) return "clip";
  if (type.startsWith("image/") || (!type && PICTURE_NAME.test(name))) return "picture";
  return null;
}

/**
 * Call `take` with whatever is brought to the page.
 *
 * @param {{inputs: HTMLInputElement[], take: (files: File[]) => void}} parts
 */
export function pickFiles({ inputs, take }) {
  for (const input of inputs) {
    input.addEventListener("change", () => {
      take([...input.files]);
      input.value = "";
    });
    // They look like buttons; not every browser opens a file input by Enter.
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      input.click();
    });
  }
  const over = (is) => document.body.classList.toggle("dropping", is);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    over(!event.target.closest?.("#drop") && event.dataTransfer.types.includes("Files"));
  });
  addEventListener("dragleave", (event) => event.relatedTarget === null && over(false));
  addEventListener("drop", async (event) => {
    over(false);
    // The backgrounds take their own.
    if (event.defaultPrevented) return;
    event.preventDefault();
    take(await dropped(event.dataTransfer));
  });
  addEventListener("paste", ({ clipboardData }) => {
    if (clipboardData.files.length) take([...clipboardData.files]);
  });
}

/** Folders are gone through; entries have to be asked for before anything is awaited. */
async function dropped({ items, files }) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...files];
  return (await Promise.all(entries.map(filesOf))).flat();
}

/** @param {FileSystemEntry} entry  @returns {Promise<File[]>} */
async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((...both) => entry.file(...both))];
  const reader = entry.createReader();
  const inside = [];
  for (;;) {
    // A reader tells a hundred at a time.
    const some = await new Promise((...both) => reader.readEntries(...both));
    if (some.length === 0) break;
    inside.push(...some);
  }
  return (await Promise.all(inside.map(filesOf))).flat();
}
