import { useState } from "preact/hooks";

import { html } from "../html.js";
import { Painter } from "../parts/painter.js";
import { Media, useSource } from "./media.js";

/** Which part of a picture is meant: painted over it, or uploaded by whoever has no pointer. */
export function Mask(props) {
  const { descriptor, value, onChange, beside } = props;
  const picture = beside(descriptor.constraints.picture);
  return html`
    <${Media} ...${props} offer="Upload a mask" />
    ${picture
      ? html`<${Paint} key=${picture} ...${{ picture, value, onChange }} label=${descriptor.label} />`
      : html`<p class="hint">Give the picture first to paint over it. An uploaded mask is white where it is to change.</p>`}
  `;
}
Mask.layout = "group";

function Paint({ picture, value, onChange, label }) {
  const [painting, setPainting] = useState(false);
  const { source } = useSource(picture);
  if (!source) return null; // not here to be seen: an address elsewhere
  return html`
    <button type="button" class="button small paint-it" onClick=${() => setPainting(true)}>
      ${value ? "Paint on" : "Paint over the picture"}<span class="unseen"> for ${label}</span>
    </button>
    ${painting &&
    html`<${Painter} source=${source} mask=${value} label=${label} onDone=${onChange} onClose=${() => setPainting(false)} />`}
  `;
}
