// SPDX-License-Identifier: GPL-2.0-only
// What the server can be asked. Types say what it promises; texts in them are foreign.

export type Role = "view" | "release" | "admin";
export interface Session { name: string; role: Role; token: string }
// `all`: false where more than these were asked for than one answer holds.
export interface Rows<Row> {
  all: boolean;
  rows: Row[];
}

export interface HistoryRow {
  time: string; id: string; door: string; client: string; auth: string; from: string; to: string; msgid: string; queue: string;
  size: number; class: string; finding: string; action: string; reply: string; next: string; next_reply: string;
  receive_ms: number; scan_ms: number; next_hop_ms: number; observed: boolean;
}
export interface Held {
  time: string; id: string; class: string; findings: { kind: string; name: string }[]; from: string;
  to: { address: string; state: string }[]; subject: string; msgid: string; size: number; sha256: string; door: string;
  client: string; client_name: string; helo: string; auth: string; queue: string;
}
export interface Status {
  state: string; trouble?: string; warning?: string; version: string; engine: string;
  signatures: { state: string; version: string; count: number; time: number; generation: number };
  workers: { idle: number; busy: number; starting: number };
  scans: { done: number; timeouts: number; crashes: number; under_way: number; passed_unscanned: number };
  confinement_missing: string[];
  doors: { name: string; listen: string; next_hop: string; sessions: number }[];
  quarantine?: { messages: number; bytes: number };
}
export interface Released { released: string[]; refused: string[]; reply: string }

export class Refused extends Error {
  constructor(readonly status: number, message: string) { super(message); }
}

let token = "";

async function ask<T>(path: string, body?: object): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, body === undefined ? { credentials: "same-origin" } : {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-Rastel-Token": token },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Refused(0, "The page can't be reached.");
  }
  const value = await answer.json().catch(() => ({ error: `an answer without words (${answer.status})` }));
  if (!answer.ok) throw new Refused(answer.status, String(value.error ?? answer.status));
  return value as T;
}

function query(values: Record<string, string | number | undefined>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return given.length === 0 ? "" : "?" + given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&");
}

async function with_token(session: Promise<Session>): Promise<Session> {
  const known = await session;
  token = known.token;
  return known;
}

export const api = {
  session: () => with_token(ask<Session>("/api/session")),
  login: (name: string, password: string) => with_token(ask<Session>("/api/login", { name, password })),
  logout: () => ask<object>("/api/logout", {}),
  status: () => ask<Status>("/api/status"),
  history: (values: { text?: string; class?: string; since?: number; limit?: number }) =>
    ask<Rows<HistoryRow>>("/api/history" + query(values)),
  held: (values: { recipient?: string; sender?: string; all?: string; limit?: number }) =>
    ask<Rows<Held>>("/api/held" + query(values)),
  message: (id: string) => ask<Held>(`/api/held/${encodeURIComponent(id)}`),
  release: (id: string, to: string[]) => ask<Released>(`/api/held/${encodeURIComponent(id)}/release`, { confirm: id, to }),
  remove: (id: string) => ask<object>(`/api/held/${encodeURIComponent(id)}/delete`, { confirm: id }),
};
