import { useState } from "preact/hooks";

import { html } from "../html.js";
import { Choices, Ways, reasonOf } from "../parts/choices.js";

const PILLS = 4; // up to so many short options are shown side by side
const PILLS_LENGTH = 36;

const fitsPills = ({ options, required }) =>
  required && options.length <= PILLS && options.map((option) => option.label).join("").length <= PILLS_LENGTH;

export function Dropdown(props) {
  return fitsPills(props.descriptor)
    ? html`<${Choices} ...${props} options=${props.descriptor.options} />`
    : html`<${Select} ...${props} />`;
}
Dropdown.layout = "group";

export function Select({ descriptor, id, value, onChange, explain, labelledBy, describedBy, invalid }) {
  const [ways, setWays] = useState(null);
  const { options, required } = descriptor;
  const closed = options.filter(reasonOf);
  return html`
    <select
      class="input"
      id=${id}
      value=${value ?? ""}
      aria-labelledby=${labelledBy}
      aria-describedby=${describedBy}
      aria-invalid=${invalid ? "true" : undefined}
      onChange=${(event) => (setWays(null), onChange(event.target.value || null))}
    >
      ${(!required || value === null) && html`<option value="">—</option>`}
      ${options.map(
        (option) => html`<option key=${option.value} value=${option.value} disabled=${Boolean(reasonOf(option))} title=${reasonOf(option) ?? undefined}>
          ${option.label}${reasonOf(option) ? " (unavailable)" : ""}
        </option>`,
      )}
    </select>
    ${closed.length > 0 &&
    html`<details class="closed">
      <summary>${closed.length} unavailable with your other picks</summary>
      <ul>
        ${closed.map(
          (option) => html`<li key=${option.value}>
            <span><b>${option.label}</b> ${reasonOf(option)}</span>
            ${explain &&
            html`<button type="button" class="link small" onClick=${async () => setWays(await explain(option.value))}>
              Find a way<span class="unseen"> to ${option.label}</span>
            </button>`}
          </li>`,
        )}
      </ul>
    </details>`}
    <${Ways} ways=${ways} onTaken=${() => setWays(null)} />
  `;
}
