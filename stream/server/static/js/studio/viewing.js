/** The ways to look at a result, and what each of them needs of the server. */

const TAGS = {
  before: ["Before", "After"],
  gan: ["GAN off", "GAN on"],
  change: ["Before the change", "Now"],
};

/** @typedef {"result" | "before" | "gan" | "change" | "matte"} View */

/**
 * What is to be shown of a picture.
 *
 * @param {View} view  @param {import("./queue.js").Item} item
 * @param {{colour: string | null, shown: object}} look options and colour of now
 * @param {{colour: string | null, shown: object} | null} last those before the last change
 * @param {(options: object) => Promise<import("./results.js").Result>} get
 * @returns {Promise<{left: import("./stage.js").Shown | null, right: import("./stage.js").Shown}>}
 */
export async function pictures(view, item, look, last, get) {
  const [leftTag, tag] = TAGS[view] ?? [];
  const of = async ({ shown, colour }, more = {}) => ({
    blob: (await get({ ...shown, ...more })).picture,
    colour,
  });
  if (view === "matte") {
    const { matte } = await get(look.shown);
    return { left: null, right: { blob: matte, colour: "#000", tag: "The matte" } };
  }
  if (view === "before") {
    return { left: { blob: item.file, tag: leftTag }, right: { ...(await of(look)), tag } };
  }
  if (view === "gan") {
    const both = [false, true].map((enable_gan) => of(look, { enable_gan }));
    const [left, right] = await Promise.all(both);
    return { left: { ...left, tag: leftTag }, right: { ...right, tag } };
  }
  if (view === "change" && last) {
    const [left, right] = await Promise.all([of(last), of(look)]);
    return { left: { ...left, tag: leftTag }, right: { ...right, tag } };
  }
  return { left: null, right: { ...(await of(look)), tag: "The result" } };
}
