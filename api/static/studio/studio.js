/** The studio: a family's form on one side, the person's pictures on the other. */

import { render } from "preact";
import { useCallback, useEffect, useErrorBoundary, useState } from "preact/hooks";

import { useDraft } from "./draft.js";
import { inputsOf, useForm } from "./form.js";
import { html } from "./html.js";
import { useJobs } from "./jobs.js";
import { Families } from "./parts/families.js";
import { Gallery } from "./parts/gallery.js";
import { Notice } from "./parts/notice.js";
import { Panel } from "./parts/panel.js";
import { Picture } from "./parts/picture.js";
import { account, catalogue } from "./rest.js";

function Studio() {
  const [said, announce] = useState("");
  const [shelf, setShelf] = useState({ families: null, problem: null });
  const [opened, open] = useState(null);
  const draft = useDraft();
  const jobs = useJobs(announce);
  const { families } = shelf;

  const load = useCallback(() => catalogue().then((families) => setShelf({ families, problem: null }), (problem) => setShelf({ families: null, problem })), []);
  useEffect(() => void load(), []);
  useEffect(() => {
    if (!draft.family && families?.length) draft.set({ family: (families.find(({ available }) => available) ?? families[0]).key });
  }, [families, draft.family]);

  const askNow = (form) => ({ inputs: form ? inputsOf(form, draft.valueOf) : {}, num_predictions: draft.count });
  const view = useForm(draft.family, draft.picks, askNow, () => draft.setPicks(draft.family, {}));
  useEffect(() => view.quote.refresh(), [jobs.running.length]);
  const entries = jobs.ordered.flatMap((generation) => generation.predictions.map((prediction) => ({ generation, prediction })));
  const seen = entries.filter(({ prediction }) => prediction.output.length || prediction.id === opened);
  const index = seen.findIndex(({ prediction }) => prediction.id === opened);

  const reuse = (generation, prediction) => {
    const { selection: picks, inputs } = generation;
    draft.adopt(generation.family, { picks, inputs, seed: String(prediction.seed) });
    close("Settings taken over");
  };
  const refine = ({ family, input }, picture, generation) => {
    const { prompt } = generation.inputs;
    const inputs = { [input.key]: input.constraints?.multiple ? [picture.id] : picture.id };
    draft.adopt(family.key, { inputs: prompt ? { ...inputs, prompt } : inputs });
    close(`The picture is now the ${input.label} of ${family.display_name}`);
  };
  const close = (words) => {
    open(null);
    announce(words);
    requestAnimationFrame(() => document.querySelector(".panel textarea")?.focus());
  };

  return html`
    <a class="skip" href="#results">Skip to your pictures</a>
    <div class="unseen" role="status" aria-live="polite">${said}</div>
    <${Top} />
    <main class="room">
      <div class="side">
        <h1 class="unseen">Studio</h1>
        ${families && html`<${Families} families=${families} current=${draft.family} onOpen=${draft.openFamily} />`}
        <${Form} ...${{ shelf, load, view, draft, jobs, announce }} />
      </div>
      <${Gallery} jobs=${jobs} onOpen=${open} />
    </main>
    ${index >= 0 &&
    html`<${Picture}
      entry=${seen[index]}
      families=${families ?? []}
      jobs=${jobs}
      neighbours=${{ previous: seen[index - 1]?.prediction.id, next: seen[index + 1]?.prediction.id }}
      onOpen=${open}
      onClose=${() => open(null)}
      onReuse=${reuse}
      onRefine=${refine}
    />`}
  `;
}

/** The panel, or why there is none. */
function Form({ shelf, load, view, draft, jobs, announce }) {
  if (shelf.problem) {
    return html`<${Notice} problem=${shelf.problem} texts=${[shelf.problem.message]}><button type="button" class="button small" onClick=${load}>Try again</button><//>`;
  }
  if (shelf.families?.length === 0) {
    const where = account.is_staff ? html`<a href="/admin/families/family/add/">Make the first one in the admin.</a>` : "Ask an administrator to make one.";
    return html`<div class="nothing"><h3>No families yet</h3><p>A family is a product to draw with. ${where}</p></div>`;
  }
  if (view.form) return html`<${Panel} key=${view.form.key} ...${{ draft, view, jobs, announce }} />`;
  if (view.problem) return html`<${Notice} problem=${view.problem} texts=${[view.problem.message]} />`;
  return html`<div class="panel" aria-hidden="true"><div class="composer shimmer tall"></div></div>`;
}

const ICON = new URL("./icon.svg", import.meta.url).pathname;

const Top = () => html`
  <header class="top">
    <a class="brand" href="/studio/"><img src=${ICON} alt="" width="26" height="26" />Atelier</a>
    <nav class="top-links" aria-label="Account">
      ${account.is_staff && html`<a href="/admin/">Admin</a>`}
      <a href="/docs/" class="wide-only">API</a>
      <form method="post" action="/studio/sign-out/">
        <input type="hidden" name="csrfmiddlewaretoken" value=${account.csrf} />
        <span class="who wide-only">${account.username}</span>
        <button class="link" type="submit">Sign out</button>
      </form>
    </nav>
  </header>
`;

/** A fault of the page itself is said, never shown as a page that no longer moves. */
function Whole() {
  const [fault] = useErrorBoundary((error) => console.error(error));
  if (!fault) return html`<${Studio} />`;
  return html`<main class="door">
    <div class="door-card" role="alert">
      <h1>The studio stumbled</h1>
      <p>What you typed is kept, and whatever runs goes on. Load the page again to continue.</p>
      <button type="button" class="button primary" onClick=${() => location.reload()}>Load again</button>
    </div>
  </main>`;
}

const root = document.getElementById("studio");
root.replaceChildren();
render(html`<${Whole} />`, root);
