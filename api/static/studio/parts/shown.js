import { html } from "../html.js";
import { local } from "../rest.js";

const isClip = ({ content_type: type }) => type.startsWith("video/");

/** What a prediction is: its clip if it made one, otherwise its picture. */
export const resultOf = ({ output }) => output.find(isClip) ?? output[0];

/** What other forms can go on from: its picture, or the poster of its clip. */
export const pictureOf = ({ output }) => output.find((asset) => !isClip(asset));

/** Whether it moves: then it has controls of its own, and is no part of a button. */
export const moves = ({ output }) => output.some(isClip);

/** A prediction's result, seen: a picture, or a clip that starts with its poster and waits to be played. */
export function Shown({ prediction, prompt, lazy = false }) {
  const result = resultOf(prediction);
  const { width, height } = result;
  if (!isClip(result)) {
    return html`<img src=${local(result.url)} ...${{ width, height }} alt=${prompt || "A picture without a prompt"} loading=${lazy ? "lazy" : undefined} />`;
  }
  const poster = pictureOf(prediction);
  return html`<video
    src=${local(result.url)}
    ...${{ width, height }}
    poster=${poster && local(poster.url)}
    aria-label=${prompt ? `Clip of ${prompt}` : "A clip without a prompt"}
    controls
    muted
    loop
    playsinline
    preload=${lazy ? "none" : "metadata"}
  ></video>`;
}
