/** What the person has picked and typed, kept for every family and through a reload. */

import { useCallback, useEffect, useState } from "preact/hooks";

import { account } from "./rest.js";

const STORE = `atelier.studio.${account.username}`;
const EMPTY = { family: null, families: {}, shared: {}, seed: "", count: 1 };
const BLANK = { picks: {}, typed: {} };

/** The prompt goes with the person from family to family; everything else stays with its family. */
const isShared = (descriptor) => descriptor.kind === "text" && descriptor.placement === "prompt";

function remembered() {
  try {
    return { ...EMPTY, ...JSON.parse(sessionStorage.getItem(STORE)) };
  } catch {
    return EMPTY;
  }
}

function remember(draft) {
  try {
    sessionStorage.setItem(STORE, JSON.stringify(draft));
  } catch {
    // A full or forbidden store costs the memory of a reload, nothing else.
  }
}

const linked = () => new URLSearchParams(location.search).get("family");

export function useDraft() {
  const [draft, setDraft] = useState(() => {
    const draft = remembered();
    return { ...draft, family: linked() ?? draft.family };
  });
  useEffect(() => remember(draft), [draft]);

  useEffect(() => {
    const follow = () => setDraft((draft) => ({ ...draft, family: linked() ?? draft.family }));
    addEventListener("popstate", follow);
    return () => removeEventListener("popstate", follow);
  }, []);

  const own = draft.families[draft.family] ?? BLANK;

  const openFamily = useCallback((family) => {
    if (linked() !== family) history.pushState(null, "", `?family=${encodeURIComponent(family)}`);
    setDraft((draft) => ({ ...draft, family }));
  }, []);

  const fill = useCallback((family, change) => {
    setDraft((draft) => {
      const own = draft.families[family] ?? BLANK;
      return { ...draft, families: { ...draft.families, [family]: { ...own, ...change(own) } } };
    });
  }, []);

  const setPicks = useCallback((family, picks) => fill(family, () => ({ picks })), [fill]);

  const type = useCallback((family, descriptor, value) => {
    if (isShared(descriptor)) {
      setDraft((draft) => ({ ...draft, shared: { ...draft.shared, [descriptor.key]: value } }));
    } else {
      fill(family, (own) => ({ typed: { ...own.typed, [descriptor.key]: value } }));
    }
  }, [fill]);

  /** Take over the settings of an earlier generation, whole or in part. */
  const adopt = useCallback((family, { picks = {}, inputs = {}, seed = "", count = 1 }) => {
    setDraft((draft) => ({
      ...draft,
      families: { ...draft.families, [family]: { picks, typed: inputs } },
      shared: { ...draft.shared, ...inputs },
      seed,
      count,
    }));
    openFamily(family);
  }, [openFamily]);

  const valueOf = (descriptor) => {
    const typed = (isShared(descriptor) ? draft.shared : own.typed)[descriptor.key];
    return typed === undefined ? descriptor.default : typed;
  };

  const set = (change) => setDraft((draft) => ({ ...draft, ...change }));
  return { ...draft, picks: own.picks, openFamily, setPicks, type, adopt, valueOf, set };
}
