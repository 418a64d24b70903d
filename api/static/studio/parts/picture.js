import { useEffect, useRef, useState } from "preact/hooks";

import { html } from "../html.js";
import { local } from "../rest.js";
import { useTargets } from "../targets.js";
import { endingText, fileName, plural, whenText } from "../words.js";
import { Icon } from "./icon.js";
import { Shown, pictureOf, resultOf } from "./shown.js";

const LONG = 160; // characters of a prompt that are a title still

/** One finished (or failed) prediction: large, with how it was made and what can be done with it. */
export function Picture({ entry, families, jobs, neighbours, onOpen, onClose, onReuse, onRefine }) {
  const dialog = useRef();
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  const { generation, prediction } = entry;
  const result = resultOf(prediction);
  const prompt = generation.inputs.prompt ?? "";
  const turn = (event) => {
    const other = { ArrowLeft: neighbours.previous, ArrowRight: neighbours.next }[event.key];
    if (other && !event.target.closest("pre, input, video")) onOpen(other);
  };
  return html`
    <dialog class="viewer" ref=${dialog} aria-labelledby="viewer-title" onClose=${onClose} onKeyDown=${turn} onClick=${(event) => event.target === dialog.current && dialog.current.close()}>
      <div class="viewer-inner">
        <div class="viewer-stage">
          ${result
            ? html`<${Shown} key=${prediction.id} ...${{ prediction, prompt }} />`
            : html`<p class="viewer-empty"><${Icon} name="broken" />${endingText(prediction.status)}</p>`}
          <${Turn} to=${neighbours.previous} name="previous" label="Newer picture" onOpen=${onOpen} />
          <${Turn} to=${neighbours.next} name="next" label="Older picture" onOpen=${onOpen} />
        </div>
        <div class="viewer-side">
          <header>
            <${Title} key=${prompt} text=${prompt || "Without a prompt"} />
            <button type="button" class="icon-button" onClick=${() => dialog.current.close()} aria-label="Close" title="Close"><${Icon} name="close" /></button>
          </header>
          ${prediction.error && html`<p class="notice bad">${prediction.error.detail}</p>`}
          <${Facts} ...${{ generation, prediction, result, families }} />
          <${Actions} ...${{ generation, prediction, result, families, onReuse, onRefine }} />
          ${prediction.provenance &&
          html`<details class="provenance">
            <summary>Provenance</summary>
            <pre tabindex="0">${JSON.stringify(prediction.provenance, null, 2)}</pre>
          </details>`}
          <${Delete} key=${generation.id} ...${{ generation, jobs }} onDeleted=${onClose} />
        </div>
      </div>
    </dialog>
  `;
}

/** The prompt; of a long one the beginning, until more is wanted. */
function Title({ text }) {
  const [whole, setWhole] = useState(text.length <= LONG);
  return html`<div class=${text.length > LONG ? "long-title" : undefined}>
    <h2 id="viewer-title">${whole ? text : `${text.slice(0, LONG).trimEnd()}…`}</h2>
    ${text.length > LONG &&
    html`<button type="button" class="link small" aria-expanded=${String(whole)} onClick=${() => setWhole(!whole)}>${whole ? "Less of it" : "All of it"}</button>`}
  </div>`;
}

const Turn = ({ to, name, label, onOpen }) =>
  to && html`<button type="button" class="turn ${name}" onClick=${() => onOpen(to)} aria-label=${label} title=${label}><${Icon} name=${name} /></button>`;

function Facts({ generation, prediction, result, families }) {
  const family = families.find(({ key }) => key === generation.family);
  const labels = family
    ? family.axes.map(({ key, options }) => options.find(({ value }) => value === generation.selection[key])?.label)
    : Object.values(generation.selection);
  const facts = [
    ["Made with", [family?.display_name ?? generation.family, ...labels].filter(Boolean).join(" · ") || null],
    ["Seed", prediction.seed],
    ["Workflow", `${generation.workflow}, version ${generation.version}`],
    ["Size", result && `${result.width} × ${result.height}`],
    ["Drawn in", prediction.metrics.predict_time && `${prediction.metrics.predict_time.toFixed(1)} s`],
    ["Asked for", whenText(generation.created_at)],
  ];
  return html`<dl class="facts">
    ${facts.filter(([, fact]) => fact).map(([name, fact]) => html`<div key=${name}><dt>${name}</dt><dd>${fact}</dd></div>`)}
  </dl>`;
}

/** What can be done with it: the likeliest way on first. */
function Actions({ generation, prediction, result, families, onReuse, onRefine }) {
  const picture = pictureOf(prediction);
  const targets = useTargets(families);
  const [best, ...others] = targets ?? [];
  const go = (target) => onRefine(target, picture, generation);
  const where = ({ family, input }) => `As “${input.label}” of ${family.display_name}`;
  const name = fileName(generation.inputs.prompt, prediction.seed, result?.content_type ?? "image/png");
  return html`<div class="actions">
    ${picture &&
    (best || !targets) &&
    html`<button type="button" class="button primary" aria-disabled=${best ? undefined : "true"} title=${best && where(best)} onClick=${() => best && go(best)}>Refine this</button>`}
    ${result && html`<a class="button" href=${local(result.url)} download=${name}>Download</a>`}
    <${Reuse} ...${{ generation, prediction, families, onReuse }} />
    ${picture &&
    others.map((target) => html`<button type="button" class="button" key=${target.family.key} title=${where(target)} onClick=${() => go(target)}>Use in ${target.family.display_name}</button>`)}
  </div>`;
}

function Reuse({ generation, prediction, families, onReuse }) {
  if (families.some(({ key }) => key === generation.family)) {
    return html`<button type="button" class="button" onClick=${() => onReuse(generation, prediction)}>Use these settings</button>`;
  }
  return html`<p class="hint">${generation.family ? "Its family is gone from the catalogue" : "It was made without a family"}, so its settings fit no form here.</p>`;
}

/** Asked twice: it cannot be undone. */
function Delete({ generation, jobs, onDeleted }) {
  const [sure, setSure] = useState(false);
  const [problem, setProblem] = useState(null);
  const count = generation.predictions.length;
  const what = count > 1 ? `all ${plural(count, "picture")} of this request` : "this picture";
  const act = () => (sure ? jobs.forget(generation.id).then(onDeleted, setProblem) : setSure(true));
  return html`
    <button type="button" class="link danger" onClick=${act}>${sure ? `Really delete ${what}? It cannot be undone` : `Delete ${what}`}</button>
    ${problem && html`<p class="error" role="alert">${problem.message}</p>`}
  `;
}
