import { html } from "../html.js";
import { Choices } from "../parts/choices.js";
import { Select } from "./dropdown.js";

const SIDE_BY_SIDE = 4;

/** The model picker, docked in the composer. */
export function Flavour(props) {
  const { options } = props.descriptor;
  return options.length <= SIDE_BY_SIDE
    ? html`<${Choices} ...${props} options=${options} look="dock" />`
    : html`<${Select} ...${props} />`;
}
Flavour.layout = "group";
