// The options of an axis: the lines `value = Label` as rows of two boxes, and the selects that choose among them.
import { button, element, moved } from "./dom.js";

const parse = (text) =>
    text.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
        const [value, ...label] = line.split("=").map((part) => part.trim());
        return { value, label: label.join("=") || value };
    });
const write = (rows) =>
    rows.filter((row) => row.value || row.label).map((row) => `${row.value} = ${row.label || row.value}`).join("\n");

export function editOptions(root) {
    for (const box of root.querySelectorAll("textarea[data-option-lines]")) {
        if (box.name.includes("__prefix__") || box.dataset.edited) continue;
        box.dataset.edited = "yes";
        edit(box);
    }
}

function edit(box) {
    const scope = box.closest("tbody") ?? box.form;
    const list = element("div", { class: "at-rows" });
    let rows = parse(box.value);
    const store = () => {
        box.value = write(rows);
        offer(scope, rows);
    };
    const draw = () => {
        list.replaceChildren(
            ...rows.map((row, index) => line(row, index)),
            button("Add an option", () => {
                rows.push({ value: "", label: "" });
                draw();
                list.querySelectorAll("input[data-value]")[rows.length - 1].focus();
            }),
        );
        store();
    };
    const line = (row, index) => {
        const set = (part) => (event) => {
            row[part] = event.target.value;
            store();
        };
        const name = row.value || `option ${index + 1}`;
        return element(
            "div",
            { class: "at-row" },
            element("input", { value: row.value, placeholder: "value", "aria-label": "Value", "data-value": true, oninput: set("value") }),
            element("input", { value: row.label === row.value ? "" : row.label, placeholder: row.value || "Label", "aria-label": `Label of ${name}`, oninput: set("label") }),
            button("↑", () => { rows = moved(rows, index, -1); draw(); }, { title: `Move ${name} up` }),
            button("↓", () => { rows = moved(rows, index, 1); draw(); }, { title: `Move ${name} down` }),
            button("×", () => { rows.splice(index, 1); draw(); }, { title: `Remove ${name}`, kind: "at-remove" }),
        );
    };
    box.hidden = true;
    box.style.display = "none";
    box.after(list);
    draw();
    prefill(scope, box, (text) => { rows = parse(text); draw(); }, () => box.value);
}

// A reserved key brings the options that the studio expects, until the author has written others.
function prefill(scope, box, put, current) {
    const key = scope.querySelector("input[name$='key']:not([disabled])");
    if (!key || key.disabled) return;
    const expected = JSON.parse(box.dataset.expected ?? "{}");
    const control = scope.querySelector("select[name$='control']");
    let given = "";
    key.addEventListener("input", () => {
        if (current() !== given && current() !== "") return;
        const wanted = expected[key.value.trim()];
        given = wanted?.options ?? "";
        put(given);
        if (wanted && control) control.value = wanted.control;
    });
    control?.addEventListener("change", () => {
        if (control.value !== "toggle" || current() !== "") return;
        given = expected["*toggle"].options;
        put(given);
    });
}

// What can be the default, and what existing members can get, is what is written.
function offer(scope, rows) {
    for (const select of scope.querySelectorAll("select[data-option-select]")) {
        const chosen = select.value;
        const fixed = [...select.options].filter((option) => option.value === "" || option.value.startsWith("@"));
        const written = rows.filter((row) => row.value).map((row) => element("option", { value: row.value }, row.label || row.value));
        select.replaceChildren(...fixed, ...written);
        select.value = [...select.options].some((option) => option.value === chosen) ? chosen : "";
    }
}
