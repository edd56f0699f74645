/** The folded group of subject, shape and colours: its words, the point, and the way back. */

const byId = (id) => document.getElementById(id);
const group = byId("shape");
const sliders = [...group.querySelectorAll("input[type=range]")];
const keep = group.querySelector("[name=keep]");
const [x, y] = [byId("point-x"), byId("point-y")];

const pixels = (value) => `${value} ${value === 1 ? "pixel" : "pixels"}`;
const ways = (value, less, more) =>
  value ? `${pixels(Math.abs(value))} ${value < 0 ? less : more}` : pixels(0);
const percent = (value) => `${Math.round(100 * value)} %`;
const WORDS = {
  "point-x": percent,
  "point-y": percent,
  opening: pixels,
  closing: pixels,
  smallest: (value) => `${value} %`,
  shift: (value) => ways(value, "inward", "outward"),
  feather: (value) => ways(value, "inside", "outside"),
  gamma: (value) => (value === 1 ? "as found" : value > 1 ? `${value}, fuller` : `${value}, thinner`),
};

/** Those of the group that bear the name of a field of the API. */
const fields = [...group.querySelectorAll("[name]")];

const isUsual = (field) =>
  field.type === "checkbox"
    ? field.checked === field.defaultChecked
    : field.value === (field.options ? field.options[0].value : field.defaultValue);

/** Fields that are as they were need not be said. */
export const goesWithoutSaying = (field) => fields.includes(field) && isUsual(field);

/** What the group shows of its fields, whoever has set them. */
export function refreshShape() {
  for (const slider of sliders) {
    const words = WORDS[slider.name || slider.id](Number(slider.value));
    slider.closest("label").querySelector(".amount").textContent = words;
    slider.setAttribute("aria-valuetext", words);
  }
  const pointed = keep.selectedOptions[0] === byId("at-point");
  byId("point-fields").hidden = byId("point").hidden = !pointed;
  byId("point").style.cssText = `left:${100 * x.value}%;top:${100 * y.value}%`;
  byId("stage").classList.toggle("pointed", pointed);
  byId("shape-reset").disabled = fields.every(isUsual);
}

/** The point that was chosen on the last visit, if `keep` is one. @param {string} [keep] */
export function offerPoint(keep) {
  const parts = keep?.split(",") ?? [];
  if (parts.length !== 2) return;
  [x.value, y.value] = parts;
  byId("at-point").value = keep;
}

const changed = () => keep.dispatchEvent(new Event("change", { bubbles: true }));

function point() {
  byId("at-point").value = `${x.value},${y.value}`;
  changed();
}

/** Where the picture is clicked: the slider of two pictures and the loupe come first. */
function click({ target, clientX, clientY }) {
  const stage = byId("stage");
  const taken = ["comparing", "magnified"].some((name) => stage.classList.contains(name));
  if (byId("point").hidden || taken || !target.closest(".layer")) return;
  const { left, top, width, height } = stage.getBoundingClientRect();
  x.value = (clientX - left) / width;
  y.value = (clientY - top) / height;
  point();
}

function reset() {
  for (const field of fields) {
    if (field.options) field.selectedIndex = 0;
    else if (field.type === "checkbox") field.checked = field.defaultChecked;
    else field.value = field.defaultValue;
  }
  changed();
  keep.focus();
}

group.addEventListener("input", refreshShape);
group.addEventListener("change", refreshShape);
x.addEventListener("change", point);
y.addEventListener("change", point);
byId("stage").addEventListener("click", click);
byId("shape-reset").addEventListener("click", reset);
