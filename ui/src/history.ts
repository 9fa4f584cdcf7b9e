// SPDX-License-Identifier: GPL-2.0-only
// What passed lately, and what became of it.
import { api, Refused, type HistoryRow } from "./api";
import { bytes, foreign, make, or_dash, time } from "./dom";
import { class_badge, table } from "./parts";

const most = 200;
const classes = ["", "clean", "infected", "suspicious", "encrypted", "unscanned"];
const periods: [string, number][] = [["the last hour", 3_600], ["the last day", 86_400], ["the last week", 604_800], ["any time", 0]];
const chosen = { text: "", class: "", period: 86_400 };

function what(row: HistoryRow): HTMLElement {
  return make("span", { class: "why" }, row.class === "" ? null : class_badge(row.class), row.finding === "" ? null : foreign(row.finding, 80));
}

function action(row: HistoryRow): HTMLElement {
  const by = row.auth !== "" && row.door === "page" ? make("span", { class: "by" }, " by ", foreign(row.auth, 64)) : null;
  const lines = [row.action + (row.observed ? " (observed)" : "")];
  return make("span", { class: "action", title: row.reply }, ...lines, by);
}

async function listing(): Promise<HTMLElement> {
  const { all: whole, rows } = await api.history({
    text: chosen.text, class: chosen.class, limit: most,
    since: chosen.period === 0 ? undefined : Date.now() - chosen.period * 1000,
  });
  return make("div", {},
    table("History", ["When", "Class", "Done", "From", "To", "Door", "Size", "ms"], rows.map((row) => [
      time(row.time), what(row), action(row), or_dash(row.from), or_dash(row.to), or_dash(row.door), bytes(row.size),
      `${row.receive_ms}/${row.scan_ms}/${row.next_hop_ms}`]),
    "No message of that kind."),
    (rows.length === most || !whole) &&
      make("p", { class: "more" }, `The newest ${rows.length} are shown; narrow the search to see others.`));
}

export async function history_view(): Promise<HTMLElement> {
  const text = make("input", { type: "search", id: "text", value: chosen.text, placeholder: "sender, recipient, id, queue id" });
  const kind = make("select", { id: "class" }, ...classes.map((name) => make("option", { value: name }, name === "" ? "every class" : name)));
  kind.value = chosen.class;
  const period = make("select", { id: "since" }, ...periods.map(([name, value]) => make("option", { value: String(value) }, name)));
  period.value = String(chosen.period);
  const content = make("div", {}, await listing());
  const form = make("form", { class: "filter", role: "search" },
    make("label", { for: "text" }, "With"), text, make("label", { for: "class" }, "class"), kind,
    make("label", { for: "since" }, "in"), period, make("button", { type: "submit" }, "Show"));
  const renew = async (event?: Event) => {
    event?.preventDefault();
    chosen.text = text.value.trim();
    chosen.class = kind.value;
    chosen.period = Number(period.value);
    try {
      content.replaceChildren(await listing());
    } catch (error) {
      if (error instanceof Refused && error.status === 401) window.dispatchEvent(new Event("rastel-session-ended"));
      else content.replaceChildren(make("p", { class: "notice bad", role: "alert" }, (error as Error).message));
    }
  };
  form.addEventListener("submit", (event) => void renew(event));
  for (const select of [kind, period]) select.addEventListener("change", () => void renew());
  return make("section", {}, make("h1", {}, "History"), form, content);
}
