// Starts an interview on the console and watches it to its end, in headless Chromium; prints what it found, one line of
// JSON per page. Usage: node interviews.mjs URL KEY '{"width": 360, "scheme": "dark", "script": true}' [SCREENSHOT_FOLDER]
import { axe, launch } from "./browser.mjs";

const [url, key, wishes, folder] = process.argv.slice(2);
const { width, scheme, script } = JSON.parse(wishes);

const browser = await launch();
const context = await browser.newContext({
  viewport: { width, height: 740 },
  colorScheme: scheme,
  javaScriptEnabled: script,
});
const page = await context.newPage();
page.setDefaultTimeout(20_000);
let troubles = [];
page.on("console", (message) => ["error", "warning"].includes(message.type()) && troubles.push(message.text()));
page.on("pageerror", (error) => troubles.push(error.message));

async function report(name, more = {}) {
  const found = { page: name, title: await page.title(), troubles, ...more };
  if (script) {
    found.overflow = await page.evaluate(() => document.scrollingElement.scrollWidth - window.innerWidth);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    found.violations = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
  }
  if (folder) await page.screenshot({ path: `${folder}/${name.replaceAll(" ", "-")}-${width}-${scheme}.png`, fullPage: true });
  troubles = [];
  console.log(JSON.stringify(found));
}

await page.goto(`${url}/console/interviews`);
await page.fill("#api_key", key);
await page.press("#api_key", "Enter");
await page.waitForURL("**/console/interviews");
await report("form");

await page.fill("#user_input", "People sign up, look around once and never come back. <b>Why?</b>");
await page.selectOption("#stakeholder_id", "small_business_owner_35_55");
await page.fill("#max_interview_messages", "8");
await page.focus("#start-interview");
await page.keyboard.press("Enter");
await page.waitForURL("**/console/interviews/*");

// With a script the page follows the run by itself; without one it is looked at again.
const ended = page.getByText("The interview has ended.");
for (let looks = 0; looks < 40 && !(await ended.count()); looks += 1) {
  await page.waitForTimeout(250);
  if (!script) await page.reload();
}
await ended.waitFor();
await report("interview", {
  status: await page.locator("[role=status].latest").innerText(),
  answer: await page.locator(".prose").innerText(),
  uncertainty: await page.locator(".notice.wait").innerText(),
  beliefs: await page.locator("[data-live=beliefs] tbody tr").count(),
  lines: await page.locator("[data-live=beliefs] svg polyline").count(),
  messages: await page.locator(".talk li").count(),
  timeline: await page.locator(".timeline li").count(),
  heading: await page.locator("h1").innerText(),
});

await page.goto(`${url}/console/interviews`);
await page.fill("#user_input", "x");
await page.fill("#stakeholder_profile", "I am a nurse.");
await page.$eval("#max_interview_messages", (input) => (input.type = "text")).catch(() => {});
if (script) {
  await page.fill("#max_interview_messages", "41");
  await page.click("#start-interview");
  await page.getByRole("alert").waitFor();
  await report("refused", {
    said: await page.getByRole("alert").innerText(),
    kept: await page.inputValue("#stakeholder_profile"),
    invalid: await page.locator("[aria-invalid]").getAttribute("id"),
  });
}
await browser.close();
