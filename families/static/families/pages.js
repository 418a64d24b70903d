// Small helps on single pages.

// On the page of tuples: choosing what fills a column shows it in every blank of the column at once.
export function fillColumns(root) {
    root.querySelectorAll("[data-fill-column] select").forEach((select) => {
        const place = select.closest("td").cellIndex;
        select.addEventListener("change", () => {
            for (const row of select.closest("table").tBodies[0].rows) {
                const cell = row.cells[place].querySelector("select");
                if (cell.value === "" || cell.dataset.filled) {
                    cell.value = select.value;
                    cell.dataset.filled = "yes";
                }
            }
        });
    });
    root.querySelectorAll("tbody select").forEach((cell) => {
        cell.addEventListener("change", () => delete cell.dataset.filled);
    });
}

export function submitOnChange(root) {
    root.querySelectorAll("form[data-submit-on-change]").forEach((form) => {
        form.addEventListener("change", () => form.submit());
    });
}

// A button beside the form of a page leaves the page: not while the form holds what is not saved.
export function saveFirst(root) {
    const form = root.querySelector("#workflow_form");
    const written = () => new URLSearchParams(new FormData(form)).toString();
    const stored = form && !form.querySelector(".errornote") ? written() : null;
    root.querySelectorAll(".at-life form").forEach((beside) => {
        beside.addEventListener("submit", (event) => {
            if (written() === stored) return;
            event.preventDefault();
            root.querySelector("[data-unsaved]").hidden = false;
        });
    });
}

// A refused page opens at the first box that is wrong, not at its top.
export function showFirstMistake(root) {
    const found = [...root.querySelectorAll(".at-wrong, .errorlist, .errors")].find((each) => each.offsetParent);
    found?.scrollIntoView({ block: "center" });
}
