import { html } from "../html.js";

const PATHS = {
  close: "m4 4 8 8m0-8-8 8",
  previous: "m10 3-5 5 5 5",
  next: "m6 3 5 5-5 5",
  open: "M9 3h4v4m0-4-5 5M7 13H3V9",
  undo: "M5 3 2 6l3 3M2.5 6H10a3.5 3.5 0 0 1 0 7H6",
  broken: "M3 3h10v10H3zM3 11l3-3 2 2 3-4 2 2",
};

export const Icon = ({ name }) => html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
