// Runs the published frontend example, unchanged, on a page of the gateway in headless Chromium, and prints what it logs
// as JSON lines. Usage: node interrogation.mjs URL
import { readFileSync } from "node:fs";
import { launch } from "./browser.mjs";

const [url] = process.argv.slice(2);
const example = readFileSync(new URL("interrogation_frontend.js", import.meta.url), "utf8");

const browser = await launch();
const page = await browser.newPage();
// What was logged is read from the page one by one, in its order.
let reading = Promise.resolve();
const over = new Promise((done) => {
  page.on("console", (message) => {
    reading = reading.then(async () => {
      const said = await Promise.all(message.args().map((argument) => argument.jsonValue()));
      console.log(JSON.stringify({ level: message.type(), said }));
      if (said[0] === "final" || message.type() === "error") done();
    });
  });
});
page.on("pageerror", (error) => console.log(JSON.stringify({ level: "pageerror", said: [error.message] })));
await page.goto(`${url}/console/sign-in`);
await page.evaluate(`${example}\ncreateRun()`);
await over;
// A stream that was not closed would be opened again within the seconds that the server asks for.
await page.waitForTimeout(3500);
await browser.close();
