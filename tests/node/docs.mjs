// Opens the reference of the API in headless Chromium, authorises and tries an operation, and prints what it found as
// one line of JSON. Usage: node docs.mjs URL KEY
import { launch } from "./browser.mjs";

const [url, key] = process.argv.slice(2);

const browser = await launch();
const page = await (await browser.newContext({ viewport: { width: 1200, height: 900 } })).newPage();
page.setDefaultTimeout(30_000);
const troubles = [];
const elsewhere = [];
page.on("console", (message) => ["error", "warning"].includes(message.type()) && troubles.push(message.text()));
page.on("pageerror", (error) => troubles.push(error.message));
page.on("request", (request) => {
  const address = request.url();
  if (!address.startsWith(`${url}/`) && !address.startsWith("data:")) elsewhere.push(address);
});

await page.goto(`${url}/docs`);
await page.locator(".opblock-tag").first().waitFor();
const tags = await page.locator(".opblock-tag").evaluateAll((found) => found.map((tag) => tag.dataset.tag));
for (const tag of tags) await page.locator(`.opblock-tag[data-tag="${tag}"]`).click();
const sections = ".opblock-tag-section.is-open .opblock-summary";
await page.waitForFunction(
  ([selector, number]) => document.querySelectorAll(selector).length >= number,
  [".opblock-tag-section.is-open", tags.length],
);
const operations = await page.locator(sections).evaluateAll((found) =>
  found.map((summary) => [
    summary.querySelector(".opblock-summary-method").textContent.toLowerCase(),
    summary.querySelector(".opblock-summary-path").dataset.path,
  ]),
);

await page.locator(".scheme-container .authorize").first().click();
await page.locator(".modal-ux input").first().fill(key);
await page.locator(".modal-ux button.authorize").click();
await page.locator(".modal-ux .btn-done").click();

const operation = (verb) => page.locator(`.opblock-${verb}`, { has: page.locator('[data-path="/v1/personas"]') });
const listing = operation("get");
await listing.locator(".opblock-summary-control").click();
await listing.locator(".try-out__btn").click();
await listing.locator(".execute").click();
const answer = listing.locator(".live-responses-table");
const status = await answer.locator(".response .response-col_status").first().textContent();
const headers = await answer.locator(".response").first().textContent();

const creating = operation("post");
await creating.locator(".opblock-summary-control").click();
const example = await creating.locator(".opblock-section-request-body .highlight-code code").first().textContent();
const known = await creating
  .locator(".parameters tr[data-param-name]")
  .evaluateAll((found) => found.map((row) => row.dataset.paramName));

const title = await page.title();
console.log(JSON.stringify({ title, tags, operations, status, headers, example, known, troubles, elsewhere }));
await browser.close();
