// SPDX-License-Identifier: GPL-2.0-only
// The frame: who is logged in, and which view the address (#/held, #/history, #/status) asks for.
import { api, Refused, type Session } from "./api";
import { make } from "./dom";
import { login_view } from "./login";
import { held_view, message_view } from "./held";
import { history_view } from "./history";
import { status_view } from "./status";

const views = [
  { name: "held", title: "Held", show: held_view },
  { name: "history", title: "History", show: history_view },
  { name: "status", title: "Status", show: status_view },
] as const;

const app = document.getElementById("app") as HTMLElement;
let session: Session | undefined;
let shown = 0; // a view that answers late must not take the place of the next one

function wordmark(): HTMLElement {
  return make("span", { class: "wordmark" }, make("span", { class: "mark", "aria-label": "" }), "Rastel");
}

function show_login(note = ""): void {
  session = undefined;
  document.title = "Log in · Rastel";
  app.replaceChildren(make("main", { id: "main", class: "login" }, wordmark(), login_view((known) => {
    session = known;
    void show();
  }, note)));
  app.querySelector("input")?.focus();
}

function trouble(error: unknown): HTMLElement {
  const text = error instanceof Error ? error.message : String(error);
  return make("p", { class: "notice bad", role: "alert" }, text);
}

function frame(known: Session, current: string, content: HTMLElement): void {
  const leave = make("button", { type: "button", class: "quiet" }, "Log out");
  leave.addEventListener("click", async () => {
    await api.logout().catch(() => undefined);
    show_login();
  });
  const links = views.map((view) => make("a",
    { href: `#/${view.name}`, ...(view.name === current ? { "aria-current": "page" } : {}) }, view.title));
  app.replaceChildren(
    make("header", {}, make("div", { class: "bar" }, wordmark(), make("nav", { "aria-label": "Views" }, ...links),
      make("div", { class: "who" }, make("span", {}, make("bdi", {}, known.name), make("span", { class: "role" }, known.role)), leave))),
    make("main", { id: "main" }, content));
}

async function show(): Promise<void> {
  if (session === undefined) return show_login();
  const mine = ++shown;
  const [name = "held", id] = location.hash.replace(/^#\//, "").split("/");
  const view = views.find((candidate) => candidate.name === name) ?? views[0];
  document.title = `${view.title} · Rastel`;
  try {
    const content = view.name === "held" && id ? await message_view(session, id, show) : await view.show();
    if (mine !== shown) return;
    frame(session, view.name, content);
  } catch (error) {
    if (mine !== shown) return;
    if (error instanceof Refused && error.status === 401) return show_login("Your session has ended. Log in again.");
    frame(session, view.name, trouble(error));
  }
}

window.addEventListener("hashchange", () => void show());
window.addEventListener("rastel-session-ended", () => show_login("Your session has ended. Log in again."));

try {
  session = await api.session();
  await show();
} catch (error) {
  show_login(error instanceof Refused && error.status === 401 ? "" : (error as Error).message);
}
