/** The person's generations: the list, the running ones followed by server-sent events, asking and cancelling. */

import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";

import { Problem, freshKey, rest } from "./rest.js";
import { TERMINAL, endingText, isLive } from "./words.js";

const PAGE = 24;
const STREAMS = 3; // a browser opens six connections to a host; pages and pictures need some of them
const LOOK_AGAIN = 4000; // ms between looks at the queue while something waits
const LOST = 10; // live generations beyond the first page that are looked up one by one

const EMPTY = { generations: {}, live: {}, next: null, loaded: false };

/** Every change goes through here: answers of the API and events of the streams. */
function reduce(state, { type, ...data }) {
  switch (type) {
    case "page":
      return { ...merged(state, data.page.results), next: data.keepNext ? state.next : data.page.next, loaded: true };
    case "generation":
      return merged(state, [data.generation]);
    case "forget": {
      const { [data.id]: _, ...generations } = state.generations;
      return { ...state, generations };
    }
    case "status":
      return data.prediction
        ? withPrediction(state, data.generation, data.prediction, { status: data.status })
        : withGeneration(state, data.generation, { status: data.status });
    case "output":
      return withPrediction(state, data.generation, data.prediction, { output: data.output, status: "succeeded" });
    case "progress":
    case "preview":
      return { ...state, live: { ...state.live, [data.prediction]: { ...state.live[data.prediction], ...data } } };
    default:
      throw new Error(`no such change: ${type}`);
  }
}

/** What has ended stays ended, however late an older answer comes. */
function merged(state, results) {
  const generations = { ...state.generations };
  for (const generation of results) {
    const known = generations[generation.id];
    if (!known || isLive(known) || !isLive(generation)) generations[generation.id] = generation;
  }
  return { ...state, generations };
}

function withGeneration(state, id, change) {
  const generation = state.generations[id];
  return generation && isLive(generation)
    ? { ...state, generations: { ...state.generations, [id]: { ...generation, ...change } } }
    : state;
}

function withPrediction(state, id, prediction, change) {
  const predictions = state.generations[id]?.predictions.map((item) =>
    item.id === prediction && isLive(item) ? { ...item, ...change } : item,
  );
  return predictions ? withGeneration(state, id, { predictions }) : state;
}

export function useJobs(announce) {
  const [state, change] = useReducer(reduce, EMPTY);
  const [problem, setProblem] = useState(null);
  const ordered = useMemo(
    () => Object.values(state.generations).sort((a, b) => b.created_at.localeCompare(a.created_at)),
    [state.generations],
  );
  const running = ordered.filter(isLive).reverse();

  const look = useCallback(
    (keepNext = false) =>
      rest(`/v1/generations?limit=${PAGE}`).then(
        (page) => (setProblem(null), change({ type: "page", page, keepNext }), page),
        (problem) => setProblem(problem),
      ),
    [],
  );
  const lookAt = useCallback(
    (id) =>
      rest(`/v1/generations/${id}`).then(
        (generation) => change({ type: "generation", generation }),
        (problem) => problem.status === 404 && change({ type: "forget", id }),
      ),
    [],
  );
  const more = useCallback(
    () => rest(state.next.replace(/^https?:\/\/[^/]+/, "")).then((page) => change({ type: "page", page }), setProblem),
    [state.next],
  );

  useEffect(() => void look(), []);
  useStreams(running.map((generation) => generation.id), change, lookAt, announce);
  useLooks(running, look, lookAt);

  const ask = useAsk(change);
  const cancel = (kind, id) =>
    rest(`/v1/${kind}/${id}/cancel`, { method: "POST" }).then((answer) => {
      announce("Canceled");
      if (answer.generation) change({ type: "generation", generation: answer.generation });
      else change({ type: "status", generation: answer.prediction.generation, prediction: id, status: answer.prediction.status });
    });
  const forget = (id) =>
    rest(`/v1/generations/${id}`, { method: "DELETE" }).then(() => change({ type: "forget", id }));
  return { ...state, ordered, running, problem, look, more: state.next ? more : null, ask, cancel, forget };
}

/** Generate, once: an ask that may have been heard is repeated under the same key. */
function useAsk(change) {
  const last = useRef(null);
  return async (ask) => {
    const body = JSON.stringify(ask);
    const key = last.current?.body === body ? last.current.key : freshKey();
    try {
      const headers = { "Idempotency-Key": key };
      const generation = await rest("/v1/generations", { method: "POST", json: ask, headers });
      last.current = null;
      change({ type: "generation", generation });
      return generation;
    } catch (problem) {
      last.current = problem instanceof Problem && problem.undecided ? { body, key } : null;
      throw problem;
    }
  };
}

function useVisible() {
  const [visible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const follow = () => setVisible(!document.hidden);
    document.addEventListener("visibilitychange", follow);
    follow(); // it may have been shown since the first render
    return () => document.removeEventListener("visibilitychange", follow);
  }, []);
  return visible;
}

/** One stream for each of the oldest live generations, while somebody looks; each replays from its beginning. */
function useStreams(live, change, lookAt, announce) {
  const open = useRef(new Map());
  const [turn, setTurn] = useState(0);
  const wanted = useVisible() ? live.slice(0, STREAMS) : [];
  useEffect(() => {
    for (const [id, stream] of open.current) {
      if (!wanted.includes(id)) {
        stream.close();
        open.current.delete(id);
      }
    }
    const lost = (id) => {
      open.current.delete(id);
      lookAt(id);
      setTimeout(() => setTurn((turn) => turn + 1), LOOK_AGAIN);
    };
    for (const id of wanted) {
      if (!open.current.has(id)) open.current.set(id, follow(id, { change, lookAt, announce, lost }));
    }
  }, [wanted.join(), turn]);
}

function follow(id, { change, lookAt, announce, lost }) {
  const stream = new EventSource(`/v1/generations/${id}/events`);
  const on = (name, act) => stream.addEventListener(name, (event) => act(JSON.parse(event.data)));
  on("status", (data) => {
    const ended = !data.prediction && TERMINAL.has(data.status);
    if (!ended) change({ type: "status", ...data }); // the whole of what has ended comes with `completed`
    if (!data.prediction && data.status === "processing") announce("Drawing has started");
  });
  for (const name of ["progress", "preview", "output"]) {
    on(name, (data) => change({ type: name, ...data, generation: id }));
  }
  on("completed", (data) => {
    stream.close();
    if (data.predictions) change({ type: "generation", generation: data });
    else lookAt(id);
    announce(endingText(data.status));
  });
  // A browser comes back by itself after a cut; only a refusal ends the stream for good.
  stream.addEventListener("error", () => stream.readyState === EventSource.CLOSED && lost(id));
  return stream;
}

/** Position and time left are no events: while something waits, or goes unfollowed, the list is read again. */
function useLooks(running, look, lookAt) {
  const visible = useVisible();
  const needed = visible && (running.length > STREAMS || running.some((generation) => generation.status === "starting"));
  const ids = useRef([]);
  ids.current = running.map((generation) => generation.id);
  useEffect(() => {
    if (!needed) return undefined;
    const timer = setInterval(async () => {
      const page = await look(true);
      const seen = new Set(page?.results.map((generation) => generation.id));
      if (page) ids.current.filter((id) => !seen.has(id)).slice(0, LOST).forEach(lookAt);
    }, LOOK_AGAIN);
    return () => clearInterval(timer);
  }, [needed]);
}
