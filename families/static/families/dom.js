// Building elements without markup in strings.

export function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
        else if (value === true) made.setAttribute(name, "");
        else if (value !== false && value !== undefined && value !== null) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
}

export function button(label, onclick, { title = label, kind = "" } = {}) {
    return element("button", { type: "button", class: `at-small ${kind}`, title, "aria-label": title, onclick }, label);
}

// A new array with one item moved up (-1) or down (+1), or the same one where there is no room.
export function moved(items, index, step) {
    const place = index + step;
    if (place < 0 || place >= items.length) return items;
    const copy = [...items];
    [copy[index], copy[place]] = [copy[place], copy[index]];
    return copy;
}
