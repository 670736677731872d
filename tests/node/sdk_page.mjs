// Opens a page in headless Chromium until it says how it ended; prints what it logged, one line of JSON each.
// Usage: node sdk_page.mjs URL
import { launch } from "./browser.mjs";

const browser = await launch();
const page = await browser.newPage();
page.on("console", (message) => console.log(JSON.stringify({ kind: message.type(), text: message.text() })));
page.on("pageerror", (error) => console.log(JSON.stringify({ kind: "pageerror", text: error.message })));
await page.goto(process.argv[2]);
await page.waitForFunction(() => document.body.dataset.ended !== undefined, undefined, { timeout: 45_000 });
console.log(JSON.stringify({ kind: "ended", text: await page.evaluate(() => document.body.dataset.ended) }));
await browser.close();
