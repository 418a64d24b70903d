/** A family's form as the server describes it for the present picks, and what a request would cost and wait. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { dryRun, familyForm } from "./rest.js";

const QUOTE_DELAY = 250; // ms after the last key before the server is asked for a price
const QUOTE_AGE = 20_000; // ms after which the queue may have moved
const STALE_PICKS = new Set(["unknown_axis", "unknown_option"]);
const NO_QUOTE = { family: null, answer: null, problem: null };
const HARMLESS = new Set(["invalid_inputs"]); // shown on the fields; the person is still typing

/** `{form, problem, quote, selection}`; the form keeps the inputs of the last workflow while none is resolved. */
export function useForm(family, picks, ask, onStalePicks) {
  const [state, setState] = useState({ form: null, problem: null });
  const inputs = useRef({ family: null, descriptors: [] });
  const wanted = JSON.stringify(picks);

  useEffect(() => {
    if (!family) return undefined;
    const abort = new AbortController();
    familyForm(family, JSON.parse(wanted), abort.signal).then(
      (form) => setState({ form: withInputs(form, inputs), problem: null }),
      (problem) => {
        if (problem.name === "AbortError") return;
        if (STALE_PICKS.has(problem.code)) onStalePicks();
        else setState(({ form }) => ({ form: form?.key === family ? form : null, problem }));
      },
    );
    return () => abort.abort();
  }, [family, wanted]);

  const form = state.form?.key === family ? state.form : null;
  const selection = { ...form?.selection, ...picks };
  const quote = useQuote(form && family, selection, ask(form));
  return { form, problem: state.problem, selection, quote };
}

function withInputs(form, kept) {
  const own = form.descriptors.filter((descriptor) => descriptor.source === "input");
  if (form.resolved.workflow) {
    kept.current = { family: form.key, descriptors: own };
    return form;
  }
  const before = kept.current.family === form.key ? kept.current.descriptors : [];
  const axes = form.descriptors.filter((descriptor) => descriptor.source === "axis");
  return { ...form, descriptors: [...axes, ...before] };
}

function useQuote(family, selection, ask) {
  const [state, setQuote] = useState(NO_QUOTE);
  const [turn, setTurn] = useState(0);
  const body = JSON.stringify({ selection, ...ask });
  const refresh = useCallback(() => setTurn((turn) => turn + 1), []);

  useEffect(() => {
    const timer = setInterval(() => document.hidden || refresh(), QUOTE_AGE);
    return () => clearInterval(timer);
  }, []);

  useEffect(() => {
    if (!family) return undefined;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      dryRun(family, JSON.parse(body), abort.signal).then(
        (answer) => setQuote({ family, answer, problem: null }),
        (problem) => problem.name === "AbortError" || setQuote({ family, answer: null, problem }),
      );
    }, QUOTE_DELAY);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [family, body, turn]);

  const quote = state.family === family ? state : NO_QUOTE;
  const blocked = quote.problem && !HARMLESS.has(quote.problem.code) && !quote.problem.undecided;
  return { ...quote, blocked, refresh };
}

/** The inputs to send: what this form knows, emptied numbers left to their defaults. */
export function inputsOf(form, valueOf) {
  const inputs = {};
  for (const descriptor of form.descriptors) {
    if (descriptor.source !== "input") continue;
    const value = asSent(descriptor, valueOf(descriptor));
    if (value !== null && value !== undefined) inputs[descriptor.key] = value;
  }
  return inputs;
}

function asSent(descriptor, value) {
  if (descriptor.kind === "number") return value === "" || value === null ? null : Number(value);
  if (Array.isArray(value) && value.length === 0) return null;
  return value;
}

/** `width is required` of the rectangle that a message is about the width of. */
function withPart(path, message) {
  const part = path.filter((step) => typeof step === "string").join(" ");
  return part && /^[a-z]/.test(message) ? `${part} ${message}` : message;
}

/** Which message belongs to which field: `{fields: {key: [message]}, rest: [message]}`. */
export function errorsOf(problem, known) {
  const fields = {};
  const rest = [];
  for (const { loc, msg } of problem?.errors ?? []) {
    const key = loc.length > 1 && (loc[0] === "inputs" || loc[0] === "selection") ? loc[1] : loc[0];
    if (known.has(key)) (fields[key] ??= []).push(withPart(loc.slice(2), msg));
    else rest.push(String(loc) === "selection" ? msg : `${loc.join(".")}: ${msg}`); // all of the picks are no field
  }
  if (problem && !problem.errors.length) rest.push(problem.message);
  return { fields, rest };
}
