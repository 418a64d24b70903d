import { useEffect, useRef, useState } from "preact/hooks";

import { html } from "../html.js";
import { rest, uploadPicture } from "../rest.js";
import { useList } from "./list.js";

/** A new subject, product or style, made where it is to be picked. */
export function NewConcept({ list, onMade }) {
  const [open, setOpen] = useState(false);
  const noun = list.slice(0, -1);
  if (!open) return html`<button type="button" class="button small new-concept" onClick=${() => setOpen(true)}>New ${noun}</button>`;
  const done = (concept) => {
    if (concept) onMade(concept);
    setOpen(false);
  };
  return html`<${Boxes} ...${{ list, noun, done }} />`;
}

function Boxes({ list, noun, done }) {
  const group = useRef();
  const [state, setState] = useState({ busy: false, problem: null });
  const { items: loras } = useList("/v1/loras?limit=100");
  const box = (name) => group.current.querySelector(`[name="concept-${name}"]`);
  useEffect(() => box("name").focus(), []);

  const make = async () => {
    const values = { name: box("name").value.trim(), trigger_word: box("word").value.trim(), lora: box("lora")?.value || null };
    if (!values.name) return (setState({ busy: false, problem: `Give the ${noun} a name.` }), box("name").focus());
    setState({ busy: true, problem: null });
    try {
      const [file] = box("picture").files;
      const picture = file ? (await uploadPicture(file)).id : null;
      done(await rest(`/v1/${list}`, { method: "POST", json: { ...values, picture } }));
    } catch (problem) {
      setState({ busy: false, problem: problem.message });
    }
  };
  const press = (event) => {
    if (event.key !== "Enter" || event.target.matches("button")) return;
    event.preventDefault(); // the form around it is not meant
    event.stopPropagation();
    make();
  };
  return html`
    <div class="concept" role="group" aria-label="New ${noun}" ref=${group} onKeyDown=${press}>
      <label><span class="label">Name</span><input class="input" name="concept-name" maxlength="120" /></label>
      <label><span class="label">Word for the prompt</span>
        <input class="input" name="concept-word" maxlength="80" autocapitalize="none" placeholder="As its LoRA was taught" />
      </label>
      ${loras?.length > 0 &&
      html`<label><span class="label">LoRA</span>
        <select class="input" name="concept-lora">
          <option value="">None</option>
          ${loras.map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}
        </select>
      </label>`}
      <label><span class="label">Picture, to know it by</span><input class="input" type="file" name="concept-picture" accept="image/png,image/jpeg,image/webp" /></label>
      ${state.problem && html`<p class="error" role="alert">${state.problem}</p>`}
      <div class="concept-actions">
        <button type="button" class="button small primary" disabled=${state.busy} onClick=${make}>${state.busy ? "Saving…" : `Make the ${noun}`}</button>
        <button type="button" class="button small" onClick=${() => done(null)}>Never mind</button>
      </div>
    </div>
  `;
}
