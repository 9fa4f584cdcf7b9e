// SPDX-License-Identifier: GPL-2.0-only
// What is held and why; one message with all that is known of it, and what may be done with it.
import { api, Refused, type Held, type Session } from "./api";
import { bytes, foreign, make, or_dash, time } from "./dom";
import { class_badge, confirm, facts, state_badge, table } from "./parts";

const most = 200;
let recipient = "";
let all = false;

function why(message: Held): HTMLElement {
  const names = message.findings.map((finding) => finding.name).join(", ");
  return make("span", { class: "why" }, class_badge(message.class), names === "" ? "" : foreign(names, 80));
}

function link(message: Held): HTMLElement {
  const text = message.subject === "" ? "(no subject)" : message.subject;
  return make("a", { href: `#/held/${message.id}`, class: "subject" }, foreign(text, 120));
}

function recipients(message: Held): string {
  const first = message.to[0]?.address ?? "";
  return message.to.length > 1 ? `${first} and ${message.to.length - 1} more` : first;
}

async function listing(): Promise<HTMLElement> {
  const { all: whole, rows } = await api.held({ recipient, ...(all ? { all: "1" } : {}), limit: most });
  return make("div", {},
    table("Held messages", ["When", "Why", "Subject", "From", "To", "Size"], rows.map((message) => [
      time(message.time), why(message), link(message), or_dash(message.from), foreign(recipients(message)), bytes(message.size)]),
    recipient === "" ? "Nothing is held." : "Nothing is held for that recipient."),
    (rows.length === most || !whole) &&
      make("p", { class: "more" }, `The newest ${rows.length} are shown; narrow the search to see others.`));
}

export async function held_view(): Promise<HTMLElement> {
  const search = make("input", { type: "search", id: "recipient", value: recipient, placeholder: "recipient" });
  const everything = make("input", { type: "checkbox", id: "all", checked: all });
  const content = make("div", {}, await listing());
  const form = make("form", { class: "filter", role: "search" },
    make("label", { for: "recipient" }, "For"), search,
    make("label", { class: "check", for: "all" }, everything, "released and deleted too"), make("button", { type: "submit" }, "Show"));
  const renew = async (event?: Event) => {
    event?.preventDefault();
    recipient = search.value.trim();
    all = everything.checked;
    try {
      content.replaceChildren(await listing());
    } catch (error) {
      if (error instanceof Refused && error.status === 401) window.dispatchEvent(new Event("rastel-session-ended"));
      else content.replaceChildren(make("p", { class: "notice bad", role: "alert" }, (error as Error).message));
    }
  };
  form.addEventListener("submit", (event) => void renew(event));
  everything.addEventListener("change", () => void renew());
  return make("section", {}, make("h1", {}, "Held"), form, content);
}

function details(message: Held): HTMLElement {
  const client = message.client_name === "" ? message.client : `${message.client_name} [${message.client}]`;
  return make("div", { class: "columns" },
    make("section", { class: "card" }, make("h2", {}, "Envelope"), facts([
      ["From", message.from === "" ? "<> (a bounce)" : foreign(message.from, 1000)],
      ["To", make("ul", { class: "plain" }, ...message.to.map((to) => make("li", {}, foreign(to.address, 1000), " ", state_badge(to.state))))],
      ["Client", or_dash(client)], ["HELO", or_dash(message.helo)], ["Logged in as", or_dash(message.auth)],
      ["Door", or_dash(message.door)], ["Queue id", or_dash(message.queue)]])),
    make("section", { class: "card" }, make("h2", {}, "What was found"), facts([
      ["Class", class_badge(message.class)],
      ["Findings", message.findings.length === 0 ? "–" : make("ul", { class: "plain" }, ...message.findings.map((finding) =>
        make("li", {}, make("span", { class: "kind" }, finding.kind), " ", foreign(finding.name, 1000))))],
      ["Message-ID", or_dash(message.msgid)], ["Size", bytes(message.size)], ["Held since", time(message.time)],
      ["SHA-256", make("code", { class: "digest" }, message.sha256)]])));
}

// Says once, after the view was made anew, what has just been done.
let said = "";

function actions(session: Session, message: Held, show: () => Promise<void>): HTMLElement | null {
  const held = message.to.filter((to) => to.state === "held").map((to) => to.address);
  const stored = message.to.some((to) => to.state === "held" || to.state === "released" || to.state === "releasing");
  const bar = make("div", { class: "buttons" });
  const problem = make("p", { class: "notice bad", role: "alert" });
  problem.hidden = true;
  const run = (button: HTMLButtonElement, act: () => Promise<string>) => button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      said = await act();
      if (said !== "") return await show();
    } catch (error) {
      if (error instanceof Refused && error.status === 401) window.dispatchEvent(new Event("rastel-session-ended"));
      problem.textContent = (error as Error).message;
      problem.hidden = false;
    }
    button.disabled = false;
  });
  if (session.role !== "view" && held.length > 0) {
    const button = make("button", { type: "button", class: "primary", id: "release" }, "Release …");
    run(button, async () => {
      const agreed = await confirm("Release this message?", [
        make("p", {}, "It goes out as it came, ", make("strong", {}, "without another look"), ", to:"),
        make("ul", {}, ...held.map((address) => make("li", {}, foreign(address, 200)))),
        make("p", {}, "It was held as ", class_badge(message.class), ".")], "Release", false);
      if (!agreed) return "";
      const outcome = await api.release(message.id, held);
      const failed = outcome.refused.length > 0 ? ` Refused for ${outcome.refused.length}: ${outcome.reply}` : "";
      return `Released to ${outcome.released.length} recipient(s).${failed}`;
    });
    bar.append(button);
  }
  if (session.role !== "view" && stored)
    bar.append(make("a", { class: "button", href: `/api/held/${message.id}/raw`, download: true, id: "raw" }, "Take as it came"));
  if (session.role === "admin" && stored) {
    const button = make("button", { type: "button", class: "danger", id: "delete" }, "Delete …");
    run(button, async () => {
      const agreed = await confirm("Delete this message?", [make("p", {}, "Its bytes are removed for good. That it was here stays known.")],
        "Delete", true);
      if (!agreed) return "";
      await api.remove(message.id);
      return "Deleted.";
    });
    bar.append(button);
  }
  return bar.childElementCount === 0 ? null : make("div", { class: "actions" }, bar, problem);
}

export async function message_view(session: Session, id: string, show: () => Promise<void>): Promise<HTMLElement> {
  const message = await api.message(id);
  const note = said;
  said = "";
  return make("article", {},
    make("p", { class: "back" }, make("a", { href: "#/held" }, "← All held messages")),
    make("h1", { class: "subject" }, foreign(message.subject === "" ? "(no subject)" : message.subject, 2000)),
    note !== "" && make("p", { class: "notice good", role: "status" }, note),
    actions(session, message, show),
    details(message),
    make("p", { class: "id" }, "id ", make("code", {}, message.id)));
}
