import { useRef, useState } from "preact/hooks";

import { html } from "../html.js";

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

export const reasonOf = (option) =>
  option.available === false
    ? option.unavailable_reason || "Nothing is made for this together with your other picks."
    : null;

/** A radio group of buttons. An option that leads nowhere can be reached and read, but not chosen. */
export function Choices({ id, options, value, onChange, explain, labelledBy, describedBy, invalid, look = "pills", draw }) {
  const group = useRef();
  const [hinted, setHinted] = useState(null);
  const [ways, setWays] = useState(null);
  const chosen = options.findIndex((option) => option.value === value);

  const choose = async (option) => {
    setWays(null);
    if (!reasonOf(option)) onChange(option.value);
    else if (explain) setWays(await explain(option.value));
  };
  const move = (event, index) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const next = (index + step + options.length) % options.length;
    group.current.querySelectorAll("[role=radio]")[next].focus();
    if (!reasonOf(options[next])) choose(options[next]);
  };
  const hint = options.find((option) => option.value === hinted && reasonOf(option));
  return html`
    <div
      id=${id}
      class="choices ${look}"
      role="radiogroup"
      ref=${group}
      aria-labelledby=${labelledBy}
      aria-describedby=${describedBy}
      aria-invalid=${invalid ? "true" : undefined}
      onMouseLeave=${() => setHinted(null)}
    >
      ${options.map((option, index) => {
        const reason = reasonOf(option);
        return html`<button
          type="button"
          role="radio"
          class="choice"
          key=${option.value}
          data-value=${option.value}
          aria-checked=${option.value === value ? "true" : "false"}
          aria-disabled=${reason ? "true" : undefined}
          aria-describedby=${reason ? `${id}-why-${index}` : undefined}
          title=${reason ?? undefined}
          tabindex=${index === Math.max(chosen, 0) ? 0 : -1}
          onClick=${() => choose(option)}
          onKeyDown=${(event) => move(event, index)}
          onFocus=${() => setHinted(option.value)}
          onMouseEnter=${() => setHinted(option.value)}
        >
          ${draw?.(option)}<span>${option.label}</span>
        </button>`;
      })}
    </div>
    ${options.map((option, index) => reasonOf(option) && html`<span class="unseen" id="${id}-why-${index}">${reasonOf(option)}</span>`)}
    ${hint && !ways && html`<p class="hint" aria-hidden="true"><b>${hint.label}</b> ${reasonOf(hint)}</p>`}
    <${Ways} ways=${ways} onTaken=${() => setWays(null)} />
  `;
}

/** Why a pick leads nowhere, and which other picks would make it possible. */
export const Ways = ({ ways, onTaken }) =>
  ways &&
  html`<div class="ways" role="status">
    <p>${ways.detail}</p>
    ${ways.options.map(
      (way) => html`<button
        type="button"
        class="button small"
        key=${way.label}
        onClick=${() => {
          way.take();
          onTaken();
        }}
      >
        ${way.label}
      </button>`,
    )}
  </div>`;
