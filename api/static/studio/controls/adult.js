import { html } from "../html.js";
import { Switch } from "../parts/switch.js";
import { account } from "../rest.js";
import { Toggle } from "./toggle.js";

/** The 18+ toggle: locked, saying why, until the account's age is verified. The server decides all the same. */
export function Adult(props) {
  if (account.age_verified) return html`<${Toggle} ...${props} />`;
  const { id, labelledBy, describedBy } = props;
  return html`
    <span class="lock" aria-hidden="true"><svg viewBox="0 0 16 16"><path d="M5 7V5a3 3 0 0 1 6 0v2M4 7h8v6H4z" /></svg></span>
    <${Switch} ...${{ id, on: false, onChange: () => {}, labelledBy, describedBy, reason: "Your age is not verified." }} />
    <p class="hint wide" id="${id}-why">
      18+ is for accounts whose age is verified. An administrator can verify yours.
    </p>
  `;
}
Adult.layout = "row";
