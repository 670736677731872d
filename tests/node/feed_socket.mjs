// Prints the next N messages of the WebSocket feed, using the npm client `ws` unmodified.
// Usage: node feed_socket.mjs URL COUNT   (the URL holds a ticket)
import WebSocket from "ws";

const [url, count] = process.argv.slice(2);
const socket = new WebSocket(url);
let left = Number(count);
socket.on("message", (message) => {
  console.log(String(message));
  left -= 1;
  if (left === 0) socket.close();
});
socket.on("close", () => process.exit(left === 0 ? 0 : 1));
setTimeout(() => process.exit(2), 30_000).unref();
