import { html } from "../html.js";
import { priceText, waitText } from "../words.js";
import { Errors } from "./field.js";

const MOST = 64;

function withoutPrice({ blocked, problem }) {
  if (!problem) return "…";
  if (blocked) return "Not available with these picks";
  return problem.undecided ? problem.message : "The price follows once the marked fields are right";
}

/** How many, what it costs, how long it would wait, and Generate; above them what stands in the way. */
export function Ask({ draft, quote, busy, rating, errors, children }) {
  const { answer } = quote;
  const count = (count) => draft.set({ count: Math.min(Math.max(count, 1), MOST) });
  return html`
    <div class="ask" data-invalid=${errors.length ? "" : undefined}>
      ${children}
      <div class="quote" id="quote">
        ${answer
          ? html`<b class="price">${priceText(answer.price)}</b>
              <span class=${answer.queue.possible ? "" : "warn"} title=${answer.queue.reasons.join(" ")}>${waitText(answer.queue)}</span>`
          : html`<span>${withoutPrice(quote)}</span>`}
        ${rating === "adult" && html`<span class="badge">18+</span>`}
      </div>
      <div class="ask-row">
        <div class="stepper" role="group" aria-label="How many pictures">
          <button type="button" onClick=${() => count(draft.count - 1)} disabled=${draft.count <= 1} aria-label="One picture fewer">−</button>
          <input
            inputmode="numeric"
            aria-label="Number of pictures"
            value=${draft.count}
            onInput=${(event) => count(Number(event.target.value.replace(/\D/g, "")) || 1)}
          />
          <button type="button" onClick=${() => count(draft.count + 1)} disabled=${draft.count >= MOST} aria-label="One picture more">+</button>
        </div>
        <button class="button primary generate" type="submit" aria-describedby="quote" aria-disabled=${quote.blocked || busy ? "true" : undefined} title="Ctrl + Enter">
          ${busy ? "Asking…" : "Generate"}
        </button>
      </div>
      <${Errors} id="count-error" label="The number of pictures" errors=${errors} />
    </div>
  `;
}
