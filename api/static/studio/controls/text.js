import { useLayoutEffect, useRef } from "preact/hooks";

import { html } from "../html.js";

const COUNT_FROM = 0.8; // of the limit: from here on the characters left are worth showing

export function Text({ descriptor, id, value, onChange, describedBy, invalid }) {
  const area = useRef();
  const limit = descriptor.constraints?.max_length;
  const docked = descriptor.placement === "prompt";
  const text = value ?? "";
  const placeholder = descriptor.help ? descriptor.help[0].toUpperCase() + descriptor.help.slice(1) : "Describe the picture";
  useLayoutEffect(() => {
    area.current.style.height = "auto";
    area.current.style.height = `${area.current.scrollHeight + 2}px`;
  }, [text]);
  return html`
    <textarea
      ref=${area}
      class=${docked ? "prompt" : "input"}
      id=${id}
      rows=${docked ? 3 : 2}
      value=${text}
      placeholder=${docked ? placeholder : undefined}
      required=${descriptor.required}
      aria-describedby=${describedBy}
      aria-invalid=${invalid ? "true" : undefined}
      onInput=${(event) => onChange(event.target.value)}
    ></textarea>
    ${limit && text.length > limit * COUNT_FROM && html`<p class="help count">${text.length} of ${limit} characters</p>`}
  `;
}
