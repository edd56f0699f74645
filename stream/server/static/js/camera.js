/** The camera and the microphone: which there are, and one of them opened. */

/** Heights offered, px; the widths are those of 16:9, and the camera answers with what it has. */
export const HEIGHTS = [360, 480, 720, 1080];

/** @param {{deviceId?: string, height: number}} wish  @returns {Promise<MediaStreamTrack>} */
export async function openCamera({ deviceId, height }) {
  const video = {
    width: { ideal: Math.round((height * 16) / 9 / 2) * 2 },
    height: { ideal: height },
    frameRate: { ideal: 30, max: 30 },
    ...(deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" }),
  };
  try {
    return await openTrack({ video });
  } catch (error) {
    // The camera that was remembered is gone: any other is better than none.
    if (error.name !== "OverconstrainedError" || !deviceId) throw error;
    return openCamera({ height });
  }
}

/** @returns {Promise<MediaStreamTrack>} */
export const openMicrophone = () =>
  openTrack({ audio: { echoCancellation: true, noiseSuppression: true } });

async function openTrack(constraints) {
  if (!navigator.mediaDevices) {
    throw new DOMException("this page is not in a secure context", "NotSupportedError");
  }
  const stream = await navigator.mediaDevices.getUserMedia(constraints);
  return stream.getTracks()[0];
}

/** @returns {Promise<{id: string, title: string}[]>} titles are known once one was allowed */
export async function cameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices
    .filter((device) => device.kind === "videoinput")
    .map((device, at) => ({ id: device.deviceId, title: device.label || `Camera ${at + 1}` }));
}
