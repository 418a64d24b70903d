/** Which families can go on from a picture: those whose form takes one, as their descriptors say. */

import { useEffect, useState } from "preact/hooks";

import { familyForm } from "./rest.js";

const ASKED = 40; // forms read for one answer; a larger catalogue is cut short
const AT_ONCE = 4;
const read = new Map(); // `family@version` → its picture input, or null

/** The one input that a picture is for: a form that requires none or several leaves it to the person. */
function pictureInput({ descriptors }) {
  const media = descriptors.filter((descriptor) => descriptor.kind === "media" && descriptor.source === "input");
  const required = media.filter((descriptor) => descriptor.required);
  return (required.length === 1 && required[0]) || (required.length === 0 && media.length === 1 && media[0]) || null;
}

async function targetOf(family) {
  const name = `${family.key}@${family.version}`;
  if (!read.has(name)) read.set(name, pictureInput(await familyForm(family.key, {})));
  const input = read.get(name);
  return input && { family, input };
}

/** Families that change a picture come before those that only look at some. */
const rank = ({ input }) => (input.constraints?.multiple ? 1 : 0) + (input.required ? 0 : 2);

async function targetsAmong(families) {
  const usable = families.filter((family) => family.available).slice(0, ASKED);
  const found = [];
  for (let start = 0; start < usable.length; start += AT_ONCE) {
    const some = usable.slice(start, start + AT_ONCE).map((family) => targetOf(family).catch(() => null));
    found.push(...(await Promise.all(some)));
  }
  return found.filter(Boolean).sort((a, b) => rank(a) - rank(b));
}

/** null while they are looked for. */
export function useTargets(families) {
  const [targets, setTargets] = useState(null);
  useEffect(() => {
    let wanted = true;
    targetsAmong(families).then((found) => wanted && setTargets(found));
    return () => (wanted = false);
  }, [families]);
  return targets;
}
