import { html } from "../html.js";
import { Choices } from "../parts/choices.js";
import { useList } from "../parts/list.js";

const NOBODY = "";

/** One of the person's subjects. */
export function Character(props) {
  const { descriptor, value, onChange, id } = props;
  const { items, problem } = useList("/v1/subjects?limit=100");
  if (problem) {
    const away = problem.status === 404;
    return html`<p class="hint" id=${id}>${away ? "This server has no characters to choose from." : problem.message}</p>`;
  }
  if (!items) return html`<p class="hint" id=${id}>Looking for your characters…</p>`;
  if (!items.length) return html`<p class="hint" id=${id}>You have no characters yet. Make one through the API: POST /v1/subjects.</p>`;
  const options = items.map((item) => ({ value: String(item.id), label: item.name }));
  if (!descriptor.required) options.unshift({ value: NOBODY, label: "Nobody" });
  const draw = (option) => html`<span class="avatar" aria-hidden="true">${option.value ? option.label[0] : "–"}</span>`;
  return html`<${Choices}
    ...${props}
    options=${options}
    value=${value ?? NOBODY}
    onChange=${(picked) => onChange(picked || null)}
    look="people"
    draw=${draw}
  />`;
}
Character.layout = "group";
