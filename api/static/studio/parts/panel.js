/** The form: it assembles itself from the descriptors, each drawn by what the registry says. */

import { useEffect, useRef, useState } from "preact/hooks";

import { errorsOf, inputsOf } from "../form.js";
import { html } from "../html.js";
import { dryRun } from "../rest.js";
import { Ask } from "./ask.js";
import { Errors, Field } from "./field.js";
import { Notice } from "./notice.js";

const NO_ERRORS = { fields: {}, rest: [] };
const OWN_FIELDS = ["seed", "num_predictions"];
const MAX_WAYS = 3;

export function Panel({ draft, view, jobs, announce }) {
  const { form, quote, selection } = view;
  const element = useRef();
  const [refusal, setRefusal] = useState(null);
  const [errors, setErrors] = useState(NO_ERRORS);
  const [busy, setBusy] = useState(false);
  const [advanced, setAdvanced] = useState(false);

  useEffect(() => void performance.mark("studio-interactive"), []);

  const known = new Set([...form.descriptors.map(({ key }) => key), ...OWN_FIELDS]);
  const live = errorsOf(quote.problem, known);
  const errorsAt = (key) => [...new Set([...(errors.fields[key] ?? []), ...(live.fields[key] ?? [])])];
  const settle = (key) => setErrors(({ fields: { [key]: _, ...fields } }) => ({ fields, rest: [] }));

  const change = (descriptor, value) => {
    settle(descriptor.key);
    if (descriptor.source === "axis") draft.setPicks(form.key, { ...selection, [descriptor.key]: value });
    else draft.type(form.key, descriptor, value);
  };
  const refuse = (problem) => {
    const found = errorsOf(problem, known);
    setRefusal(problem);
    setErrors(found);
    const hidden = form.descriptors.filter((descriptor) => descriptor.placement === "advanced").map(({ key }) => key);
    if ([...hidden, "seed"].some((key) => found.fields[key])) setAdvanced(true);
    announce(problem.message);
    requestAnimationFrame(() => focusFirstError(element.current));
  };
  const generate = async (event) => {
    event?.preventDefault();
    if (busy || quote.blocked) return;
    setBusy(true);
    setErrors(NO_ERRORS);
    try {
      await jobs.ask(askOf(form, selection, draft));
      announce(draft.count > 1 ? `${draft.count} pictures asked for` : "Picture asked for");
      quote.refresh();
      showResults();
    } catch (problem) {
      refuse(problem);
    } finally {
      setBusy(false);
    }
  };
  const field = (descriptor) => html`<${Field}
    key=${descriptor.key}
    descriptor=${descriptor}
    value=${descriptor.source === "axis" ? (selection[descriptor.key] ?? null) : draft.valueOf(descriptor)}
    errors=${errorsAt(descriptor.key)}
    onChange=${(value) => change(descriptor, value)}
    beside=${(key) => valueBeside(form, draft, key)}
    explain=${descriptor.source === "axis" ? (value) => waysTo(form, selection, descriptor, value, draft.setPicks) : undefined}
  />`;
  const at = (placement) => form.descriptors.filter((descriptor) => descriptor.placement === placement);
  const [typed, docked] = [at("prompt").filter(isText), at("prompt").filter((descriptor) => !isText(descriptor))];
  const rest = [...errors.rest, ...(quote.blocked ? live.rest : [])];

  return html`
    <form
      class="panel"
      ref=${element}
      novalidate
      aria-label=${form.display_name}
      onSubmit=${generate}
      onKeyDown=${(event) => event.key === "Enter" && (event.metaKey || event.ctrlKey) && generate(event)}
    >
      <div class="panel-fields">
        ${form.description && html`<p class="description">${form.description}</p>`}
        ${typed.length + docked.length > 0 &&
        html`<div class="composer">
          ${typed.map(field)}
          ${docked.length > 0 && html`<div class="composer-dock">${docked.map(field)}</div>`}
        </div>`}
        ${at("main").map(field)}
        <details class="advanced" open=${advanced} onToggle=${(event) => setAdvanced(event.target.open)}>
          <summary>Advanced</summary>
          <div class="advanced-fields">
            ${at("advanced").map(field)}
            <${Seed} value=${draft.seed} errors=${errorsAt("seed")} onChange=${(seed) => (settle("seed"), draft.set({ seed }))} />
          </div>
        </details>
      </div>
      <${Ask} ...${{ draft, quote, busy }} rating=${form.resolved.rating} errors=${errorsAt("num_predictions")}>
        ${rest.length > 0 &&
        html`<${Notice} problem=${refusal} texts=${[...new Set(rest)]}>
          <${Nearest} form=${form} problem=${quote.problem} onPick=${(picks) => draft.setPicks(form.key, picks)} />
        <//>`}
      <//>
    </form>
  `;
}

/** What another control of the form holds: a mask is painted over a picture. */
function valueBeside(form, draft, key) {
  const other = form.descriptors.find((descriptor) => descriptor.key === key && descriptor.source === "input");
  return other ? draft.valueOf(other) : null;
}

const isText = (descriptor) => descriptor.kind === "text";

function askOf(form, selection, draft) {
  const ask = { family: form.key, selection, inputs: inputsOf(form, draft.valueOf), num_predictions: draft.count };
  return draft.seed === "" ? ask : { ...ask, seed: Number(draft.seed) };
}

function focusFirstError(panel) {
  const field = panel?.querySelector("[data-invalid]");
  const control = field?.querySelector("[aria-invalid]") ?? field?.querySelector("input, textarea, select, button");
  control?.focus();
}

/** On a narrow page the results are below the form. */
function showResults() {
  const results = document.getElementById("results");
  if (results.getBoundingClientRect().top > innerHeight * 0.7) results.scrollIntoView({ behavior: "smooth" });
}

/** What else would have to be picked so that this option can be: asked of the server, which knows every member. */
async function waysTo(form, selection, descriptor, value, setPicks) {
  const wish = { ...selection, [descriptor.key]: value };
  const label = descriptor.options.find((option) => option.value === value).label;
  try {
    await dryRun(form.key, { selection: wish });
  } catch (problem) {
    const near = (problem.body?.nearest ?? []).filter((other) => other[descriptor.key] === value).slice(0, MAX_WAYS);
    const options = near.map((picks) => ({ label: spelled(form, picks, wish), take: () => setPicks(form.key, picks) }));
    return { detail: options.length ? `${label} is made with other picks:` : problem.message, options };
  }
  setPicks(form.key, wish); // it has become possible since the form was read
  return null;
}

/** Only the picks that differ, as people read them. */
function spelled(form, picks, before) {
  const changed = form.axes.filter(({ key }) => picks[key] !== before[key]);
  return changed
    .map(({ key, display_name: name, options }) => `${name}: ${options.find(({ value }) => value === picks[key])?.label}`)
    .join(", ");
}

/** Buttons to the selections nearest to one that leads nowhere. */
const Nearest = ({ form, problem, onPick }) =>
  (problem?.body?.nearest ?? []).slice(0, MAX_WAYS).map(
    (picks) => html`<button type="button" class="button small" key=${JSON.stringify(picks)} onClick=${() => onPick(picks)}>
      ${spelled(form, picks, form.selection)}
    </button>`,
  );

const Seed = ({ value, errors, onChange }) => html`
  <div class="field stack" data-key="seed" data-invalid=${errors.length ? "" : undefined}>
    <div class="field-head">
      <label class="label" for="seed">Seed</label>
      ${value !== "" && html`<button type="button" class="link small" onClick=${() => onChange("")}>Reset<span class="unseen"> Seed</span></button>`}
    </div>
    <input
      class="input"
      id="seed"
      inputmode="numeric"
      placeholder="A new one each time"
      value=${value}
      aria-describedby="seed-help seed-error"
      aria-invalid=${errors.length ? "true" : undefined}
      onInput=${(event) => onChange(event.target.value.replace(/\D/g, ""))}
    />
    <p class="help" id="seed-help">The same seed and settings give the same picture.</p>
    <${Errors} id="seed-error" label="Seed" errors=${errors} />
  </div>
`;
