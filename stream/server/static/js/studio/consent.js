/** Questions that are asked in a dialog: consent, plainly and once, and the kind of a hard case. */

import { KINDS } from "./words.js";

const CONSENT = "livematte-consent";
const byId = (id) => document.getElementById(id);

export const consented = () => localStorage.getItem(CONSENT) === "yes";
export const withdraw = () => localStorage.removeItem(CONSENT);

/** May pictures be kept? Asked until it is answered with yes. @returns {Promise<boolean>} */
export async function consent() {
  if (consented()) return true;
  const agreed = (await asked(byId("consent"))) === "yes";
  if (agreed) localStorage.setItem(CONSENT, "yes");
  return agreed;
}

/** @param {string} likely the kind that is chosen at first  @returns {Promise<string | null>} */
export async function askKind(likely) {
  const list = byId("kinds");
  list.replaceChildren(...Object.entries(KINDS).map(([kind, words]) => choice(kind, words)));
  list.querySelector(`[value=${likely}]`).checked = true;
  const keep = (await asked(byId("mark-dialog"))) === "yes";
  return keep ? list.querySelector(":checked").value : null;
}

function choice(kind, words) {
  const label = document.createElement("label");
  label.className = "choice";
  const input = document.createElement("input");
  Object.assign(input, { type: "radio", name: "kind", value: kind });
  label.append(input, words);
  return label;
}

/** @param {HTMLDialogElement} dialog its buttons have a value, which is the answer */
function asked(dialog) {
  return new Promise((resolve) => {
    const press = ({ target }) => target.matches("button") && dialog.close(target.value);
    dialog.returnValue = "";
    dialog.addEventListener("click", press);
    dialog.addEventListener(
      "close",
      () => {
        dialog.removeEventListener("click", press);
        resolve(dialog.returnValue);
      },
      { once: true },
    );
    dialog.showModal();
  });
}
