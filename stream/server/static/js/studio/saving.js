/** What leaves the page: one file, or all of them in a ZIP. */

import { zip } from "./zip.js";

/** Let the browser save it. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** The source's name with the ending of what was made of it. */
export function nameFor(file, blob) {
  const stem = file.name.replace(/\.[^.]*$/, "") || "picture";
  const ending = blob.type.split("/")[1]?.split(";")[0] ?? "png";
  return `${stem}.${{ quicktime: "mov" }[ending] ?? ending}`;
}

/** @param {{file: File, blob: Blob}[]} made  @throws {RangeError} more than a ZIP holds */
export async function saveAll(made) {
  const names = new Set();
  const files = made.map(({ file, blob }) => {
    const name = unused(nameFor(file, blob), names);
    names.add(name);
    return { name, blob };
  });
  save(await zip(files), "livematte.zip");
}

/** Two folders may each have a `1.jpg`; and nothing leads out of where it is unpacked. */
function unused(name, names) {
  const plain = name.replaceAll(/[/\\]/g, "-");
  const [stem, ending] = [plain.replace(/\.[^.]*$/, ""), plain.slice(plain.lastIndexOf("."))];
  let free = plain;
  for (let number = 2; names.has(free); number++) free = `${stem} (${number})${ending}`;
  return free;
}
