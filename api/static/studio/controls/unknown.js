import { html } from "../html.js";

/** A kind this page has no component for: said, and left at its default. */
export const Unknown = ({ descriptor }) => html`
  <p class="hint">This page cannot show a control of the kind “${descriptor.kind}”; its default is used.</p>
`;
Unknown.layout = "group";
