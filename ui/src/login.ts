// SPDX-License-Identifier: GPL-2.0-only
import { api, type Session } from "./api";
import { make } from "./dom";

export function login_view(done: (session: Session) => void, note: string): HTMLElement {
  const name = make("input", { id: "name", name: "name", type: "text", autocomplete: "username", required: true });
  name.autocapitalize = "none";
  name.spellcheck = false;
  const password = make("input", { id: "password", name: "password", type: "password", autocomplete: "current-password", required: true });
  const button = make("button", { type: "submit", class: "primary" }, "Log in");
  const said = make("p", { class: "notice", role: "alert", id: "said" }, note);
  said.hidden = note === "";
  const form = make("form", { "aria-labelledby": "login" },
    make("h1", { id: "login" }, "Log in"), said,
    make("label", { for: "name" }, "Name"), name,
    make("label", { for: "password" }, "Password"), password, button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const session = await api.login(name.value, password.value);
      password.value = "";
      done(session);
    } catch (error) {
      said.textContent = error instanceof Error ? error.message : "It didn't work.";
      said.classList.add("bad");
      said.hidden = false;
      password.select();
    } finally {
      button.disabled = false;
    }
  });
  return form;
}
