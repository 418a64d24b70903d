import { html } from "../html.js";

/** What went wrong with the whole of something, and what to do. */
export const Notice = ({ problem, texts = [], children }) => {
  const signedOut = problem?.status === 401;
  const back = encodeURIComponent(location.pathname + location.search);
  return html`<div class="notice bad" role="alert">
    ${signedOut
      ? html`<p>You are signed out. <a href="/studio/sign-in/?next=${back}">Sign in again</a>; what you typed is kept.</p>`
      : texts.map((text) => html`<p key=${text}>${text}</p>`)}
    ${children}
  </div>`;
};
