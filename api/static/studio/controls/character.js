import { html } from "../html.js";
import { Choices } from "../parts/choices.js";
import { useList } from "../parts/list.js";
import { local } from "../rest.js";

const NOBODY = "";

const LISTS = { product: "products", style: "styles" }; // any other key picks a subject

/** One of the person's subjects, products or styles. */
export function Character(props) {
  const { descriptor, value, onChange, id } = props;
  const list = LISTS[descriptor.key] ?? "subjects";
  const { items, problem } = useList(`/v1/${list}?limit=100`);
  if (problem) {
    const away = problem.status === 404;
    return html`<p class="hint" id=${id}>${away ? `This server has no ${list} to choose from.` : problem.message}</p>`;
  }
  if (!items) return html`<p class="hint" id=${id}>Looking for your ${list}…</p>`;
  if (!items.length) return html`<p class="hint" id=${id}>You have no ${list} yet. Make one through the API: POST /v1/${list}.</p>`;
  const options = items.map((item) => ({ value: String(item.id), label: item.name, picture: item.picture }));
  if (!descriptor.required) options.unshift({ value: NOBODY, label: "Nobody" });
  const draw = ({ value, label, picture }) =>
    picture
      ? html`<img class="avatar" src=${local(picture.url)} alt="" />`
      : html`<span class="avatar" aria-hidden="true">${value ? label[0] : "–"}</span>`;
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
