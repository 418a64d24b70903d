/** The REST API as this page uses it: same origin, the session's cookie, CSRF on everything that writes. */

export const account = JSON.parse(document.getElementById("account").textContent);

const UNREACHABLE = {
  code: "unreachable",
  detail: "The server cannot be reached. Check that it runs and try again; nothing you typed is lost.",
};

/** A refusal as the API words it; status 0 means that no answer came. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? `The server answered ${status} without saying why.`);
    this.status = status;
    this.code = body.code ?? "unknown";
    this.errors = body.errors ?? [];
    this.body = body;
  }

  /** Whether the request may have been carried out all the same. */
  get undecided() {
    return this.status === 0 || this.status >= 500;
  }
}

export async function rest(path, { method = "GET", json, form, headers = {}, signal } = {}) {
  const all = { Accept: "application/json", ...headers };
  if (method !== "GET") all["X-CSRFToken"] = account.csrf;
  if (json) all["Content-Type"] = "application/json";
  const request = { method, headers: all, body: json ? JSON.stringify(json) : form, signal };
  const { response, text } = await answered(path, request);
  const body = parsed(response, text);
  if (!response.ok) throw new Problem(response.status, body);
  return body;
}

/** What came, whole: an answer cut off or abandoned half-way is none. */
async function answered(path, request) {
  try {
    const response = await fetch(path, { credentials: "same-origin", ...request });
    return { response, text: await response.text() };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, UNREACHABLE);
  }
}

function parsed(response, text) {
  if (response.status === 204) return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(response.status, { detail: `The server answered ${response.status} with something else than JSON.` });
  }
}

/** An address the API gave, on this page's own origin: a proxy may have changed scheme or host. */
export function local(address) {
  const { pathname, search } = new URL(address, location.origin);
  return pathname + search;
}

/** A fresh Idempotency-Key; crypto.randomUUID would need https. */
export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const catalogue = () => rest("/v1/catalog").then((answer) => answer.results);

export const familyForm = (family, picks, signal) =>
  rest(`/v1/catalog/${encodeURIComponent(family)}?${new URLSearchParams(picks)}`, { signal });

export const dryRun = (family, ask, signal) =>
  rest(`/v1/catalog/${encodeURIComponent(family)}/resolve`, { method: "POST", json: ask, signal });

export const uploadPicture = (file) => {
  const form = new FormData();
  form.append("file", file);
  return rest("/v1/assets", { method: "POST", form });
};
