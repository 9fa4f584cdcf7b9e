// SPDX-License-Identifier: GPL-2.0-only
// What several views share.
import { make, type Child } from "./dom";

const tones: Record<string, string> = { clean: "good", infected: "bad", suspicious: "warn", encrypted: "warn", unscanned: "warn" };

// "unscanned(limit)" is shown as class and reason.
export function class_badge(text: string): HTMLElement {
  const kind = text.split("(")[0] ?? "";
  return make("span", { class: `badge ${tones[kind] ?? "plain"}` }, text);
}

export function state_badge(state: string): HTMLElement {
  const tone = state === "held" ? "warn" : state === "released" ? "good" : "plain";
  return make("span", { class: `badge ${tone}` }, state);
}

// On a narrow screen a row becomes a card: each cell then carries its column's name.
export function table(caption: string, columns: string[], rows: Child[][], empty: string): HTMLElement {
  if (rows.length === 0) return make("p", { class: "empty" }, empty);
  const body = rows.map((cells) => make("tr", {}, ...cells.map((cell, at) => {
    const made = make("td", {}, make("div", {}, cell));
    made.dataset["label"] = columns[at] ?? "";
    return made;
  })));
  return make("div", { class: "table" }, make("table", {}, make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...columns.map((column) => make("th", { scope: "col" }, column)))), make("tbody", {}, ...body)));
}

export function facts(rows: [string, Child][]): HTMLElement {
  return make("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
}

// Asks before what can't be undone; true only after the button that says what will happen. Escape is no.
export function confirm(title: string, text: Child[], verb: string, dangerous: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const no = make("button", { type: "button" }, "Cancel");
    const yes = make("button", { type: "button", class: dangerous ? "danger" : "primary" }, verb);
    const dialog = make("dialog", { "aria-labelledby": "ask" }, make("h2", { id: "ask" }, title), ...text,
      make("div", { class: "buttons" }, no, yes));
    let agreed = false;
    no.addEventListener("click", () => dialog.close());
    yes.addEventListener("click", () => {
      agreed = true;
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(agreed);
    });
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });
}
