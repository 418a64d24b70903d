import { PLACED } from "../controls/media.js";
import { html } from "../html.js";
import { endingText, isLive, waitText } from "../words.js";
import { Icon } from "./icon.js";
import { Shown, moves, pictureOf, resultOf } from "./shown.js";

/** One prediction, from waiting to finished, in one place of the gallery. */
export function Tile({ generation, prediction, live, jobs, onOpen }) {
  const prompt = generation.inputs.prompt ?? "";
  const running = isLive(prediction) && isLive(generation);
  return html`
    <li class="tile" data-status=${running ? prediction.status : statusOf(generation, prediction)} data-prediction=${prediction.id}>
      ${running
        ? html`<${Running} ...${{ generation, prediction, live, jobs, prompt }} />`
        : html`<${Ended} ...${{ generation, prediction, prompt }} onOpen=${() => onOpen(prediction.id)} />`}
      <p class="caption"><span class="caption-prompt">${prompt || "Without a prompt"}</span><span class="seed">${prediction.seed}</span></p>
    </li>
  `;
}

const statusOf = (generation, prediction) => (isLive(prediction) ? generation.status : prediction.status);

function Running({ generation, prediction, live, jobs, prompt }) {
  const drawing = prediction.status === "processing";
  const done = live?.fraction ?? 0;
  const state = drawing ? (live ? `Step ${live.step} of ${live.steps}` : "Loading the model") : waitText(prediction.queue ?? generation.queue);
  return html`
    <div class="picture ${live?.image ? "" : "shimmer"}">
      ${live?.image && html`<img class="preview" src=${live.image} alt="Preview of ${prompt}" />`}
      <div class="running">
        <div class="running-row">
          <span>${state}</span>
          <button type="button" class="link small" onClick=${() => jobs.cancel("predictions", prediction.id)}>
            Cancel<span class="unseen"> ${prompt}</span>
          </button>
        </div>
        <progress max="1" value=${drawing ? done : undefined} aria-label="Progress of ${prompt || "the picture"}"></progress>
      </div>
    </div>
  `;
}

function Ended({ generation, prediction, prompt, onOpen }) {
  if (resultOf(prediction)) {
    const drag = { draggable: "true", onDragStart: (event) => event.dataTransfer.setData(PLACED, pictureOf(prediction)?.id) };
    const shown = html`<${Shown} ...${{ prediction, prompt }} lazy />`;
    if (!moves(prediction)) return html`<button type="button" class="picture" ...${drag} onClick=${onOpen}>${shown}</button>`;
    return html`<div class="picture" ...${drag}>
      ${shown}
      <button type="button" class="icon-button open" onClick=${onOpen} aria-label="Open the clip ${prompt}" title="Open"><${Icon} name="open" /></button>
    </div>`;
  }
  const error = prediction.error ?? generation.error;
  return html`<button type="button" class="picture ended" onClick=${onOpen}>
    <${Icon} name="broken" />
    <span>${endingText(statusOf(generation, prediction))}</span>
    ${error && html`<span class="hint">${error.detail}</span>`}
  </button>`;
}
