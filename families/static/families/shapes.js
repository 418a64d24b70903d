// What the rows of each document hold: the same vocabulary as the server's contract and recipe.
import { element } from "./dom.js";

// --- one box for one property; an empty one leaves the property out ------------------------------------------
const set = (item, key, value) => {
    if (value === "" || value === undefined || value === null || value === false) delete item[key];
    else item[key] = value;
};
const box = (type, read) => (key, label, more = {}) => ({
    key, label, type, ...more,
    input: (item, done) => element("input", {
        type: type === "number" ? "number" : "text", step: "any", value: item[key] ?? "",
        oninput: (event) => { set(item, key, read(event.target.value)); done(); },
    }),
});
const text = box("text", (value) => value);
const number = box("number", (value) => (value === "" ? "" : Number(value)));
const check = (key, label, more = {}) => ({
    key, label, type: "check", ...more,
    input: (item, done) => element("input", {
        type: "checkbox", checked: Boolean(item[key]),
        onchange: (event) => { set(item, key, event.target.checked); done(); },
    }),
});
const pick = (key, label, choices, more = {}) => ({
    key, label, type: "pick", ...more,
    input: (item, done) => element(
        "select",
        { onchange: (event) => { set(item, key, choices.find(([value]) => String(value) === event.target.value)?.[0]); if (event.target.value === "false") item[key] = false; done(); } },
        ...choices.map(([value, name]) => element("option", { value: String(value), selected: String(item[key] ?? "") === String(value) }, name)),
    ),
});
const lines = (key, label, more = {}) => ({
    key, label, type: "lines", ...more,
    input: (item, done) => {
        const area = element("textarea", {
            rows: Math.max(3, (item[key] ?? []).length), spellcheck: "false",
            onchange: (event) => { set(item, key, choices(event.target.value)); done(); },
        });
        area.value = (item[key] ?? []).map(({ value, label: name }) => (name && name !== value ? `${value} = ${name}` : value)).join("\n");
        return area;
    },
});
const choices = (written) => written.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
    const [value, ...name] = line.split("=").map((part) => part.trim());
    return name.length ? { value, label: name.join("=") } : { value };
});
const named = (...names) => names.map((name) => [name, name.replace("_", " ")]);

// --- the contract ---------------------------------------------------------------------------------------------
const KINDS = named("text", "number", "toggle", "dropdown", "aspect_ratio", "media", "mask", "character", "lora", "rectangle");
const LIMITS = {
    text: [number("max_length", "Longest text")],
    number: [number("minimum", "Minimum"), number("maximum", "Maximum"), number("multiple_of", "Multiple of"), check("integer", "Whole numbers only")],
    dropdown: [lines("options", "Options", { help: "one line each: value = Label", redraws: true })],
    aspect_ratio: [lines("options", "Ratios", { help: "one line each, such as 16:9", redraws: true })],
    media: [check("multiple", "Several"), number("max_items", "At most")],
    mask: [text("picture", "Over", { help: "the key of the picture it lies over" })],
    lora: [check("multiple", "Several"), number("max_items", "At most")],
};
const UNSET = ["", "none"];
const DEFAULTS = {
    text: () => [text("default", "Default")],
    number: () => [number("default", "Default")],
    toggle: () => [pick("default", "Default", [UNSET, [true, "on"], [false, "off"]])],
    dropdown: (item) => [pick("default", "Default", [UNSET, ...(item.options ?? []).map(({ value, label }) => [value, label || value])])],
};
DEFAULTS.aspect_ratio = DEFAULTS.dropdown;
const ALL_LIMITS = [...new Set(Object.values(LIMITS).flat().map((field) => field.key))];

// Another kind has other limits: those of the former one would be refused.
const kind = {
    ...pick("kind", "Kind", KINDS, { redraws: true }),
    input: (item, done) => element(
        "select",
        {
            onchange: (event) => {
                item.kind = event.target.value;
                const kept = (LIMITS[item.kind] ?? []).map((field) => field.key);
                for (const key of [...ALL_LIMITS, "default"]) if (!kept.includes(key)) delete item[key];
                done();
            },
        },
        ...KINDS.map(([value, name]) => element("option", { value, selected: item.kind === value }, name)),
    ),
};

const inputs = {
    name: "inputs", title: "Inputs", noun: "input", add: "Add an input", path: ["inputs"],
    none: "None yet: what a user can say to this workflow.",
    of: (document) => document.inputs ?? [],
    put: (document, items) => ({ ...document, inputs: items }),
    blank: () => ({ key: "", kind: "text", label: "" }),
    title_of: (item) => item.label || item.key,
    badges: (item) => [item.key, item.kind, item.required ? "required" : "", item.placement ?? "main"].filter(Boolean),
    fields: (item) => [
        text("key", "Key"),
        kind,
        text("label", "Label"),
        pick("placement", "Placement", named("main", "prompt", "advanced")),
        text("help", "Help"),
        ...(DEFAULTS[item.kind]?.(item) ?? []),
        ...(LIMITS[item.kind] ?? []),
        check("required", "Required"),
    ],
};
const outputs = {
    name: "outputs", title: "Outputs", noun: "output", add: "Add an output", path: ["outputs"],
    none: "None yet: without an image or video output the workflow cannot be a member of a family.",
    of: (document) => document.outputs ?? [],
    put: (document, items) => ({ ...document, outputs: items }),
    blank: () => ({ key: "image", kind: "image" }),
    title_of: (item) => item.key,
    badges: (item) => [item.kind],
    fields: () => [text("key", "Key"), pick("kind", "Kind", named("image", "video"), { redraws: true })],
};

// --- the recipe -----------------------------------------------------------------------------------------------
const list = (name, noun, title, none, source, fields) => ({
    name, noun, title, none, add: `Add a ${noun}`, path: [],
    of: (document) => document,
    put: (_, items) => items,
    blank: () => ({ [source]: "" }),
    title_of: (item) => item.name || item[source],
    badges: () => [],
    fields: () => fields,
});
const loras = list("loras", "LoRA", "", "None: the checkpoint draws alone.", "lora", [
    text("lora", "Source", { help: "pocket:NAME, or a file below the models folder" }),
    number("weight", "Weight", { help: "1 unless said" }),
    text("name", "Name"),
]);
const controlnets = list("controlnets", "ControlNet", "", "None.", "model", [
    text("model", "Source", { help: "pocket:NAME, a folder below the models folder, or a hub id with its revision" }),
    text("revision", "Revision"),
    text("preprocessor", "Preprocessor", { help: "such as canny; none if the picture is ready to follow" }),
    number("scale", "Scale", { help: "1 unless said" }),
]);

export const SHAPES = {
    contract: { empty: "{}", lists: [inputs, outputs] },
    loras: { empty: "[]", lists: [loras] },
    controlnets: { empty: "[]", lists: [controlnets] },
};
