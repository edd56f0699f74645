/**
 * One call: the RTCPeerConnection's life, from the offer to the DELETE, with retries.
 *
 * States: idle → connecting → live; when something fails, waiting (another try follows) or failed.
 */

import { ask, askJson, Problem } from "./api.js";
import { backOff, gathered, whenLost } from "./player.js";

/** Seconds from the answer to the first picture: a network may still be loading. */
const PATIENCE = 25;
/** Milliseconds between two changes of options, at least. */
const PACE = 60;

/** Fires (CustomEvents, `detail` in brackets): state {state, problem, seconds,
 * again}, stream MediaStream, options OPTIONS, layout LAYOUT, stats STATS, refused {detail} of a change. */
export class Call extends EventTarget {
  #video = null;
  #microphone = null;
  #iceServers = [];
  #pc = null;
  #channel = null;
  #session = null;
  #options = {};
  #attempt = null;
  #timer = 0;
  #tries = 0;
  #asked = 0;
  #changes = null;
  state = "idle";

  /** @param {MediaStreamTrack} video  @param {object} options OPTIONS of the contract */
  start(video, options, iceServers = []) {
    this.#video = video;
    this.#options = { ...options };
    this.#iceServers = iceServers;
    this.#tries = 0;
    this.#connect();
  }

  /** Leave, and free what the server holds. */
  stop() {
    this.#close();
    this.#enter("idle");
  }

  /** Try now, and do not wait for the next try. */
  retry() {
    if (this.state === "waiting" || this.state === "failed") this.#connect();
  }

  /** Another camera or resolution: the same call. */
  async useVideo(track) {
    this.#video = track;
    await this.#sender("video")?.replaceTrack(track);
  }

  /** @param {MediaStreamTrack | null} track null: silence */
  async useMicrophone(track) {
    this.#microphone = track;
    await this.#sender("audio")?.replaceTrack(track);
  }

  /** Change some of the options; what is in force comes back as an `options` event. */
  set(changes) {
    Object.assign(this.#options, changes);
    // A slider says more than anybody can see: what is changed within PACE goes as one.
    if (!this.#changes) setTimeout(() => this.#send(), PACE);
    this.#changes = { ...this.#changes, ...changes };
  }

  async #send() {
    const changes = this.#changes;
    this.#changes = null;
    if (this.#channel?.readyState === "open") {
      this.#channel.send(JSON.stringify({ type: "set", id: ++this.#asked, options: changes }));
    } else if (this.#session) {
      try {
        this.#inForce(await askJson(this.#session, { method: "PATCH", json: changes }));
      } catch (error) {
        this.#fire("refused", { detail: error.detail || "The server did not take the change." });
      }
    }
  }

  #sender(kind) {
    const transceivers = this.#pc?.getTransceivers() ?? [];
    return transceivers.find((one) => one.receiver.track.kind === kind)?.sender;
  }

  #fire(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #enter(state, more = {}) {
    this.state = state;
    this.#fire("state", { state, ...more });
  }

  #close() {
    clearTimeout(this.#timer);
    this.#attempt?.abort();
    this.#attempt = null;
    this.#pc?.close();
    this.#pc = this.#channel = null;
    const session = this.#session;
    this.#session = null;
    if (session) ask(session, { method: "DELETE", keepalive: true }).catch(() => {});
  }

  async #connect() {
    this.#close();
    const attempt = (this.#attempt = new AbortController());
    this.#enter("connecting", { again: this.#tries > 0 });
    try {
      await this.#open(attempt.signal);
    } catch (error) {
      if (attempt.signal.aborted) return;
      const known = error instanceof Problem;
      this.#end(known ? error : { status: 422, detail: `The browser says: ${error.message}` });
    }
  }

  async #open(signal) {
    const pc = (this.#pc = new RTCPeerConnection({
      iceServers: this.#iceServers,
      bundlePolicy: "max-bundle",
    }));
    const current = () => !signal.aborted;
    pc.addTransceiver(this.#video, { direction: "sendrecv" });
    // For those who watch; what comes back of it is never played.
    const sound = pc.addTransceiver("audio");
    if (this.#microphone) await sound.sender.replaceTrack(this.#microphone);
    pc.addEventListener("track", ({ track }) => {
      if (track.kind !== "video") return;
      track.addEventListener("unmute", () => current() && this.#alive(track));
    });
    this.#listen(pc.createDataChannel("control"), current);
    whenLost(pc, () => current() && this.#end({ loss: "lost" }));
    await pc.setLocalDescription();
    await gathered(pc);
    if (!current()) return;
    const { sdp, type } = pc.localDescription;
    const offer = { sdp, type, options: this.#options };
    // Not aborted by `signal`: a session that the server has begun must also be ended.
    const answer = await askJson("offer", { method: "POST", json: offer });
    if (!current()) {
      ask(answer.session, { method: "DELETE" }).catch(() => {});
      return;
    }
    this.#session = answer.session;
    await pc.setRemoteDescription({ type: answer.type, sdp: answer.sdp });
    if (this.state === "live") return;
    this.#timer = setTimeout(() => this.#end({ loss: "silent" }), PATIENCE * 1000);
  }

  #alive(track) {
    clearTimeout(this.#timer);
    this.#tries = 0;
    if (this.state === "live") return;
    this.#fire("stream", new MediaStream([track]));
    this.#enter("live");
  }

  #listen(channel, current) {
    this.#channel = channel;
    channel.addEventListener("message", ({ data }) => {
      if (!current()) return;
      const message = JSON.parse(data);
      if (message.layout) this.#fire("layout", message.layout);
      if (message.type === "options") this.#inForce(message.options, message.id);
      else if (message.type === "stats") this.#fire("stats", message);
      else if (message.type === "error") this.#fire("refused", { detail: message.detail });
      else if (message.type === "bye") {
        this.#end({ loss: "bye", detail: message.detail, retryAfter: message.retry_after });
      }
    });
  }

  #inForce(options, id = this.#asked) {
    // The answer to an older change would take back the newer one before one's eyes.
    if (this.#changes || id < this.#asked) return;
    Object.assign(this.#options, options);
    this.#fire("options", options);
  }

  /** Try again by itself where that can help, and say so; else give up. */
  #end(problem) {
    this.#close();
    const { status, loss, retryAfter } = problem;
    if (!loss && status !== 0 && status < 500) {
      this.#enter("failed", { problem });
      return;
    }
    const seconds = retryAfter ?? backOff(this.#tries++);
    this.#timer = setTimeout(() => this.#connect(), seconds * 1000);
    this.#enter("waiting", { problem, seconds });
  }
}
