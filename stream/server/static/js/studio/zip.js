/** ZIP archives whose files are stored as they are: pictures and clips are compressed already. */

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const NAMES_ARE_UTF8 = 0x0800;
const VERSION = 20;
/** Beyond these an archive would need ZIP64. */
const MOST_BYTES = 0xffffffff;
const MOST_FILES = 0xffff;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

/**
 * One file is read into memory at a time; the archive itself is only put together of blobs.
 *
 * @param {{name: string, blob: Blob}[]} files names as they shall be, each once
 * @returns {Promise<Blob>}
 * @throws {RangeError} beyond 4 GB or 65535 files
 */
export async function zip(files, now = new Date()) {
  if (files.length > MOST_FILES) throw new RangeError(`${files.length} files in one ZIP`);
  const parts = [];
  const directory = [];
  let at = 0;
  for (const { name, blob } of files) {
    const title = new TextEncoder().encode(name);
    const common = description(await checksum(blob), blob.size, title.length, now);
    directory.push(entry(common, title, at));
    const head = record(LOCAL, 4 + common.length, (bytes) => bytes.set(common, 4));
    parts.push(head, title, blob);
    at += head.length + title.length + blob.size;
    if (at > MOST_BYTES) throw new RangeError("more than 4 GB in one ZIP");
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  return new Blob([...parts, ...directory, end(files.length, size, at)], {
    type: "application/zip",
  });
}

/** What a file's own header and the directory both say of it. */
function description(crc, size, titleLength, now) {
  const bytes = new Uint8Array(26);
  const view = new DataView(bytes.buffer);
  const put = (at, value) => view.setUint16(at, value, true);
  put(0, VERSION);
  put(2, NAMES_ARE_UTF8);
  put(6, (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1));
  put(8, ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate());
  view.setUint32(10, crc, true);
  view.setUint32(14, size, true);
  view.setUint32(18, size, true);
  put(22, titleLength);
  return bytes;
}

function entry(common, title, at) {
  return record(CENTRAL, 46 + title.length, (bytes, view) => {
    view.setUint16(4, VERSION, true);
    bytes.set(common, 6);
    view.setUint32(42, at, true);
    bytes.set(title, 46);
  });
}

function end(files, size, at) {
  return record(END, 22, (_, view) => {
    view.setUint16(8, files, true);
    view.setUint16(10, files, true);
    view.setUint32(12, size, true);
    view.setUint32(16, at, true);
  });
}

function record(signature, length, fill) {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, signature, true);
  fill(bytes, view);
  return bytes;
}

/** CRC-32 as ZIP wants it. */
async function checksum(blob) {
  let crc = 0xffffffff;
  for (const byte of new Uint8Array(await blob.arrayBuffer())) {
    crc = TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
