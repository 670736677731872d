/** What the triggers share: a webhook endpoint of the API for as long as a flow is on, and genuine events only. */

import { createTrigger, TriggerStrategy } from '@activepieces/pieces-framework';
import { Webhook } from 'standardwebhooks';
import { ask, Refused, type Json } from '../api';
import { auth, type Connection } from '../auth';

/** An event as a webhook carries it. */
export interface Received {
  object_id: string;
  details: Json;
}

interface Payload {
  body: unknown;
  rawBody?: unknown;
  headers: Record<string, string>;
}

interface Message {
  event_type: string;
  data: Received;
}

interface Told {
  name: string;
  displayName: string;
  description: string;
  /** What the webhook asks for: `persona.enriched`. */
  event: string;
  /** The published output. */
  output: (received: Received, connection: Connection) => Promise<Json> | Json;
  sampleData: Json;
}

interface Endpoint {
  id: string;
  secret: string;
}

const ENDPOINT = 'endpoint';
const SEEN = 'seen';
const MOST_SEEN = 200;

export function webhookTrigger({ event, output, ...described }: Told) {
  return createTrigger({
    ...described,
    auth,
    props: {},
    type: TriggerStrategy.WEBHOOK,
    async onEnable({ auth: connection, store, webhookUrl }) {
      const wish = { url: webhookUrl, events: [event], description: `Activepieces: ${described.name}` };
      const { id, secret } = await ask<Endpoint & Json>(connection, 'POST', '/webhooks', wish);
      await store.put<Endpoint>(ENDPOINT, { id, secret });
    },
    async onDisable({ auth: connection, store }) {
      const endpoint = await store.get<Endpoint>(ENDPOINT);
      if (endpoint) await removed(connection, endpoint.id);
      await store.delete(ENDPOINT);
      await store.delete(SEEN);
    },
    async run({ auth: connection, store, payload }) {
      const endpoint = await store.get<Endpoint>(ENDPOINT);
      if (!endpoint) return [];
      const { message, id } = verified(payload as Payload, endpoint.secret);
      const seen = (await store.get<string[]>(SEEN)) ?? [];
      // An event arrives again when our answer to it was lost.
      if (message.event_type !== event || seen.includes(id)) return [];
      const told = await output(await whole(connection, message), connection);
      await store.put(SEEN, [...seen, id].slice(-MOST_SEEN));
      return [told];
    },
  });
}

/** Throws `WebhookVerificationError` for what the API did not send. */
function verified({ body, rawBody, headers }: Payload, secret: string): { message: Message; id: string } {
  const given = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const raw = typeof rawBody === 'string' || Buffer.isBuffer(rawBody) ? rawBody : JSON.stringify(body);
  const message = new Webhook(secret).verify(raw, given) as Message;
  return { message, id: given['webhook-id'] };
}

/** Details that are too large for a webhook are read from the log of events. */
async function whole(connection: Connection, { event_type, data }: Message): Promise<Received> {
  if (data.details.omitted !== true) return data;
  const query = new URLSearchParams({ subject: data.object_id, types: event_type, limit: '500' });
  const { items } = await ask<{ items: { id: string; data: Json }[] }>(connection, 'GET', `/events?${query}`);
  const found = items.find((item) => item.id === data.details.event_id);
  return found ? { ...data, details: found.data } : data;
}

async function removed(connection: Connection, id: string): Promise<void> {
  try {
    await ask(connection, 'DELETE', `/webhooks/${encodeURIComponent(id)}`);
  } catch (failure) {
    // Somebody removed it before.
    if (!(failure instanceof Refused && failure.error.status === 404)) throw failure;
  }
}
