// SPDX-License-Identifier: GPL-2.0-only
// Making elements. Whatever a peer chose becomes text and nothing else: there is no way here from a string to
// markup, and the server's policy (require-trusted-types-for) forbids any other.

export type Child = Node | string | null | undefined | false;

export interface Attributes {
  class?: string;
  id?: string;
  type?: string;
  href?: string;
  title?: string;
  name?: string;
  value?: string;
  role?: string;
  for?: string;
  scope?: string;
  placeholder?: string;
  autocomplete?: string;
  datetime?: string;
  download?: boolean;
  required?: boolean;
  disabled?: boolean;
  checked?: boolean;
  autofocus?: boolean;
  "aria-label"?: string;
  "aria-current"?: string;
  "aria-live"?: string;
  "aria-labelledby"?: string;
}

export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (typeof value === "string") element.setAttribute(name, value);
  }
  element.append(...children.filter((child): child is Node | string => child !== null && child !== undefined && child !== false));
  return element;
}

const shown = 300; // characters; the rest is in the details

// A text that somebody else chose: isolated, so that it can't turn the direction of what stands beside it, and cut.
// The daemon has escaped control characters and marks of direction already; what is left of either is shown here too.
export function foreign(text: string, longest = shown): HTMLElement {
  const visible = text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const characters = Array.from(visible);
  const cut = characters.length > longest;
  return make("bdi", { class: "foreign" }, cut ? characters.slice(0, longest).join("") + "…" : visible);
}

export function or_dash(text: string): HTMLElement | string {
  return text === "" ? "–" : foreign(text);
}

export function time(iso: string): HTMLElement {
  const when = new Date(iso);
  if (Number.isNaN(when.getTime())) return make("span", {}, "–");
  const today = when.toDateString() === new Date().toDateString();
  const text = today
    ? when.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" })
    : when.toLocaleString(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
  return make("time", { datetime: iso, title: when.toLocaleString() }, text);
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = count / 1000;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
