// Prints the next N events of the SSE feed as JSON lines, using the npm client `eventsource` unmodified.
// Usage: node feed.mjs URL KEY COUNT [LAST_EVENT_ID]
import { EventSource } from "eventsource";

const [url, key, count, lastEventId] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${key}`, ...(lastEventId && { "Last-Event-ID": lastEventId }) };
const source = new EventSource(url, {
  fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }),
});
let left = Number(count);

const types = ["persona.created.v1", "persona.updated.v1", "persona.deleted.v1"];
for (const type of types) {
  source.addEventListener(type, (event) => {
    console.log(JSON.stringify({ id: event.lastEventId, type: event.type, data: JSON.parse(event.data) }));
    left -= 1;
    if (left === 0) source.close();
  });
}
source.addEventListener("open", () => console.error("open"));
setTimeout(() => process.exit(2), 30_000).unref();
