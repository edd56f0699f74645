/**
 * Every failure in words: what happened, what to do, and what the button does.
 *
 * @typedef {object} Notice
 * @property {string} title
 * @property {string} text
 * @property {string} action what the button says
 * @property {boolean} again true: another try follows by itself
 */

const CAMERA = {
  NotFoundError: [
    "No camera found",
    "Connect a camera, or switch on the one that is built in, and try again.",
  ],
  NotAllowedError: [
    "The camera was refused",
    "Allow the camera for this page: the sign is in the address bar. Then try again.",
  ],
  NotReadableError: [
    "The camera is in use",
    "Another program or another tab has it. Close that and try again.",
  ],
  OverconstrainedError: [
    "The camera cannot do that",
    "It does not know this resolution. Choose another one and try again.",
  ],
  NotSupportedError: [
    "No camera without a secure connection",
    "Browsers give the camera only to pages from https:// or from this very computer.",
  ],
};
CAMERA.AbortError = CAMERA.TrackStartError = CAMERA.NotReadableError;
CAMERA.SecurityError = CAMERA.NotAllowedError;

/** What the camera's refusal means. @returns {Notice} */
export function cameraNotice(error) {
  const [title, text] = CAMERA[error.name] ?? [
    "The camera did not start",
    `The browser says: ${error.message || error.name}.`,
  ];
  return { title, text, action: "Try again", again: false };
}

export const CAMERA_GONE = {
  title: "The camera is gone",
  text: "It was unplugged or switched off. Connect it, or choose another one, and try again.",
  action: "Try again",
  again: false,
};

export const NO_WEBRTC = {
  title: "This browser cannot make calls",
  text: "It has no WebRTC. A current Chrome, Edge, Firefox or Safari has.",
  action: "Reload",
  again: false,
};

/** Why a call has no picture, as Call tells it. @typedef {"lost" | "silent" | "bye"} Loss */
const LOSSES = {
  lost: ["The connection was lost", "Your camera stays on. The call comes back by itself."],
  silent: [
    "No picture comes back",
    "The server answers, but no picture gets through: a firewall may be in the way. " +
      "Another network, or a TURN server, helps.",
  ],
  bye: ["The server ended the call", ""],
};

/**
 * What a call's failure means.
 *
 * @param {{status?: number, loss?: Loss, detail?: string, given?: boolean}} problem `given`: a token
 *   was sent along
 * @returns {Notice}
 */
export function callNotice({ status, loss, detail = "", given = false }) {
  if (loss) {
    const [title, text] = LOSSES[loss];
    return { title, text: detail || text, action: "Try now", again: true };
  }
  if (status === 503) {
    return {
      title: "The server is full",
      text: "Everybody who may call at the same time already does. You are let in when one leaves.",
      action: "Try now",
      again: true,
    };
  }
  if (status === 0) {
    return {
      title: "The server does not answer",
      text: "It may be restarting, or this computer is offline.",
      action: "Try now",
      again: true,
    };
  }
  if (status >= 500) {
    return {
      title: "The server made a mistake",
      text: detail || "Its log says which.",
      action: "Try now",
      again: true,
    };
  }
  return { ...refusedNotice(status, detail, given), action: "Try again", again: false };
}

function refusedNotice(status, detail, given) {
  if (status === 401) {
    return {
      title: given ? "That is not the token" : "This server wants a token",
      text: "Whoever runs the server has it: it was shown when the server started.",
    };
  }
  if (status === 403) {
    return {
      title: "This page may not call this server",
      text: detail || "Its address is not among those that the server allows.",
    };
  }
  if (status === 409) {
    return { title: "That name is taken", text: detail || "Somebody else shares under it." };
  }
  if (status === 422) {
    return {
      title: "The server cannot serve this browser",
      text: detail || "They share no video format.",
    };
  }
  return { title: "The server refused the call", text: detail || `It answers ${status}.` };
}

/** Why a background was not taken. @param {{status: number, detail: string}} problem */
export function uploadWords({ status, detail }, limits) {
  if (status === 0) return "The server did not answer. Try once more.";
  if (status === 401) return "The server wants a token for that.";
  if (status === 413) return detail || `That file is larger than ${megabytes(limits)}.`;
  if (status === 415) return detail || NOT_A_PICTURE;
  if (status === 422) return detail || "That picture is damaged, or has too many pixels.";
  if (status === 503 || status === 429) return detail || "No room for more just now. Try later.";
  return detail || `The server did not take it: it answers ${status}.`;
}

export const tooLarge = (limits) => `That file is larger than ${megabytes(limits)}.`;
export const NOT_A_PICTURE = "That is not a picture.";

function megabytes(limits) {
  const size = (limits?.upload_bytes ?? 0) / 1e6;
  return size >= 1 ? `${Math.floor(size)} MB` : `${Math.floor(size * 1000)} kB`;
}

/** Beside the name of the page: what goes on, in a few words. */
export const STATUS = {
  idle: "Camera off",
  asking: "Waiting for the camera",
  connecting: "Connecting",
  live: "Live",
  waiting: "Connection lost",
  failed: "Stopped",
};
