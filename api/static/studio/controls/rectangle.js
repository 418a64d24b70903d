import { html } from "../html.js";

const SIDES = { left: 0, top: 0, width: 1, height: 1 }; // side → its least value
const words = { left: "Left", top: "Top", width: "Width", height: "Height" };

/** A rectangle in whole pixels; leaving all four empty means none. */
export function Rectangle({ id, value, onChange, labelledBy, describedBy, invalid }) {
  const write = (side, text) => {
    const next = { ...value };
    if (text === "") delete next[side];
    else next[side] = Number(text);
    onChange(Object.keys(next).length ? next : null);
  };
  return html`
    <div class="rectangle" id=${id} role="group" aria-labelledby=${labelledBy}>
      ${Object.entries(SIDES).map(
        ([side, least]) => html`
          <label>
            <span class="hint">${words[side]}</span>
            <input
              type="number"
              class="input"
              min=${least}
              step="1"
              value=${value?.[side] ?? ""}
              aria-describedby=${describedBy}
              aria-invalid=${invalid ? "true" : undefined}
              onInput=${(event) => write(side, event.target.value)}
            />
          </label>
        `,
      )}
    </div>
  `;
}
Rectangle.layout = "group";
