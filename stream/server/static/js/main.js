/** The call page: puts the parts together. */

import { askJson, keepToken, Problem, takeToken, token } from "./api.js";
import { Call } from "./call.js";
import { openCamera, openMicrophone } from "./camera.js";
import { Chart } from "./chart.js";
import { Compare } from "./compare.js";
import { Controls } from "./controls.js";
import { announce } from "./failure.js";
import { Gallery } from "./gallery.js";
import { CAMERA_GONE, callNotice, cameraNotice, NO_WEBRTC } from "./messages.js";
import { attachTransparentPlayer, backOff } from "./player.js";
import { Screen } from "./screen.js";
import { showStats } from "./stats.js";

const CALLING = "livematte-calling";
const byId = (id) => document.getElementById(id);
const [before, after, canvas] = ["before", "after", "after-alpha"].map(byId);

const screen = new Screen();
const chart = new Chart(byId("chart"));
const controls = new Controls();
const call = new Call();
const gallery = new Gallery({
  list: byId("gallery"),
  problem: byId("upload-problem"),
  upload: byId("upload"),
  drop: byId("drop"),
  blur: byId("blur"),
});
const compare = new Compare({
  stage: byId("stage"),
  slider: byId("split"),
  toggle: byId("compare"),
  before,
  after,
});

let settings = null;
let camera = null;
let microphone = null;
let transparent = null;
let arranged = null;
let hidden = null;
let turn = null;
let changing = Promise.resolve();
let retryTimer = 0;
let tries = 0;

/** What the server offers. Where it does not answer, `again` is tried until it does. */
async function learn(again) {
  clearTimeout(retryTimer);
  if (settings) return true;
  try {
    settings = await askJson("settings");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    refuse(error, again);
    return false;
  }
  tries = 0;
  gallery.fill(settings.backgrounds, settings.limits);
  controls.offer(settings);
  gallery.mark(controls.options.background);
  return true;
}

/** Say why not, and let go of the camera. */
function refuse(problem, again) {
  stop();
  const notice = callNotice({ ...problem, given: Boolean(token()) });
  const seconds = notice.again ? (problem.retryAfter ?? backOff(tries++)) : undefined;
  if (notice.again) retryTimer = setTimeout(again, seconds * 1000);
  screen.fail(notice, again, { seconds, token: problem.status === 401 });
}

async function open() {
  if (await learn(open)) screen.enter("idle");
}

async function start() {
  const mine = (turn = Symbol("start"));
  if (!("RTCPeerConnection" in window)) {
    screen.fail(NO_WEBRTC, () => location.reload());
    return;
  }
  if (!(await learn(start))) return;
  screen.enter("asking", "Your browser asks whether this page may use the camera.");
  try {
    const track = await openCamera(controls.camera);
    if (turn !== mine) return track.stop();
    await useCamera(track);
  } catch (error) {
    if (turn === mine) giveUp(cameraNotice(error));
    return;
  }
  sessionStorage.setItem(CALLING, "yes");
  call.start(camera, controls.options, settings.ice_servers);
}

function giveUp(notice) {
  stop();
  screen.fail(notice, start);
}

async function useCamera(track) {
  camera?.stop();
  camera = track;
  track.contentHint = "motion";
  track.addEventListener("ended", () => {
    if (track === camera) giveUp(CAMERA_GONE);
  });
  before.srcObject = new MediaStream([track]);
  await controls.listCameras(track.getSettings().deviceId);
}

async function changeCamera() {
  if (!camera) return;
  const mine = turn;
  // Many cameras are opened once only: the old one goes before the new one comes.
  camera.stop();
  try {
    const track = await openCamera(controls.camera);
    if (turn !== mine) return track.stop();
    await useCamera(track);
    await call.useVideo(track);
  } catch (error) {
    if (turn === mine) giveUp(cameraNotice(error));
  }
}

function stop() {
  turn = null;
  clearTimeout(retryTimer);
  sessionStorage.removeItem(CALLING);
  call.stop();
  const tracks = [camera, microphone];
  camera = microphone = null;
  tracks.forEach((track) => track?.stop());
  byId("microphone").setAttribute("aria-pressed", "false");
  before.srcObject = after.srcObject = null;
  chart.clear();
  showStats(null);
  compare.show(false);
}

async function toggleMicrophone() {
  const button = byId("microphone");
  if (microphone) {
    microphone.stop();
    microphone = null;
  } else {
    try {
      microphone = await openMicrophone();
    } catch {
      announce("The microphone was refused, or there is none.", true);
    }
  }
  button.setAttribute("aria-pressed", String(Boolean(microphone)));
  await call.useMicrophone(microphone);
}

/** Under a transparent background the stream is stacked: the canvas shows it, not the video. */
function arrange(layout) {
  if (JSON.stringify(layout) === JSON.stringify(arranged)) return;
  arranged = layout;
  byId("stage").classList.toggle("transparent", layout.stacked);
  canvas.hidden = !layout.stacked;
  if (layout.stacked) transparent ??= attachTransparentPlayer(after, canvas, layout);
  if (transparent) transparent.layout = layout.stacked ? layout : null;
}

call.addEventListener("stream", ({ detail }) => (after.srcObject = detail));
call.addEventListener("layout", ({ detail }) => arrange(detail));
call.addEventListener("refused", ({ detail }) => announce(detail.detail, true));
call.addEventListener("options", ({ detail }) => {
  controls.show(detail);
  if (detail.background) gallery.mark(detail.background);
});
call.addEventListener("stats", ({ detail }) => {
  chart.add(detail);
  showStats(detail);
  if (detail.error && detail.error !== hidden) {
    announce(`You are not shown at present: ${detail.error}`, true);
  }
  hidden = detail.error;
});
call.addEventListener("state", ({ detail: { state, problem, seconds, again } }) => {
  if (state === "failed") {
    refuse(problem, start);
  } else if (state === "waiting") {
    after.srcObject = null;
    screen.fail(callNotice(problem), () => call.retry(), { seconds });
  } else if (again) {
    screen.tryAgain();
  } else {
    screen.enter(state, "Connecting to the server …");
  }
});

gallery.addEventListener("choose", ({ detail }) => {
  controls.change({ background: detail.option });
  announce(`Background: ${detail.title}`);
});
controls.addEventListener("change", ({ detail }) => call.set(detail.options));
controls.addEventListener("camera", () => (changing = changing.then(changeCamera)));
controls.addEventListener("mirror", () => mirror());

function mirror() {
  byId("stage").classList.toggle("mirrored", controls.mirror);
}

byId("start").addEventListener("click", start);
byId("stop").addEventListener("click", stop);
byId("give-up").addEventListener("click", stop);
byId("microphone").addEventListener("click", toggleMicrophone);
byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  keepToken(byId("token").value.trim());
  byId("token").value = "";
  open();
});
addEventListener("online", () => call.retry());
addEventListener("pagehide", () => call.stop());
addEventListener("pageshow", (event) => event.persisted && location.reload());

takeToken();
mirror();
screen.enter("idle");
controls.listCameras();
if (sessionStorage.getItem(CALLING)) start();
else open();
