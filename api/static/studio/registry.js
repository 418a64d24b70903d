/** Which component draws which descriptor. A new kind of control is a component and one line here.
 *
 * A component gets `{descriptor, id, value, onChange, explain, beside, labelledBy, describedBy, invalid}`, where
 * `beside(key)` is what another control of the form holds, and may carry
 * `layout`: "group" when it is several widgets under one label, "row" when it stands beside its label,
 * "own" when it draws its label itself.
 */

import { Adult } from "./controls/adult.js";
import { Character } from "./controls/character.js";
import { Dropdown } from "./controls/dropdown.js";
import { Flavour } from "./controls/flavour.js";
import { Lora } from "./controls/lora.js";
import { Mask } from "./controls/mask.js";
import { Media } from "./controls/media.js";
import { NumberControl } from "./controls/number.js";
import { Ratio } from "./controls/ratio.js";
import { Rectangle } from "./controls/rectangle.js";
import { Text } from "./controls/text.js";
import { Toggle } from "./controls/toggle.js";
import { Unknown } from "./controls/unknown.js";

const KINDS = {
  aspect_ratio: Ratio,
  character: Character,
  dropdown: Dropdown,
  lora: Lora,
  mask: Mask,
  media: Media,
  number: NumberControl,
  rectangle: Rectangle,
  text: Text,
  toggle: Toggle,
};

const RESERVED = {
  aspect_ratio: Ratio,
  input_model: Flavour,
  is_nsfw: Adult,
};

export const controlOf = (descriptor) =>
  (descriptor.reserved && RESERVED[descriptor.key]) || KINDS[descriptor.kind] || Unknown;
