import { useId } from "preact/hooks";

import { html } from "../html.js";
import { controlOf } from "../registry.js";
import { sentence } from "../words.js";

/** One descriptor as a labelled control with its help, its errors and a way back to its default. */
export function Field({ descriptor, value, onChange, explain, beside, errors = [] }) {
  const id = useId();
  const Control = controlOf(descriptor);
  const layout = Control.layout ?? "stack";
  const notes = [descriptor.help && `${id}-help`, errors.length && `${id}-error`].filter(Boolean).join(" ");
  const changed = descriptor.source === "input" && descriptor.default !== null && !same(value, descriptor.default);
  const resettable = changed && descriptor.placement === "advanced";
  const label =
    layout === "group" || layout === "row"
      ? html`<span class="label" id="${id}-label">${descriptor.label}</span>`
      : html`<label class="label" id="${id}-label" for=${id}>${descriptor.label}</label>`;
  return html`
    <div class="field ${layout}" data-key=${descriptor.key} data-invalid=${errors.length ? "" : undefined}>
      ${layout !== "own" &&
      html`<div class="field-head">
        ${label}
        ${resettable &&
        html`<button type="button" class="link small" onClick=${() => onChange(undefined)}>
          Reset<span class="unseen"> ${descriptor.label}</span>
        </button>`}
      </div>`}
      <${Control}
        ...${{ descriptor, id, value, onChange, explain, beside }}
        labelledBy="${id}-label"
        describedBy=${notes || undefined}
        invalid=${errors.length > 0}
      />
      ${descriptor.help && layout !== "own" && html`<p class=${descriptor.placement === "prompt" && descriptor.kind === "text" ? "unseen" : "help"} id="${id}-help">${descriptor.help}</p>`}
      <${Errors} id="${id}-error" label=${descriptor.label} errors=${errors} />
    </div>
  `;
}

export const Errors = ({ id, label, errors }) =>
  errors.length > 0 &&
  html`<p class="error" id=${id}>${errors.map((message) => sentence(label, message)).join(" ")}</p>`;

/** A form's number may still be text. */
const same = (value, other) =>
  typeof other === "number" ? value !== "" && Number(value) === other : JSON.stringify(value) === JSON.stringify(other);
