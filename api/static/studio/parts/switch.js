import { html } from "../html.js";

/** On or off. `reason` locks it and says why. */
export const Switch = ({ id, on, onChange, labelledBy, describedBy, reason }) => html`
  <button
    type="button"
    role="switch"
    class="switch"
    id=${id}
    aria-checked=${on ? "true" : "false"}
    aria-disabled=${reason ? "true" : undefined}
    aria-labelledby=${labelledBy}
    aria-describedby=${[describedBy, reason && `${id}-why`].filter(Boolean).join(" ") || undefined}
    title=${reason ?? undefined}
    onClick=${() => onChange(!on)}
  >
    <span class="knob"></span>
  </button>
`;
