import { useState } from "preact/hooks";

import { html } from "../html.js";
import { Ways, reasonOf } from "../parts/choices.js";
import { Switch } from "../parts/switch.js";

const ON = new Set(["on", "true", "yes", "1", "enabled"]);

/** What a toggle stands for when it is on: an input's `true`, or one of the two options of an axis. */
export function sides({ source, options = [], default: initial }) {
  if (source === "input") return { on: { value: true }, off: { value: false } };
  const on = options.find((option) => ON.has(option.value)) ?? options.find((option) => option.value !== initial);
  return { on, off: options.find((option) => option !== on) };
}

export function Toggle({ descriptor, id, value, onChange, explain, labelledBy, describedBy }) {
  const [ways, setWays] = useState(null);
  const { on, off } = sides(descriptor);
  const isOn = value === on?.value;
  const other = isOn ? off : on;
  const reason = other ? reasonOf(other) : "This toggle has a single option.";
  const flip = async () => {
    if (!reason) onChange(other.value);
    else if (other && explain) setWays(await explain(other.value));
  };
  return html`
    ${descriptor.source === "axis" && html`<span class="switch-state">${(isOn ? on : off)?.label}</span>`}
    <${Switch} ...${{ id, on: isOn, onChange: flip, labelledBy, describedBy, reason }} />
    ${reason && html`<p class="hint wide" id="${id}-why">${reason}</p>`}
    <${Ways} ways=${ways} onTaken=${() => setWays(null)} />
  `;
}
Toggle.layout = "row";
