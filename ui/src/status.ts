// SPDX-License-Identifier: GPL-2.0-only
// How scanner, signatures, doors and quarantine are.
import { api, type Status } from "./api";
import { bytes, foreign, make, or_dash } from "./dom";
import { facts, table } from "./parts";

function age(unix: number): string {
  if (unix <= 0) return "unknown";
  const hours = (Date.now() / 1000 - unix) / 3600;
  if (hours < 1) return "less than an hour";
  return hours < 48 ? `${Math.round(hours)} hours` : `${Math.round(hours / 24)} days`;
}

function figure(value: string | number, name: string, tone = ""): HTMLElement {
  return make("div", { class: `figure ${tone}` }, make("strong", {}, String(value)), make("span", {}, name));
}

function notices(status: Status): HTMLElement[] {
  const all: HTMLElement[] = [];
  if (status.trouble) all.push(make("p", { class: "notice bad", role: "alert" }, foreign(status.trouble)));
  if (status.warning) all.push(make("p", { class: "notice warn" }, foreign(status.warning)));
  for (const missing of status.confinement_missing) all.push(make("p", { class: "notice warn" }, "Not protected by: ", foreign(missing)));
  return all;
}

export async function status_view(): Promise<HTMLElement> {
  const status = await api.status();
  const { workers, scans, signatures, quarantine } = status;
  return make("section", {}, make("h1", {}, "Status"), ...notices(status),
    make("div", { class: "figures" },
      figure(status.state, "state", status.state === "scanning" ? "good" : "bad"),
      figure(scans.under_way, "scans under way"),
      figure(`${workers.idle} / ${workers.busy}`, "workers idle / busy"),
      figure(quarantine ? quarantine.messages : "–", "messages held"),
      figure(scans.passed_unscanned, "passed unscanned", scans.passed_unscanned > 0 ? "bad" : "")),
    make("div", { class: "columns" },
      make("section", { class: "card" }, make("h2", {}, "Signatures"), facts([
        ["Newest set", signatures.state], ["Version in use", or_dash(signatures.version)], ["Number", signatures.count.toLocaleString()],
        ["Age of the newest", age(signatures.time)], ["Taken into use", `${signatures.generation} time(s)`]])),
      make("section", { class: "card" }, make("h2", {}, "Scanner"), facts([
        ["Engine", or_dash(status.engine)], ["Rastel", status.version], ["Scans done", scans.done.toLocaleString()],
        ["Time-outs", String(scans.timeouts)], ["Crashes", String(scans.crashes)], ["Workers starting", String(workers.starting)],
        ["Bytes in the quarantine", quarantine ? bytes(quarantine.bytes) : "–"]]))),
    make("h2", {}, "Doors"),
    table("Doors", ["Door", "Listens on", "Next hop", "Sessions"],
      status.doors.map((door) => [foreign(door.name), door.listen, door.next_hop, String(door.sessions)]), "No door is open."));
}
