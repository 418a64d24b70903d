import { useRef, useState } from "preact/hooks";

import { html } from "../html.js";
import { Icon } from "../parts/icon.js";
import { useList } from "../parts/list.js";
import { rest } from "../rest.js";

const WEIGHTS = { min: -2, max: 2, step: 0.05 };

/** The person's LoRAs: which ones, how strongly, and bringing another. */
export function Lora({ descriptor, id, value, onChange, labelledBy, describedBy, invalid }) {
  const input = useRef();
  const { items, problem, add } = useList("/v1/loras?limit=100");
  const [upload, setUpload] = useState({ busy: false, problem: null });
  const { multiple, max_items: limit } = descriptor.constraints ?? {};
  const used = multiple ? (value ?? []) : value ? [value] : [];
  const put = (uses) => onChange(multiple ? uses : (uses.at(-1) ?? null));
  const others = (items ?? []).filter((item) => !used.some((use) => use.lora === item.id));
  const full = used.length >= (multiple ? (limit ?? Infinity) : 1);
  const nameOf = (lora) => items?.find((item) => item.id === lora)?.name ?? "A LoRA that is gone";

  const bring = async (file) => {
    if (!file) return;
    setUpload({ busy: true, problem: null });
    try {
      const lora = await sendLora(file);
      add(lora);
      if (!full) put([...used, { lora: lora.id, weight: 1 }]);
      setUpload({ busy: false, problem: null });
    } catch (problem) {
      setUpload({ busy: false, problem: problem.message });
    }
  };
  return html`
    <div class="loras" role="group" aria-labelledby=${labelledBy} aria-describedby=${describedBy}>
      ${used.map(
        (use, index) => html`<${Use}
          key=${use.lora}
          id="${id}-${index}"
          name=${nameOf(use.lora)}
          weight=${use.weight ?? 1}
          onWeight=${(weight) => put(used.map((other) => (other === use ? { ...use, weight } : other)))}
          onRemove=${() => put(used.filter((other) => other !== use))}
        />`,
      )}
      <div class="lora-add">
        ${others.length > 0 &&
        !full &&
        html`<select
          class="input"
          id=${id}
          aria-labelledby=${labelledBy}
          aria-invalid=${invalid ? "true" : undefined}
          value=""
          onChange=${(event) => put([...used, { lora: event.target.value, weight: 1 }])}
        >
          <option value="">Add a LoRA…</option>
          ${others.map((item) => html`<option key=${item.id} value=${item.id}>${item.name}</option>`)}
        </select>`}
        <button type="button" class="button small" disabled=${upload.busy} onClick=${() => input.current.click()}>
          ${upload.busy ? "Uploading…" : "Upload a LoRA"}
        </button>
        <input ref=${input} type="file" hidden accept=".safetensors" data-upload=${descriptor.key}
          onChange=${(event) => (bring(event.target.files[0]), (event.target.value = ""))} />
      </div>
      ${(upload.problem || problem) && html`<p class="error" role="alert">${upload.problem ?? problem.message}</p>`}
    </div>
  `;
}
Lora.layout = "group";

const Use = ({ id, name, weight, onWeight, onRemove }) => html`
  <div class="lora">
    <label for=${id}>${name}</label>
    <input class="input" type="number" id=${id} ...${WEIGHTS} value=${weight} title="How strongly it speaks" onInput=${(event) => onWeight(Number(event.target.value))} />
    <button type="button" class="icon-button" onClick=${onRemove} aria-label="Remove ${name}" title="Remove">
      <${Icon} name="close" />
    </button>
  </div>
`;

function sendLora(file) {
  const form = new FormData();
  form.append("file", file);
  form.append("name", file.name.replace(/\.safetensors$/i, "").slice(0, 120));
  return rest("/v1/loras", { method: "POST", form });
}
