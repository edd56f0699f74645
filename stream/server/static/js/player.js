/**
 * livematte's transparent player: one file, no dependencies, an ES module.
 *
 * WebRTC carries no alpha, so livematte stacks it: premultiplied colour above, `guard` rows that
 * belong to neither, and below them alpha as grey. This file puts the two together again on a
 * canvas that is truly transparent over whatever lies under it.
 *
 *     import { playStream } from "./player.js";
 *     const player = playStream(canvas, { url: "https://host/whep/anna", token: "…" });
 *     player.stop();
 *
 * With a video element of your own (another WHEP client, a recording, an SFU):
 *
 *     import { attachTransparentPlayer } from "./player.js";
 *     const layout = { stacked: true, width: 1280, height: 720, guard: 16 };
 *     const player = attachTransparentPlayer(video, canvas, layout);
 *     player.layout = { stacked: false, width: 1280, height: 720 };
 *     player.detach();
 *
 * @typedef {object} Layout what the decoded picture holds
 * @property {boolean} stacked false: an ordinary picture, drawn as it is
 * @property {number} width of the colours, px
 * @property {number} height of the colours, and again of the alpha, px
 * @property {number} [guard] rows between them (stacked only)
 */

/** What a codec leaves of 0 and 255 in flat alpha: nearer than this (of 255) is 0 and 255. */
const ALPHA_NOISE = 4;

/**
 * Draws each new picture of `video` on `canvas`, whose size becomes that of the colours, in px.
 *
 * A picture whose shape does not fit the layout is not drawn: the last one stays, `onmismatch` is
 * called, and drawing goes on with the first that fits `player.layout`.
 *
 * @param {HTMLVideoElement} video playing, or soon to play; need not be visible
 * @param {HTMLCanvasElement} canvas without a context so far
 * @param {Layout | null} layout null: draw nothing yet
 * @param {object} [options]
 * @param {"auto" | "webgl" | "2d"} [options.renderer] "auto" is WebGL, or 2D where there is none
 * @param {boolean} [options.keepSize] true: the canvas keeps its size, pictures are scaled to it
 * @param {() => void} [options.onpicture] after a picture is drawn, while it can be read back
 * @param {(width: number, height: number) => void} [options.onmismatch] once for each new shape
 */
export function attachTransparentPlayer(video, canvas, layout, options = {}) {
  const painter = makePainter(canvas, options.renderer ?? "auto");
  let odd = "";
  let detached = false;

  function draw() {
    const [width, height] = [video.videoWidth, video.videoHeight];
    if (!width || !height) return;
    if (!player.layout || !fits(player.layout, width, height)) {
      const shape = `${width}×${height}`;
      if (shape !== odd) options.onmismatch?.(width, height);
      odd = shape;
      return;
    }
    odd = "";
    const parts = partsOf(player.layout, width, height);
    if (!options.keepSize) resize(canvas, parts.width, parts.rows);
    painter.paint(video, parts);
    options.onpicture?.();
  }

  const player = {
    /** @type {Layout | null} may be set at any time; takes effect with the next picture */
    layout,
    /** "webgl" or "2d" */
    renderer: painter.name,
    /** Make the canvas empty, and so transparent, until the next picture. */
    clear: () => painter.clear(),
    /** Stop drawing. */
    detach() {
      detached = true;
      stopFrames();
      painter.clear();
    },
  };
  const stopFrames = eachFrame(video, () => detached || draw());
  return player;
}

/** True where a picture of this size is one of the layout, at whatever scale it was sent. */
export function fits(layout, width, height) {
  const rows = layout.stacked ? 2 * layout.height + (layout.guard ?? 0) : layout.height;
  return Math.abs(height - (width * rows) / layout.width) <= Math.max(2, height * 0.005);
}

/** Where the parts lie in a picture of width × height: in rows, from the top. */
function partsOf(layout, width, height) {
  if (!layout.stacked) return { width, height, rows: height, alphaTop: null };
  const share = layout.height / (2 * layout.height + (layout.guard ?? 0));
  const rows = Math.round(height * share);
  return { width, height, rows, alphaTop: height - rows };
}

/** Call back for each new frame, where the browser can tell, else for each picture of the screen. */
function eachFrame(video, callback) {
  const exact = "requestVideoFrameCallback" in video;
  const ask = () =>
    exact ? video.requestVideoFrameCallback(onframe) : requestAnimationFrame(onframe);
  const onframe = () => {
    handle = ask();
    if (exact || video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) callback();
  };
  let handle = ask();
  return () => (exact ? video.cancelVideoFrameCallback(handle) : cancelAnimationFrame(handle));
}

function makePainter(canvas, wanted) {
  if (wanted !== "2d") {
    const gl = canvas.getContext("webgl", {
      alpha: true,
      premultipliedAlpha: true,
      antialias: false,
      depth: false,
      stencil: false,
    });
    if (gl) return new WebGLPainter(canvas, gl);
    if (wanted === "webgl") throw new Error("this browser has no WebGL: ask for renderer “2d”");
  }
  return new CanvasPainter(canvas);
}

const VERTEX = `
  attribute vec2 corner;
  varying vec2 place;
  void main() {
    place = vec2(corner.x, 1.0 - corner.y);
    gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
  }`;

// Both samples stay half a texel inside their part: linear filtering never reaches a guard row.
const FRAGMENT = `
  precision highp float;
  uniform sampler2D picture;
  uniform vec3 rows;  // of a part, first of the alpha (negative: none), of the whole; texels
  uniform float noise;
  varying vec2 place;
  float rowAt(float first) {
    return (first + clamp(place.y * rows.x, 0.5, rows.x - 0.5)) / rows.z;
  }
  void main() {
    vec3 colour = texture2D(picture, vec2(place.x, rowAt(0.0))).rgb;
    float alpha = 1.0;
    if (rows.y >= 0.0) {
      float grey = texture2D(picture, vec2(place.x, rowAt(rows.y))).g;
      alpha = clamp((grey - noise) / (1.0 - 2.0 * noise), 0.0, 1.0);
    }
    gl_FragColor = vec4(min(colour, vec3(alpha)), alpha);
  }`;

class WebGLPainter {
  name = "webgl";

  constructor(canvas, gl) {
    this.canvas = canvas;
    this.gl = gl;
    this.prepare();
    canvas.addEventListener("webglcontextlost", (event) => event.preventDefault());
    canvas.addEventListener("webglcontextrestored", () => this.prepare());
  }

  prepare() {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [type, text] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
      throw new Error(`the player's shader: ${gl.getProgramInfoLog(program)}`);
    }
    gl.useProgram(program);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), gl.STATIC_DRAW);
    const corner = gl.getAttribLocation(program, "corner");
    gl.enableVertexAttribArray(corner);
    gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    for (const [name, value] of [
      [gl.TEXTURE_MIN_FILTER, gl.LINEAR],
      [gl.TEXTURE_MAG_FILTER, gl.LINEAR],
      [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
      [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
    ]) {
      gl.texParameteri(gl.TEXTURE_2D, name, value);
    }
    this.rows = gl.getUniformLocation(program, "rows");
    gl.uniform1f(gl.getUniformLocation(program, "noise"), ALPHA_NOISE / 255);
  }

  paint(video, { height, rows, alphaTop }) {
    const { gl, canvas } = this;
    if (gl.isContextLost()) return;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB, gl.RGB, gl.UNSIGNED_BYTE, video);
    gl.uniform3f(this.rows, rows, alphaTop ?? -1, height);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  clear() {
    this.gl.clearColor(0, 0, 0, 0);
    this.gl.clear(this.gl.COLOR_BUFFER_BIT);
  }
}

/** The same on the processor, for browsers without WebGL: some 15 ms for a 720p picture. */
class CanvasPainter {
  name = "2d";

  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.whole = document.createElement("canvas");
    this.reader = this.whole.getContext("2d", { willReadFrequently: true });
    // Scaled from a canvas of its own: drawImage smooths with what lies beyond the part it is given.
    this.merged = document.createElement("canvas");
    this.merger = this.merged.getContext("2d");
  }

  paint(video, { width, height, rows, alphaTop }) {
    const { width: wide, height: high } = this.canvas;
    if (alphaTop === null) {
      this.context.drawImage(video, 0, 0, wide, high);
      return;
    }
    resize(this.whole, width, height);
    this.reader.drawImage(video, 0, 0, width, height);
    const picture = this.reader.getImageData(0, 0, width, rows);
    const { data: grey } = this.reader.getImageData(0, alphaTop, width, rows);
    const { data } = picture;
    for (let i = 0; i < data.length; i += 4) {
      const alpha = ((grey[i + 1] - ALPHA_NOISE) * 255) / (255 - 2 * ALPHA_NOISE);
      // putImageData wants straight colours; the clamped array rounds and limits them.
      const scale = alpha > 0 ? 255 / Math.min(alpha, 255) : 0;
      data[i] *= scale;
      data[i + 1] *= scale;
      data[i + 2] *= scale;
      data[i + 3] = alpha;
    }
    resize(this.merged, width, rows);
    this.merger.putImageData(picture, 0, 0);
    this.clear();
    this.context.drawImage(this.merged, 0, 0, wide, high);
  }

  clear() {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }
}

function resize(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

/**
 * Plays a WHEP stream on `canvas`, and comes back when the connection is lost.
 *
 * While there is no stream the canvas is empty. States told to `onstate`: "connecting", "live",
 * "waiting" (another try follows by itself) and "refused" (it does not).
 *
 * @param {HTMLCanvasElement} canvas
 * @param {object} options
 * @param {string | URL} options.url the WHEP endpoint
 * @param {string} [options.token] sent as `Authorization: Bearer`
 * @param {boolean} [options.sound] false: no sound is asked for
 * @param {RTCIceServer[]} [options.iceServers]
 * @param {"auto" | "webgl" | "2d"} [options.renderer]
 * @param {HTMLVideoElement} [options.video] one of your own, else one is made
 * @param {(state: string, detail: string) => void} [options.onstate]
 */
export function playStream(canvas, options) {
  const video = options.video ?? document.createElement("video");
  video.muted = !options.sound;
  video.playsInline = true;
  video.autoplay = true;
  const painter = attachTransparentPlayer(video, canvas, null, {
    renderer: options.renderer,
    onpicture: () => tell("live"),
    onmismatch: () => current?.askLayout(painter),
  });
  let current = null;
  let timer = 0;
  let tries = 0;
  let state = "";

  function tell(now, detail = "") {
    if (now === "live") tries = 0;
    if (now !== state || detail) options.onstate?.(now, detail);
    state = now;
  }

  async function connect() {
    const viewing = new Viewing(options);
    current = viewing;
    tell("connecting");
    try {
      const stream = await viewing.open(() => viewing === current && lose(new Error("lost")));
      if (viewing !== current) return;
      painter.layout = viewing.layout;
      video.srcObject = stream;
      await playAloud(video);
    } catch (error) {
      if (viewing === current) lose(error);
      else viewing.close();
    }
  }

  function lose(error) {
    current?.close();
    current = null;
    painter.layout = null;
    painter.clear();
    video.srcObject = null;
    const status = error.status ?? 0;
    if (status >= 400 && status < 500 && ![404, 408, 409, 425, 429].includes(status)) {
      tell("refused", error.message);
      return;
    }
    // A stream that is not there yet should be seen soon when it comes.
    const seconds = error.retryAfter ?? backOff(tries++, status === 404 ? 3 : 15);
    timer = setTimeout(connect, 1000 * seconds);
    tell("waiting", error.message);
  }

  function stop() {
    clearTimeout(timer);
    current?.close();
    current = null;
    painter.detach();
    video.srcObject = null;
  }

  connect();
  return { video, painter, stop };
}

/** One WHEP session: from the offer to the DELETE. */
class Viewing {
  constructor({ url, token, sound = false, iceServers = [] }) {
    this.url = new URL(url, document.baseURI);
    this.headers = token ? { Authorization: `Bearer ${token}` } : {};
    this.session = null;
    this.layout = null;
    this.pc = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    this.pc.addTransceiver("video", { direction: "recvonly" });
    if (sound) this.pc.addTransceiver("audio", { direction: "recvonly" });
  }

  async open(onlost) {
    const { pc } = this;
    const stream = new MediaStream();
    pc.ontrack = (event) => stream.addTrack(event.track);
    whenLost(pc, onlost);
    await pc.setLocalDescription();
    await gathered(pc);
    const answer = await fetch(this.url, {
      method: "POST",
      headers: { ...this.headers, "Content-Type": "application/sdp" },
      body: pc.localDescription.sdp,
    });
    if (!answer.ok) throw await refusal(answer);
    const location = answer.headers.get("Location");
    this.session = location && new URL(location, this.url);
    if (pc.signalingState === "closed") return this.close();
    this.layout = parseLayout(answer.headers.get("Livematte-Layout"));
    if (!this.layout) await this.askLayout(this);
    await pc.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    return stream;
  }

  /** Ask how pictures are laid out now, and tell `target`. */
  async askLayout(target) {
    const url = new URL(this.url);
    url.pathname = `${url.pathname.replace(/\/$/, "")}/layout`;
    try {
      const answer = await fetch(url, { headers: this.headers });
      if (answer.ok) target.layout = await answer.json();
    } catch {
      // Lost: the connection's own end tells of it.
    }
  }

  close() {
    this.pc.close();
    if (!this.session) return;
    const goodbye = { method: "DELETE", headers: this.headers, keepalive: true };
    fetch(this.session, goodbye).catch(() => {});
    this.session = null;
  }
}

/** `stacked; width=1280; height=720; guard=16` or `plain; width=1280; height=720`; else null. */
export function parseLayout(text) {
  const [kind, ...pairs] = (text ?? "").split(";").map((part) => part.trim());
  const values = Object.fromEntries(pairs.map((pair) => pair.split("=")));
  const [width, height, guard] = ["width", "height", "guard"].map((name) => Number(values[name]));
  if (!["stacked", "plain"].includes(kind) || !(width > 0) || !(height > 0)) return null;
  return { stacked: kind === "stacked", width, height, guard: guard || 0 };
}

async function refusal(answer) {
  const problem = await answer.json().catch(() => ({}));
  const error = new Error(problem.detail ?? `the server answers ${answer.status}`);
  error.status = answer.status;
  error.retryAfter = Number(answer.headers.get("Retry-After")) || undefined;
  return error;
}

/** Play with sound where the browser lets us; else silently, and aloud from the first touch. */
async function playAloud(video) {
  try {
    await video.play();
  } catch (error) {
    if (error.name !== "NotAllowedError") return;
    video.muted = true;
    await video.play().catch(() => {});
    const unmute = () => (video.muted = false);
    for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, unmute, { once: true });
  }
}

/** Seconds before try `tries` (from 0): 0.5, 1, 2, 4 … `most`; a fifth more or less. */
export function backOff(tries, most = 15) {
  return Math.min(most, 0.5 * 2 ** tries) * (0.8 + 0.4 * Math.random());
}

/** The candidates found within a second: those of the local network come at once. */
export function gathered(pc, limit = 1000) {
  return new Promise((resolve) => {
    if (pc.iceGatheringState === "complete") return resolve();
    setTimeout(resolve, limit);
    pc.addEventListener("icegatheringstatechange", () => {
      if (pc.iceGatheringState === "complete") resolve();
    });
  });
}

/** Call `lost` once when the connection has failed, was closed or has been silent for `patience` s. */
export function whenLost(pc, lost, patience = 4) {
  let timer = 0;
  let told = false;
  const tell = () => {
    if (told || pc.signalingState === "closed") return;
    told = true;
    lost();
  };
  pc.addEventListener("connectionstatechange", () => {
    clearTimeout(timer);
    if (pc.connectionState === "failed") tell();
    if (pc.connectionState === "disconnected") timer = setTimeout(tell, patience * 1000);
    if (pc.connectionState !== "connected") return;
    // A peer that says goodbye closes DTLS; the connection's own state does not tell of it.
    const transport = pc.getTransceivers()[0]?.receiver.transport;
    transport?.addEventListener("statechange", () => {
      if (["closed", "failed"].includes(transport.state)) tell();
    });
  });
}
