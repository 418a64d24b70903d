import { h } from "preact";
import htm from "htm";

/** Markup as tagged templates: no build step turns it into calls. */
export const html = htm.bind(h);
