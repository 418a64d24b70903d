import { html } from "../html.js";
import { Choices } from "../parts/choices.js";

const SIDE = 16; // px of the longer side of the drawn frame

/** Width and height of a frame like 16:9, 16x9 or 16-9. */
function frame(text) {
  const [, width, height] = /^(\d+(?:\.\d+)?)\s*[:x×_/-]\s*(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (!Number(width) || !Number(height)) return null;
  const longer = Math.max(width, height);
  return { width: `${(SIDE * width) / longer}px`, height: `${(SIDE * height) / longer}px` };
}

/** Ratio pills, for an axis (the pick finds another workflow) and for an input alike. */
export function Ratio(props) {
  const draw = (option) => {
    const size = frame(option.value) ?? frame(option.label);
    return size && html`<span class="frame" aria-hidden="true"><i style=${size}></i></span>`;
  };
  return html`<${Choices} ...${props} options=${props.descriptor.options} look="ratios" draw=${draw} />`;
}
Ratio.layout = "group";
