import { useEffect, useRef, useState } from "preact/hooks";

import { known, useSource } from "../controls/media.js";
import { html } from "../html.js";
import { uploadPicture } from "../rest.js";
import { Icon } from "./icon.js";
import { drawStroke, isBlank, layerOf, maskFile, pictureAt, redraw } from "./strokes.js";

const BRUSH = { least: 1, most: 40, first: 12 }; // percent of the picture's longer side

/** A picture to paint over, in a dialog; hands on the mask that was painted as a stored picture. */
export function Painter({ source, mask, label, onDone, onClose }) {
  const dialog = useRef();
  const [erase, setErase] = useState(false);
  const [brush, setBrush] = useState(BRUSH.first);
  const [state, setState] = useState({ busy: false, problem: null });
  const layer = useLayer(source, mask);
  useEffect(() => dialog.current.showModal(), []);
  useEffect(() => setState((state) => ({ ...state, problem: null })), [layer.strokes]);

  const finish = async () => {
    if (isBlank(layer.canvas.current)) return setState({ busy: false, problem: "Nothing is painted yet: paint what is to change." });
    setState({ busy: true, problem: null });
    try {
      const asset = await uploadPicture(await maskFile(layer.canvas.current));
      known.set(asset.id, asset);
      onDone(asset.id);
      dialog.current.close();
    } catch (problem) {
      setState({ busy: false, problem: problem.message });
    }
  };
  const press = (event) => {
    event.stopPropagation(); // the form below is not meant
    if (event.key === "Enter" && event.target.matches("input")) event.preventDefault();
    if (event.key === "z" && (event.ctrlKey || event.metaKey)) (event.preventDefault(), layer.undo());
  };
  return html`
    <dialog class="painter" ref=${dialog} aria-labelledby="painter-title" onClose=${onClose} onKeyDown=${press}>
      <header>
        <h2 id="painter-title">Paint what is to change</h2>
        <button type="button" class="icon-button" onClick=${() => dialog.current.close()} aria-label="Close" title="Close"><${Icon} name="close" /></button>
      </header>
      <div class="paint-tools" role="group" aria-label="Tools">
        <div class="choices dock">
          ${[["Paint", false], ["Erase", true]].map(([name, erases]) => html`<button type="button" class="choice" key=${name} aria-pressed=${String(erase === erases)} onClick=${() => setErase(erases)}>${name}</button>`)}
        </div>
        <label class="brush-size"><span class="label">Brush</span>
          <input type="range" min=${BRUSH.least} max=${BRUSH.most} value=${brush} aria-valuetext="${brush} % of the picture" onInput=${(event) => setBrush(Number(event.target.value))} />
        </label>
        <button type="button" class="button small" disabled=${!layer.strokes.length} onClick=${layer.undo}><${Icon} name="undo" />Undo</button>
        <button type="button" class="button small" disabled=${!layer.painted} onClick=${layer.clear}>Clear</button>
      </div>
      <${Stage} ...${{ source, layer, erase, brush }} />
      ${(state.problem ?? layer.problem) && html`<p class="error" role="alert">${state.problem ?? layer.problem}</p>`}
      <footer>
        <p class="hint">Without a pointer, close this and upload the ${label.toLowerCase()} as a picture: white where it is to change.</p>
        <button type="button" class="button primary" disabled=${state.busy || !layer.size} onClick=${finish}>${state.busy ? "Saving…" : "Use this mask"}</button>
      </footer>
    </dialog>
  `;
}

/** The layer that is painted on, as large as the picture, with what can be taken back. */
function useLayer(source, mask) {
  const canvas = useRef();
  const base = useRef(null);
  const [size, setSize] = useState(null);
  const [strokes, setStrokes] = useState([]);
  const [problem, setProblem] = useState(null);
  const { source: before } = useSource(mask ?? "");

  useEffect(() => {
    pictureAt(source).then(
      ({ naturalWidth: width, naturalHeight: height }) => setSize({ width, height }),
      () => setProblem("The picture cannot be shown; choose it again."),
    );
  }, [source]);
  useEffect(() => {
    if (!size || !mask || !before) return;
    layerOf(before, size).then((layer) => ((base.current = layer), again(strokes)), () => setProblem("The mask there was cannot be shown; paint a new one."));
  }, [size, before]);

  const again = (strokes) => (redraw(canvas.current, base.current, strokes), setStrokes([...strokes]));
  return {
    ...{ canvas, size, strokes, problem },
    painted: strokes.length ? !strokes.at(-1).clear : Boolean(base.current),
    add: (stroke) => setStrokes([...strokes, stroke]),
    undo: () => again(strokes.slice(0, -1)),
    clear: () => again([...strokes, { clear: true }]),
  };
}

function Stage({ source, layer, erase, brush }) {
  const stroke = useRef(null);
  const ring = useRef();
  const { canvas, size } = layer;
  if (!size) return html`<div class="paint shimmer"></div>`;
  const thick = (brush / 100) * Math.max(size.width, size.height);

  const at = (event) => {
    const { left, top, width } = canvas.current.getBoundingClientRect();
    const scale = size.width / width;
    return { x: (event.clientX - left) * scale, y: (event.clientY - top) * scale, scale };
  };
  const draw = (events) => {
    const from = stroke.current.points.length;
    stroke.current.points.push(...events.map(at));
    drawStroke(canvas.current.getContext("2d"), stroke.current, from);
  };
  const start = (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    canvas.current.setPointerCapture(event.pointerId);
    stroke.current = { erase, size: thick, points: [] };
    draw([event]);
  };
  const move = (event) => {
    const { x, y, scale } = at(event);
    Object.assign(ring.current.style, { left: `${x / scale}px`, top: `${y / scale}px`, width: `${thick / scale}px`, height: `${thick / scale}px` });
    if (stroke.current) draw(event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]);
  };
  const end = () => {
    if (stroke.current) layer.add(stroke.current);
    stroke.current = null;
  };
  return html`<div class="paint" style=${{ "--ratio": size.width / size.height }}>
    <img src=${source} alt="The picture to paint over" />
    <canvas ref=${canvas} ...${size} onPointerDown=${start} onPointerMove=${move} onPointerUp=${end} onPointerCancel=${end}></canvas>
    <i class="brush-ring" ref=${ring}></i>
  </div>`;
}
