/** What the page asks of the server, for a program to ask the same. */

import { base, token } from "../api.js";

/** @param {object} options fields of POST /api/remove-background */
export function asCommand(options) {
  const fields = Object.entries({ file: "@picture.jpg", ...options });
  return [
    "curl",
    ...(token() ? ['-H "Authorization: Bearer $LIVEMATTE_TOKEN"'] : []),
    ...fields.map(([name, value]) => `-F '${name}=${value}'`),
    `'${new URL("api/remove-background", base)}'`,
  ].join(" \\\n  ");
}
