import { html } from "../html.js";

const NOTCHES = 100; // of a slider whose number has no step of its own

function stepOf({ integer, multiple_of: multiple, minimum, maximum }) {
  if (multiple) return multiple;
  if (integer) return 1;
  if (minimum === undefined || maximum === undefined) return "any";
  return Number(((maximum - minimum) / NOTCHES).toPrecision(1));
}

export function NumberControl({ descriptor, id, value, onChange, labelledBy, describedBy, invalid }) {
  const { minimum, maximum, ...rest } = descriptor.constraints ?? {};
  const step = stepOf({ minimum, maximum, ...rest });
  const bounded = minimum !== undefined && maximum !== undefined;
  const type = (event) => onChange(event.target.value);
  return html`
    <div class="number">
      ${bounded &&
      html`<input
        type="range"
        tabindex="-1"
        aria-hidden="true"
        min=${minimum}
        max=${maximum}
        step=${step}
        value=${value === "" || value === null ? minimum : value}
        onInput=${type}
      />`}
      <input
        type="number"
        class="input"
        id=${id}
        min=${minimum}
        max=${maximum}
        step=${rest.multiple_of || rest.integer ? step : "any"}
        value=${value ?? ""}
        placeholder=${descriptor.default ?? ""}
        aria-describedby=${describedBy}
        aria-invalid=${invalid ? "true" : undefined}
        onInput=${type}
      />
    </div>
  `;
}
