import { html } from "../html.js";
import { Choices } from "../parts/choices.js";
import { NewConcept } from "../parts/concept.js";
import { useList } from "../parts/list.js";
import { local } from "../rest.js";

const NOBODY = "";

const LISTS = { product: "products", style: "styles" }; // any other key picks a subject

/** One of the person's subjects, products or styles, or a new one. */
export function Character(props) {
  const { descriptor, value, onChange, id } = props;
  const list = LISTS[descriptor.key] ?? "subjects";
  const { items, problem, add } = useList(`/v1/${list}?limit=100`);
  if (problem) return html`<p class="hint" id=${id}>${problem.message}</p>`;
  if (!items) return html`<p class="hint" id=${id}>Looking for your ${list}…</p>`;
  const options = items.map((item) => ({ value: String(item.id), label: item.name, picture: item.picture }));
  if (!descriptor.required) options.unshift({ value: NOBODY, label: list === "subjects" ? "Nobody" : "None" });
  const draw = ({ value, label, picture }) =>
    picture
      ? html`<img class="avatar" src=${local(picture.url)} alt="" />`
      : html`<span class="avatar" aria-hidden="true">${value ? label[0] : "–"}</span>`;
  const made = (concept) => {
    add(concept);
    onChange(concept.id);
  };
  return html`
    ${items.length === 0 && html`<p class="hint">You have no ${list} yet.</p>`}
    ${items.length > 0 &&
    html`<${Choices}
      ...${props}
      options=${options}
      value=${value ?? NOBODY}
      onChange=${(picked) => onChange(picked || null)}
      look="people"
      draw=${draw}
    />`}
    <${NewConcept} list=${list} onMade=${made} />
  `;
}
Character.layout = "group";
