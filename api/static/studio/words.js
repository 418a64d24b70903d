/** Numbers and states as people say them. */

export const TERMINAL = new Set(["succeeded", "failed", "canceled", "aborted"]);

export const isLive = (thing) => !TERMINAL.has(thing.status);

export const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

export const priceText = (price) =>
  price > 0 ? `${price.toLocaleString("en-GB", { maximumFractionDigits: 4 })} credits` : "Free";

export function secondsText(seconds) {
  if (seconds < 1) return "a moment";
  if (seconds < 90) return `about ${Math.round(seconds)} s`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min`;
  return `about ${Math.round(seconds / 3600)} h`;
}

/** How long something waits, in one line; `queue` is what the API says of its place. */
export function waitText(queue) {
  if (!queue) return "In line";
  if (!queue.possible) return "No worker can run this now; it waits for one";
  const place = queue.position > 0 ? `${queue.position} ahead` : "Next in line";
  return queue.eta_seconds === null ? place : `${place}, ready in ${secondsText(queue.eta_seconds)}`;
}

export const whenText = (time) =>
  new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));

const ENDINGS = {
  succeeded: "Finished",
  failed: "This picture could not be made",
  canceled: "Canceled",
  aborted: "Its deadline passed before it could start",
};
export const endingText = (status) => ENDINGS[status] ?? status;

/** A problem's message about a field as a sentence: the API words them as ends of one. */
export function sentence(label, message) {
  const text = /^[a-z]/.test(message) ? `${label} ${message}` : message;
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** A file name that tells what the picture shows. */
export function fileName(prompt, seed, contentType) {
  const slug = (prompt || "picture").toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 50).replace(/^-|-$/g, "");
  return `${slug || "picture"}-${seed}.${contentType.split("/")[1].replace("jpeg", "jpg")}`;
}
