// Verifies a webhook read from standard input with the npm library `standardwebhooks`.
// Input: {"secret", "headers", "body"}; prints the event type of a genuine one, exits 1 for another.
import { Webhook } from "standardwebhooks";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { secret, headers, body } = JSON.parse(Buffer.concat(chunks).toString());
try {
  console.log(new Webhook(secret).verify(body, headers).event_type);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
