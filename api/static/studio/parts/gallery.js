import { html } from "../html.js";
import { plural } from "../words.js";
import { Notice } from "./notice.js";
import { Tile } from "./tile.js";

/** Everything the person has asked for, newest first: what waits, what is drawn, what is finished. */
export function Gallery({ jobs, onOpen }) {
  const { ordered, running, loaded, problem } = jobs;
  const tiles = ordered.flatMap((generation) => generation.predictions.map((prediction) => ({ generation, prediction })));
  return html`
    <section class="results" id="results" aria-labelledby="results-title">
      <header class="results-head">
        <h2 id="results-title">Your pictures</h2>
        ${running.length > 0 && html`<span class="badge">${plural(running.length, "request")} running</span>
          <button type="button" class="link small" onClick=${() => running.forEach(({ id }) => jobs.cancel("generations", id))}>
            Cancel ${running.length > 1 ? "all of them" : "it"}
          </button>`}
      </header>
      ${problem &&
      html`<${Notice} problem=${problem} texts=${[problem.message]}>
        <button type="button" class="button small" onClick=${() => jobs.look()}>Try again</button>
      <//>`}
      ${!loaded && !problem && html`<div class="grid" aria-hidden="true">${[1, 2, 3, 4].map((key) => html`<div class="tile" key=${key}><div class="picture shimmer"></div></div>`)}</div>`}
      ${loaded && !tiles.length && html`<${Nothing} />`}
      <ul class="grid">
        ${tiles.map(({ generation, prediction }) => html`<${Tile} key=${prediction.id} ...${{ generation, prediction, jobs, onOpen }} live=${jobs.live[prediction.id]} />`)}
      </ul>
      ${jobs.more && html`<button type="button" class="button more" onClick=${jobs.more}>Show older pictures</button>`}
    </section>
  `;
}

const Nothing = () => html`
  <div class="nothing">
    <svg viewBox="0 0 120 84" aria-hidden="true">
      <rect x="8" y="14" width="62" height="62" rx="12" /><rect x="50" y="6" width="62" height="62" rx="12" />
      <circle cx="72" cy="28" r="9" /><path d="m54 62 22-26 30 26" />
    </svg>
    <h3>Nothing here yet</h3>
    <p>Describe a picture and press Generate. It appears here while it is drawn, and stays.</p>
  </div>
`;
