// Follows one simulation over WebSocket with the npm client `ws`; prints each frame, exits 0 at the result.
// Usage: node simulation.mjs URL KEY
import WebSocket from "ws";

const [url, key] = process.argv.slice(2);
const socket = new WebSocket(url);
socket.on("open", () => socket.send(JSON.stringify({ type: "auth", token: key })));
socket.on("message", (frame) => console.log(String(frame)));
socket.on("close", (code) => process.exit(code === 1000 ? 0 : 1));
setTimeout(() => process.exit(2), 30_000).unref();
