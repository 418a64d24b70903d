import { useEffect, useRef, useState } from "preact/hooks";

import { html } from "../html.js";

const SEARCHED = 8; // more families than this get a search field

/** Which product to use: real links, so that each can be kept and shared. */
export function Families({ families, current, onOpen }) {
  const list = useRef();
  const [words, setWords] = useState("");
  useEffect(() => {
    list.current.querySelector("[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [current]);
  const wanted = words.trim().toLowerCase();
  const shown = families.filter(({ display_name: name, description }) => `${name} ${description}`.toLowerCase().includes(wanted));
  const open = (event, key) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    onOpen(key);
  };
  return html`
    <nav class="families" aria-label="Families">
      ${families.length > SEARCHED &&
      html`<input
        class="input"
        type="search"
        placeholder="Find one of ${families.length} families"
        aria-label="Find a family"
        value=${words}
        onInput=${(event) => setWords(event.target.value)}
      />`}
      <ul ref=${list}>
        ${shown.map(
          (family) => html`<li key=${family.key}>
            <a
              href="?family=${family.key}"
              class="tab ${family.available ? "" : "away"}"
              aria-current=${family.key === current ? "page" : undefined}
              title=${family.available ? family.description : "Nothing of this family can be used at the moment."}
              onClick=${(event) => open(event, family.key)}
              >${family.display_name}${family.available ? "" : html`<span class="unseen"> (unavailable)</span>`}</a
            >
          </li>`,
        )}
        ${!shown.length && html`<li class="hint">No family is called that.</li>`}
      </ul>
    </nav>
  `;
}
