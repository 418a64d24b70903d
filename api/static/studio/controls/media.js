import { useEffect, useRef, useState } from "preact/hooks";

import { html } from "../html.js";
import { Icon } from "../parts/icon.js";
import { local, rest, uploadPicture } from "../rest.js";

const TYPES = "image/png,image/jpeg,image/webp";
export const known = new Map(); // asset id → what the API says of it
export const PLACED = "application/x-atelier-asset"; // a picture dragged from the gallery

/** A reference, or `{image, scale…}` where an earlier generation said more about it. */
const referenceOf = (item) => (typeof item === "string" ? item : item.image);
const pictures = (files) => [...files].filter((file) => file.type.startsWith("image/"));

export function Media({ descriptor, id, value, onChange, labelledBy, describedBy, invalid, offer = "Choose a picture" }) {
  const input = useRef();
  const [state, setState] = useState({ busy: false, problem: null, over: false });
  const { multiple, max_items: limit } = descriptor.constraints ?? {};
  const items = multiple ? (value ?? []) : value ? [value] : [];
  const room = multiple ? (limit ?? Infinity) - items.length : 1;
  const put = (items) => onChange(multiple ? items : (items.at(-1) ?? null));

  const take = async (files) => {
    const chosen = pictures(files).slice(0, room);
    if (!chosen.length) return setState({ busy: false, problem: "That is no picture: give a PNG, JPEG or WebP file." });
    setState({ busy: true, problem: null });
    try {
      const assets = await Promise.all(chosen.map(uploadPicture));
      for (const asset of assets) known.set(asset.id, asset);
      put([...items, ...assets.map((asset) => asset.id)]);
      setState({ busy: false, problem: null });
    } catch (problem) {
      setState({ busy: false, problem: problem.message });
    }
  };
  const drop = (event) => {
    event.preventDefault();
    setState((state) => ({ ...state, over: false }));
    const placed = event.dataTransfer.getData(PLACED);
    if (placed) put([...items, placed].slice(0, items.length + room));
    else take(event.dataTransfer.files);
  };
  usePaste(room > 0 && (multiple || !items.length) ? take : null);

  const open = room > 0 && (multiple || !items.length);
  return html`
    <div
      class="media ${state.over ? "over" : ""}"
      role="group"
      aria-labelledby=${labelledBy}
      aria-describedby=${[describedBy, state.problem && `${id}-upload`].filter(Boolean).join(" ") || undefined}
      onDragOver=${(event) => (event.preventDefault(), setState((state) => ({ ...state, over: true })))}
      onDragLeave=${() => setState((state) => ({ ...state, over: false }))}
      onDrop=${drop}
    >
      ${items.map(
        (item, index) => html`<${Thumb}
          key=${referenceOf(item)}
          reference=${referenceOf(item)}
          label=${descriptor.label}
          onRemove=${() => put(items.filter((_, other) => other !== index))}
        />`,
      )}
      ${open &&
      html`<button type="button" class="drop" id=${id} aria-invalid=${invalid ? "true" : undefined} disabled=${state.busy} onClick=${() => input.current.click()}>
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 16V5m0 0L8 9m4-4 4 4M5 16v3h14v-3" /></svg>
        <span>${state.busy ? "Uploading…" : html`<b>${offer}</b>, drop or paste one`}</span>
        <span class="unseen"> for ${descriptor.label}</span>
      </button>`}
      <input
        ref=${input}
        type="file"
        hidden
        accept=${TYPES}
        multiple=${Boolean(multiple)}
        data-upload=${descriptor.key}
        onChange=${(event) => {
          take(event.target.files);
          event.target.value = "";
        }}
      />
    </div>
    ${state.problem && html`<p class="error" id="${id}-upload" role="alert">${state.problem}</p>`}
  `;
}
Media.layout = "group";

/** A picture pasted anywhere goes to the first control that has room for it. */
function usePaste(take) {
  const now = useRef();
  now.current = take;
  useEffect(() => {
    const paste = (event) => {
      if (event.defaultPrevented || !now.current || !pictures(event.clipboardData.files).length) return;
      event.preventDefault();
      now.current(event.clipboardData.files);
    };
    document.addEventListener("paste", paste);
    return () => document.removeEventListener("paste", paste);
  }, []);
}

function Thumb({ reference, label, onRemove }) {
  const { source, gone } = useSource(reference);
  return html`<div class="thumb">
    ${source ? html`<img src=${source} alt="The picture given as ${label}" />` : html`<span class="hint">${gone ?? "…"}</span>`}
    <button type="button" class="icon-button" onClick=${onRemove} aria-label="Remove the picture from ${label}" title="Remove">
      <${Icon} name="close" />
    </button>
  </div>`;
}

/** Where a referenced picture can be seen: only this server's own are shown. */
export function useSource(reference) {
  const [asset, setAsset] = useState(known.get(reference));
  const [gone, setGone] = useState(null);
  const inline = reference.startsWith("data:");
  const elsewhere = reference.includes("://");
  useEffect(() => {
    if (!reference || asset || inline || elsewhere) return;
    rest(`/v1/assets/${reference}`).then(
      (asset) => {
        known.set(reference, asset);
        setAsset(asset);
      },
      () => setGone("This picture is gone; remove it and choose another."),
    );
  }, [reference]);
  if (inline) return { source: reference };
  return { source: asset && local(asset.url), gone: elsewhere ? reference : gone };
}
