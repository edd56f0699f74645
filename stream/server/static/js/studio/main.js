/** The studio: puts the parts together. */

import { askJson, keepToken, Problem, takeToken, token } from "../api.js";
import { announce, Failure } from "../failure.js";
import { Gallery } from "../gallery.js";
import { callNotice } from "../messages.js";
import { backOff } from "../player.js";
import { ClipDesk } from "./clip-desk.js";
import { Downloads } from "./downloads.js";
import { HardCases } from "./hard-cases.js";
import { List } from "./list.js";
import { Loupe } from "./loupe.js";
import { Options } from "./options.js";
import { PictureDesk } from "./picture-desk.js";
import { pickFiles } from "./picking.js";
import { Queue } from "./queue.js";
import { asCommand } from "./request.js";
import { Stage } from "./stage.js";
import { summaryWords } from "./words.js";

/** Sliders and colour pickers change many times in a row: the last of it is matted. */
const CALM_MS = 150;
const GOING = ["waiting", "working", "sending", "queued", "running"];
const byId = (id) => document.getElementById(id);

const failure = new Failure();
const stage = new Stage();
const loupe = new Loupe(stage, {
  toggle: byId("loupe"),
  edge: byId("edge"),
  lens: byId("lens"),
  canvas: byId("lens-canvas"),
  words: byId("lens-words"),
  marker: byId("marker"),
});
const gallery = new Gallery({
  list: byId("gallery"),
  problem: byId("upload-problem"),
  upload: byId("upload"),
  drop: byId("drop"),
  blur: byId("blur"),
});
const options = new Options(byId("options"), gallery);
const queue = new Queue();
const list = new List(queue, {
  list: byId("list"),
  summary: byId("summary"),
  progress: byId("progress"),
});
const pictureDesk = new PictureDesk(queue, stage, loupe);
const clipDesk = new ClipDesk(queue, options);
const downloads = new Downloads(queue, options, () => refresh());
const cases = new HardCases();

let settings = null;
let changing = 0;
let going = false;
let tries = 0;
let retryTimer = 0;

/** What the server offers. Where it does not answer it is asked again until it does. */
async function open() {
  clearTimeout(retryTimer);
  try {
    settings = await askJson("settings");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return refuse(error);
  }
  failure.hide();
  show(null);
  gallery.fill(settings.backgrounds, settings.limits);
  options.offer(settings);
  changed();
}

function refuse(problem) {
  const notice = callNotice({ ...problem, given: Boolean(token()) });
  const seconds = notice.again ? (problem.retryAfter ?? backOff(tries++)) : undefined;
  if (notice.again) retryTimer = setTimeout(open, seconds * 1000);
  document.body.dataset.state = "failed";
  byId("welcome").hidden = true;
  failure.show(notice, open, { seconds, token: problem.status === 401 });
}

function changed() {
  byId("request").textContent = asCommand(options.saved);
  pictureDesk.look = { shown: options.shown, colour: options.colour };
}

function take(files) {
  if (!settings || !files.length) return;
  const added = queue.add(files, settings.pictures);
  for (const item of added) {
    if (item.kind === "picture" && item.state === "waiting") make(item);
  }
  if (!list.chosen) list.choose(added.find(({ state }) => state !== "failed") ?? added[0]);
}

async function make(item) {
  if (await queue.make(item)) await cases.doubt(item);
}

/** Show a file, or the welcome where there is none. */
function show(item) {
  const isClip = item?.kind === "clip";
  byId("welcome").hidden = Boolean(item);
  byId("facts").textContent = "";
  if (isClip) pictureDesk.leave();
  else clipDesk.leave();
  if (isClip) clipDesk.show(item);
  else if (item) pictureDesk.show(item);
  else {
    pictureDesk.leave();
    document.body.dataset.state = "idle";
  }
  refresh();
}

function remove(item) {
  const next = list.beside(item);
  clipDesk.forget(item);
  queue.remove(item);
  if (next) list.choose(next, true);
  else {
    show(null);
    byId("more").focus();
  }
}

function clear() {
  queue.items.forEach((item) => clipDesk.forget(item));
  queue.items.forEach((item) => queue.remove(item));
  show(null);
  byId("more").focus();
}

/** What may be pressed now, and a word when the last file is done. */
function refresh() {
  const item = list.chosen;
  byId("remove").disabled = byId("clear").disabled = !item;
  byId("mark").hidden = item?.kind !== "picture" || item.state !== "done";
  byId("apply").hidden = !queue.items.some(({ outdated }) => outdated);
  downloads.refresh(item);
  const before = going;
  going = queue.items.some(({ state }) => GOING.includes(state));
  if (before && !going) announce(summaryWords(queue.items));
}

options.addEventListener("format", () => {
  byId("request").textContent = asCommand(options.saved);
});
options.addEventListener("change", () => {
  clearTimeout(changing);
  changing = setTimeout(changed, CALM_MS);
});
gallery.addEventListener("choose", ({ detail }) => announce(`Background: ${detail.title}`));
list.addEventListener("choose", ({ detail }) => show(detail.item));
list.addEventListener("remove", ({ detail }) => remove(detail.item));
queue.addEventListener("item", refresh);
queue.addEventListener("list", refresh);

byId("remove").addEventListener("click", () => remove(list.chosen));
byId("clear").addEventListener("click", clear);
byId("mark").addEventListener("click", () => cases.mark(list.chosen));
byId("save").addEventListener("click", () => downloads.one(list.chosen));
byId("save-all").addEventListener("click", () => downloads.all());
byId("apply").addEventListener("click", () => {
  queue.items.filter(({ outdated }) => outdated).forEach(make);
});
byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  keepToken(byId("token").value.trim());
  byId("token").value = "";
  open();
});
pickFiles({ inputs: [byId("files"), byId("more")], take });

takeToken();
open();
