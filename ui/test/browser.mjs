// SPDX-License-Identifier: GPL-2.0-only
// One scenario in a real browser: node browser.mjs '{"scenario": …, "url": …, "chromium": …}'. Ends with 0 and one JSON
// line, or with what went wrong. Whatever the scenario, it fails if a dialog of the browser opened, if the page threw, if the
// console has an error other than an expected refusal, or if a request went anywhere but to the page itself.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const given = JSON.parse(process.argv[2]);
const browser = await chromium.launch({
  executablePath: given.chromium,
  // As root there is no sandbox to be had; only our own page is opened.
  args: [...(process.getuid() === 0 ? ["--no-sandbox"] : []), "--disable-dev-shm-usage", "--disable-gpu"],
});
const context = await browser.newContext({ acceptDownloads: true, viewport: { width: 1280, height: 800 }, ...given.context });
context.setDefaultTimeout(30_000);
const page = await context.newPage();
const unexpected = [];
const expected = new Set();
page.on("dialog", (dialog) => { unexpected.push(`a dialog: ${dialog.message()}`); void dialog.dismiss(); });
page.on("pageerror", (error) => unexpected.push(`thrown: ${error.message}`));
page.on("console", (message) => {
  const refusal = /status of (\d+)/.exec(message.text());
  if (message.type() === "error" && !(refusal && expected.has(refusal[1]))) unexpected.push(`console: ${message.text()}`);
});
page.on("request", (request) => {
  if (new URL(request.url()).origin !== new URL(given.url).origin) unexpected.push(`a request to ${request.url()}`);
});

async function open(path = "/") {
  expected.add("401"); // the question who is logged in
  await page.goto(given.url + path);
  await page.getByRole("heading").first().waitFor();
}

async function log_in(name, password) {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter"); // without a mouse
}

async function logged_in(name, password, path = "/") {
  await open(path);
  await log_in(name, password);
  await page.getByRole("button", { name: "Log out" }).waitFor();
}

// As a script of the page itself would ask, with cookie and token.
const post = (path, body) => page.evaluate(async ([where, what]) => {
  const session = await (await fetch("/api/session")).json();
  const answer = await fetch(where, { method: "POST", body: JSON.stringify(what),
    headers: { "Content-Type": "application/json", "X-Rastel-Token": session.token } });
  return answer.status;
}, [path, body]);

const scenarios = {
  async login() {
    await open();
    await log_in(given.name, "a wrong password");
    await page.getByText("name or password is wrong").waitFor();
    assert.equal(await page.getByRole("button", { name: "Log out" }).count(), 0);
    await log_in(given.name, given.password);
    await page.getByRole("heading", { name: "Held" }).waitFor();
    for (const name of ["History", "Status", "Held"]) {
      await page.getByRole("link", { name, exact: true }).click();
      await page.getByRole("heading", { name, exact: true, level: 1 }).waitFor();
    }
    const [cookie] = await context.cookies();
    assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, "Strict"]);
    assert.equal(await page.evaluate(() => document.cookie), "");
    await page.reload();
    await page.getByRole("button", { name: "Log out" }).waitFor();
    return {};
  },

  async view_role() {
    await logged_in(given.name, given.password, `/#/held/${given.id}`);
    await page.getByRole("heading", { name: "Envelope" }).waitFor();
    for (const id of ["#release", "#raw", "#delete"]) assert.equal(await page.locator(id).count(), 0);
    expected.add("403");
    return { release: await post(`/api/held/${given.id}/release`, { confirm: given.id }),
      remove: await post(`/api/held/${given.id}/delete`, { confirm: given.id }),
      raw: await page.evaluate(async (id) => (await fetch(`/api/held/${id}/raw`)).status, given.id) };
  },

  async release() {
    await logged_in(given.name, given.password);
    await page.getByRole("link", { name: given.subject }).click();
    await page.getByRole("heading", { name: "Envelope" }).waitFor();
    assert.equal(await page.locator("#delete").count(), 0);
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#raw").click()]);
    const bytes = await readFile(await download.path());
    await page.locator("#release").click();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.locator("dialog").waitFor({ state: "detached" }); // it goes with its close event, a task behind the click
    assert.equal(await page.locator(".notice.good").count(), 0);
    await page.locator("#release").click();
    await page.locator("dialog").getByRole("button", { name: "Release", exact: true }).click();
    await page.getByText("Released to 1 recipient(s).").waitFor();
    assert.equal(await page.locator("#release").count(), 0);
    return { name: download.suggestedFilename(), raw: bytes.toString("base64") };
  },

  async remove() {
    await logged_in(given.name, given.password, `/#/held/${given.id}`);
    await page.locator("#delete").click();
    await page.locator("dialog").getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByText("Deleted.").waitFor();
    return {};
  },

  async hostile() {
    await logged_in(given.name, given.password);
    const seen = [];
    const look = async () => {
      const found = await page.evaluate(() => ({
        marks: document.querySelectorAll("main script, main img, main iframe, main svg, main b, main style, main object").length,
        hacked: window["hacked"] ?? null, text: document.querySelector("main").innerText,
        wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
        loose: [...document.querySelectorAll("bdi.foreign")].filter((element) => element.childElementCount > 0).length }));
      assert.deepEqual([found.marks, found.hacked, found.loose, found.wide], [0, null, 0, false]);
      assert.doesNotMatch(found.text, /[\u202a-\u202e\u2066-\u2069\u0000]/u);
      seen.push(found.text);
    };
    await page.getByRole("heading", { name: "Held" }).waitFor();
    await look();
    for (const id of given.ids) {
      await page.goto(`${given.url}/#/held/${id}`);
      await page.getByText(id).waitFor();
      await look();
    }
    await page.getByRole("link", { name: "History", exact: true }).click();
    await page.getByRole("heading", { name: "History" }).waitFor();
    await look();
    return { seen };
  },

  async expiry() {
    await logged_in(given.name, given.password);
    await page.waitForTimeout(given.wait);
    expected.add("401");
    await page.getByRole("link", { name: "Status" }).click();
    await page.getByText("Your session has ended").waitFor();
    return {};
  },

  async logout() {
    await logged_in(given.name, given.password, "/#/status");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByLabel("Password").waitFor();
    assert.deepEqual(await context.cookies(), []);
    await page.reload();
    await page.getByLabel("Password").waitFor();
    return { status: await page.evaluate(async () => (await fetch("/api/held")).status) };
  },

  async pictures() { // to look at
    for (const [name, colorScheme, width] of [["light", "light", 1280], ["dark", "dark", 1280], ["phone", "light", 390], ["phone-dark", "dark", 390]]) {
      await context.clearCookies();
      await page.setViewportSize({ width, height: 844 });
      await page.emulateMedia({ colorScheme });
      await page.goto("about:blank");
      await open();
      await page.screenshot({ path: `${given.folder}/${name}-login.png` });
      await log_in(given.name, given.password);
      await page.getByRole("heading", { name: "Held" }).waitFor();
      for (const view of ["held", "history", "status", `held/${given.id}`]) {
        await page.goto(`${given.url}/#/${view}`);
        await page.waitForTimeout(700);
        await page.screenshot({ path: `${given.folder}/${name}-${view.split("/").length > 1 ? "message" : view}.png`, fullPage: true });
      }
      await page.locator("#release").click();
      await page.screenshot({ path: `${given.folder}/${name}-ask.png` });
    }
    return {};
  },
};

try {
  const result = await scenarios[given.scenario]();
  assert.deepEqual(unexpected, []);
  console.log(JSON.stringify(result));
} catch (error) {
  console.error(error.stack, "\n", JSON.stringify(unexpected), "\n", await page.locator("body").innerText().catch(() => ""));
  process.exitCode = 1;
} finally {
  await browser.close();
}
