// Walks through the console as a person with a keyboard would, in headless Chromium, and prints what it found: one line
// of JSON per page. Usage: node console.mjs URL KEY GOOD_ID BAD_ID '{"width": 360, "scheme": "dark", "script": true}'
import { axe, launch } from "./browser.mjs";

const [url, key, good, bad, wishes] = process.argv.slice(2);
const { width, scheme, script } = JSON.parse(wishes);

const browser = await launch();
const phone = width < 600;
const context = await browser.newContext({
  viewport: { width, height: 740 },
  colorScheme: scheme,
  isMobile: phone,
  hasTouch: phone,
  javaScriptEnabled: script,
});
const page = await context.newPage();
page.setDefaultTimeout(15_000);
let troubles = [];
page.on("console", (message) => ["error", "warning"].includes(message.type()) && troubles.push(message.text()));
page.on("pageerror", (error) => troubles.push(error.message));

async function report(name, more = {}) {
  const found = { page: name, title: await page.title(), troubles, ...more };
  if (script) {
    found.overflow = await page.evaluate(() => document.scrollingElement.scrollWidth - window.innerWidth);
    found.ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    found.violations = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
  }
  troubles = [];
  console.log(JSON.stringify(found));
}

// Only keys: Tab until the element is focused, then Enter.
async function press(selector) {
  const wanted = page.locator(selector).first();
  await wanted.waitFor();
  for (let tabs = 0; tabs < 200; tabs += 1) {
    await page.keyboard.press("Tab");
    if (await wanted.evaluate((element) => element === document.activeElement)) {
      await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
      return;
    }
  }
  throw new Error(`${selector} is not reached with the keyboard`);
}

const go = script ? press : (selector) => page.locator(selector).first().click();
const notice = () => page.locator(".notice").first().textContent();

await page.goto(`${url}/console/webhooks`);
await report("sign in");
await page.locator("#api_key").focus();
await page.keyboard.type("dr_not_a_key");
await page.keyboard.press("Enter");
await page.locator("#refused").waitFor();
troubles = []; // Chromium calls a 401 a trouble
await report("refused", { said: await page.locator("#refused").textContent() });
await page.locator("#api_key").fill(key);
await page.keyboard.press("Enter");
await page.waitForURL("**/console/webhooks");
await report("endpoints", { rows: await page.locator("tbody tr").count() });

await go(`#open-${good}`);
await report("endpoint");
await go('button[id^="replay-"]:not(#replay-failed)');
await report("replayed", { said: await notice() });

if (script) {
  await page.goto(`${url}/console/webhooks/${good}`);
  await page.locator('#live[data-state="live"]').waitFor();
  const rows = await page.locator("tbody tr").count();
  await page.locator("#disable").focus();
  console.log(JSON.stringify({ page: "live", rows }));
  await page.waitForFunction((before) => document.querySelectorAll("tbody tr").length > before, rows);
  await report("refreshed", { focused: await page.evaluate(() => document.activeElement.id) });
}

await page.goto(`${url}/console/webhooks/${bad}`);
await report("failing endpoint", { state: await page.locator(".badge").first().textContent() });
await go("tbody a");
await report("failed delivery", { answer: await page.locator("pre").first().textContent() });
await page.goto(`${url}/console/webhooks/${bad}`);
await go("#disable");
await report("disabled", { said: await notice(), state: await page.locator(".badge").first().textContent() });
await go("#enable");
await report("enabled", { said: await notice() });
await go("#replay-failed");
await report("sent again", { said: await notice() });
await go("#sign-out");
await page.goto(`${url}/console/webhooks`);
await report("signed out");
await browser.close();
