import { useCallback, useEffect, useState } from "preact/hooks";

import { rest } from "../rest.js";

const kept = new Map(); // path → items: every control of a kind shows the same list

/** The results of a listing route, asked for once: `{items, problem, add}`. */
export function useList(path) {
  const [state, setState] = useState({ items: kept.get(path) ?? null, problem: null });
  useEffect(() => {
    if (kept.has(path)) return;
    rest(path).then(
      ({ results }) => {
        kept.set(path, results);
        setState({ items: results, problem: null });
      },
      (problem) => setState({ items: null, problem }),
    );
  }, [path]);
  const add = useCallback((item) => {
    kept.set(path, [item, ...(kept.get(path) ?? [])]);
    setState({ items: kept.get(path), problem: null });
  }, [path]);
  return { ...state, add };
}
