import { html } from "../html.js";

const PATHS = {
  close: "m4 4 8 8m0-8-8 8",
  previous: "m10 3-5 5 5 5",
  next: "m6 3 5 5-5 5",
  broken: "M3 3h10v10H3zM3 11l3-3 2 2 3-4 2 2",
};

export const Icon = ({ name }) => html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
