// A workflow's JSON documents (its contract, its LoRAs and ControlNets) as rows that can be added, removed and
// moved. The text box underneath stays the submitted value, and can be shown and edited as it is.
import { button, element, moved } from "./dom.js";
import { SHAPES } from "./shapes.js";

export function editDocuments(root) {
    for (const box of root.querySelectorAll("textarea[data-document]")) edit(box);
}

function edit(box) {
    const shape = SHAPES[box.dataset.document];
    const problems = JSON.parse(box.dataset.problems ?? "[]");
    const place = element("div", { class: "at-document" });
    const raw = button("Edit as JSON", () => toggle(), {});
    let open = new Set();

    const read = () => JSON.parse(box.value.trim() || shape.empty);
    const write = (value) => { box.value = JSON.stringify(value, null, 2); };

    function draw() {
        let value;
        try {
            value = read();
        } catch {
            return false; // what somebody is writing by hand stays theirs
        }
        const held = focused();
        place.replaceChildren(...shape.lists.map((list) => listOf(list, value)));
        if (held) place.querySelector(held)?.focus();
        return true;
    }

    // Where the author is, so that drawing the rows anew does not take the box away.
    function focused() {
        const card = document.activeElement?.closest("[data-card]")?.dataset.card;
        const field = document.activeElement?.closest("[data-field]")?.dataset.field;
        return card && field ? `[data-card="${card}"] [data-field="${field}"] :is(input, select, textarea)` : null;
    }

    function listOf(list, value) {
        const items = list.of(value);
        const put = (changed) => {
            value = list.put(value, changed);
            write(value);
            draw();
        };
        const cards = items.map((item, index) => card(list, items, item, index, put, () => write(list.put(value, items))));
        const add = button(list.add, () => {
            open.add(`${list.name}.${items.length}`);
            put([...items, list.blank()]);
            place.querySelector(`[data-card="${list.name}.${items.length}"] input, [data-card="${list.name}.${items.length}"] select`)?.focus();
        });
        return element(
            "section",
            { class: "at-list-editor", "data-list": list.name },
            element("h4", {}, list.title),
            ...(items.length ? cards : [element("p", { class: "at-hint" }, list.none)]),
            add,
        );
    }

    function card(list, items, item, index, put, store) {
        const id = `${list.name}.${index}`;
        const own = problemsAt(list.path.concat(index));
        const fields = list.fields(item);
        const named = () => list.title_of(item) || `${list.noun} ${index + 1}`;
        const name = named();
        const heading = element("span", { class: "at-heading" });
        const head = () => heading.replaceChildren(
            element("strong", {}, named()),
            ...list.badges(item).map((text) => element("span", { class: "at-badge" }, text)),
        );
        const changed = () => { store(); head(); };
        // After the click that may have ended the typing has put the focus elsewhere.
        const redraw = () => { store(); setTimeout(draw); };
        const tell = (field) => own.filter((problem) => fieldOf(problem, fields) === field).map((problem) => element("p", { class: "at-errors", role: "alert" }, problem.msg));
        const shift = (step) => {
            const was = open.has(id);
            open = new Set([...open].filter((each) => !each.startsWith(`${list.name}.`)));
            if (was) open.add(`${list.name}.${index + step}`);
            put(moved(items, index, step));
        };
        head();
        const tools = element(
            "span",
            { class: "at-tools" },
            button("↑", () => shift(-1), { title: `Move ${name} up` }),
            button("↓", () => shift(1), { title: `Move ${name} down` }),
            button("×", () => put(items.filter((_, other) => other !== index)), { title: `Remove ${name}`, kind: "at-remove" }),
        );
        // Beside the summary, which is a button itself, though it looks like a part of it.
        return element("div", { class: "at-carded", "data-card": id }, tools, element(
            "details",
            {
                class: "at-card", open: open.has(id) || own.length > 0,
                ontoggle: (event) => (event.target.open ? open.add(id) : open.delete(id)),
            },
            element("summary", {}, heading),
            ...tell(null),
            element(
                "div",
                { class: "at-fields" },
                ...fields.map((field) => element(
                    "label",
                    { class: `at-field at-${field.type}${tell(field).length ? " at-wrong" : ""}`, "data-field": field.key },
                    element("span", {}, field.label),
                    field.input(item, field.redraws ? redraw : changed),
                    field.help ? element("small", { class: "at-hint" }, field.help) : null,
                    ...tell(field),
                )),
            ),
        ));
    }

    // A problem is shown in the row, and there on the field, that its place or its words name.
    function problemsAt(path) {
        return problems
            .filter((problem) => path.every((part, index) => String(problem.loc[index]) === String(part)))
            .map((problem) => ({ msg: problem.msg, rest: problem.loc.slice(path.length) }));
    }
    function fieldOf(problem, fields) {
        const words = problem.msg.split(/\W+/);
        return fields.find((field) => field.key === problem.rest[0])
            ?? fields.find((field) => words.includes(field.key)) ?? null;
    }

    function toggle() {
        const shown = box.style.display === "none";
        if (!shown && !draw()) {
            box.setCustomValidity("This is not valid JSON; correct it first.");
            box.reportValidity();
            return;
        }
        box.setCustomValidity("");
        box.style.display = shown ? "" : "none";
        place.hidden = shown;
        raw.textContent = shown ? "Edit as rows" : "Edit as JSON";
    }

    box.after(place, element("div", { class: "at-actions" }, raw));
    if (draw()) box.style.display = "none";
    else { place.hidden = true; raw.textContent = "Edit as rows"; }
}
