/** The piece against an HTTP server that answers as it is told. */

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tinytroupe } from '../../src';
import type { Connection } from '../../src/lib/auth';
import type { Json } from '../../src/lib/api';
import { ran, switchable } from '../context';

const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;

interface Asked {
  line: string;
  headers: IncomingMessage['headers'];
  body: Json | null;
}

let server: Server;
let auth: Connection;
let asked: Asked[];
let answers: { status: number; json?: unknown }[];

beforeEach(async () => {
  asked = [];
  answers = [];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    asked.push({ line: `${request.method} ${request.url}`, headers: request.headers, body: body ? JSON.parse(body) : null });
    const { status, json } = answers.shift() ?? { status: 500 };
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(json === undefined ? undefined : JSON.stringify(json));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  auth = { props: { base_url: `http://127.0.0.1:${port}/v1/`, api_key: 'dr_key', brokerage_id: 'brk_1' } };
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const refusal = (code: string) => ({
  error: { code, message: 'No.', details: { field: 'name', issue: 'too long' }, request_id: 'req_1' },
});

test('it has the published operations and triggers', () => {
  expect(Object.keys(tinytroupe.actions())).toEqual(['create_persona', 'run_focus_group', 'match_property', 'test_campaign']);
  expect(Object.keys(tinytroupe.triggers())).toEqual(['new_property', 'persona_enriched', 'simulation_completed']);
  expect(Object.keys((tinytroupe.auth as unknown as { props: Json }).props)).toEqual(['base_url', 'api_key', 'brokerage_id']);
  expect(tinytroupe.metadata().minimumSupportedRelease).toBe('0.82.0');
});

test('an operation shows the connection and leaves empty fields out', async () => {
  answers = [{ status: 201, json: { id: 'pers_1' } }];
  const props = { name: 'Ann', visibility: null, demographics: '{"age_range": "45-55"}', preferences: '', parameters: { x: 1 } };
  const outcome = await ran(tinytroupe.getAction('create_persona'), auth, props);
  expect(outcome).toEqual({ success: true, result: { id: 'pers_1' }, error: null });
  expect(asked[0]?.line).toBe('POST /v1/personas');
  expect(asked[0]?.headers).toMatchObject({ authorization: 'Bearer dr_key', 'x-brokerage-id': 'brk_1' });
  expect(asked[0]?.body).toEqual({ name: 'Ann', demographics: { age_range: '45-55' }, x: 1 });
});

test('what the API refuses is an outcome that says why', async () => {
  answers = [{ status: 422, json: refusal('INVALID_PERSONA') }];
  const outcome = await ran(tinytroupe.getAction('create_persona'), auth, { name: 'Ann' });
  expect(outcome).toEqual({
    success: false,
    result: null,
    error: { status: 422, ...refusal('INVALID_PERSONA').error },
  });
});

test('an API that is away for a moment is asked again under the same idempotency key', async () => {
  answers = [{ status: 503, json: refusal('SERVICE_UNAVAILABLE') }, { status: 201, json: { id: 'pers_1' } }];
  expect(await ran(tinytroupe.getAction('create_persona'), auth, { name: 'Ann' })).toMatchObject({ success: true });
  const keys = asked.map((one) => one.headers['idempotency-key']);
  expect(keys[0]).toMatch(/^ap_/);
  expect(keys[1]).toBe(keys[0]);
});

test('an API that cannot be reached is an outcome as well', async () => {
  const nowhere = { props: { base_url: 'http://127.0.0.1:9/v1', api_key: 'dr_key' } };
  const outcome = await ran(tinytroupe.getAction('match_property'), nowhere, { property_id: 'prop_1' });
  expect(outcome).toMatchObject({ success: false, error: { status: null, code: 'NO_CONNECTION' } });
});

test('a simulation is waited for, and its results are the result', async () => {
  answers = [
    { status: 202, json: { simulation_id: 'sim_1' } },
    { status: 200, json: { status: 'running' } },
    { status: 200, json: { status: 'completed' } },
    { status: 200, json: { simulation_id: 'sim_1', recommendations: [] } },
  ];
  const props = { property_id: 'prop_1', persona_segments: ['finance_executives'], test_scenarios: [] };
  const outcome = await ran(tinytroupe.getAction('run_focus_group'), auth, props);
  expect(outcome.result).toEqual({ simulation_id: 'sim_1', recommendations: [] });
  expect(asked[0]?.body).toEqual({ property_id: 'prop_1', persona_segments: ['finance_executives'] });
  expect(asked[3]?.line).toBe('GET /v1/simulations/sim_1/results');
});

test('one that is not waited for says where it stands', async () => {
  answers = [{ status: 202, json: { simulation_id: 'sim_1' } }, { status: 200, json: { status: 'queued' } }];
  const outcome = await ran(tinytroupe.getAction('test_campaign'), auth, { campaign_id: 'camp_1', wait_seconds: 0 });
  expect(outcome).toMatchObject({ success: true, result: { status: 'queued' } });
});

const ENRICHED = {
  event_type: 'persona.enriched',
  data: { object_type: 'persona', object_id: 'pers_1', details: { enrichment_type: 'notes', new_insights: [{ kind: 'likes' }] } },
};

function signed(body: string, id = 'msg_1', secret = SECRET): Json {
  const now = new Date();
  const headers = {
    'Webhook-Id': id,
    'Webhook-Timestamp': String(Math.floor(now.getTime() / 1000)),
    'Webhook-Signature': new Webhook(secret).sign(id, now, body),
  };
  return { body: JSON.parse(body), rawBody: body, headers, queryParams: {} };
}

async function enabled() {
  answers = [{ status: 201, json: { id: 'wh_1', secret: SECRET } }];
  const trigger = switchable(tinytroupe.getTrigger('persona_enriched'), auth, 'https://flows.example/1');
  await trigger.on();
  return trigger;
}

test('a trigger registers a webhook and removes it', async () => {
  const trigger = await enabled();
  expect(asked[0]?.body).toMatchObject({ url: 'https://flows.example/1', events: ['persona.enriched'] });
  answers = [{ status: 204 }];
  await trigger.off();
  expect(asked[1]?.line).toBe('DELETE /v1/webhooks/wh_1');
  expect(await trigger.store.get('endpoint')).toBeNull();
});

test('one whose webhook is gone already can be switched off', async () => {
  const trigger = await enabled();
  answers = [{ status: 404, json: refusal('NOT_FOUND') }];
  await trigger.off();
  expect(await trigger.store.get('endpoint')).toBeNull();
});

test('a genuine event gives the published output, once', async () => {
  const trigger = await enabled();
  const payload = signed(JSON.stringify(ENRICHED));
  const output = { persona_id: 'pers_1', enrichment_type: 'notes', new_insights: [{ kind: 'likes' }] };
  expect(await trigger.run(payload)).toEqual([output]);
  expect(await trigger.run(payload)).toEqual([]);
  expect(await trigger.run(signed(JSON.stringify(ENRICHED), 'msg_2'))).toEqual([output]);
});

test('a forged event is refused', async () => {
  const trigger = await enabled();
  const other = `whsec_${Buffer.alloc(32).toString('base64')}`;
  await expect(trigger.run(signed(JSON.stringify(ENRICHED), 'msg_1', other))).rejects.toThrow();
  const payload = signed(JSON.stringify(ENRICHED));
  await expect(trigger.run({ ...payload, rawBody: JSON.stringify(ENRICHED).replace('notes', 'email') })).rejects.toThrow();
});

test('an event of another kind is nothing', async () => {
  const trigger = await enabled();
  expect(await trigger.run(signed(JSON.stringify({ ...ENRICHED, event_type: 'persona.created' })))).toEqual([]);
});

test('details that were too large for a webhook are read from the log', async () => {
  const trigger = await enabled();
  const thin = { ...ENRICHED, data: { ...ENRICHED.data, details: { omitted: true, event_id: 'evt_2' } } };
  answers = [{ status: 200, json: { items: [{ id: 'evt_1', data: {} }, { id: 'evt_2', data: ENRICHED.data.details }] } }];
  expect(await trigger.run(signed(JSON.stringify(thin)))).toMatchObject([{ enrichment_type: 'notes' }]);
  expect(asked[1]?.line).toBe('GET /v1/events?subject=pers_1&types=persona.enriched&limit=500');
});

test('an event whose handling failed is handled when it comes again', async () => {
  answers = [{ status: 201, json: { id: 'wh_1', secret: SECRET } }];
  const trigger = switchable(tinytroupe.getTrigger('simulation_completed'), auth, 'https://flows.example/1');
  await trigger.on();
  const details = { recommendations: [{ action: 'Lead with the sunset' }] };
  const completed = { event_type: 'simulation.completed', data: { object_type: 'simulation', object_id: 'sim_1', details } };
  const payload = signed(JSON.stringify(completed));
  answers = [{ status: 404, json: refusal('NOT_FOUND') }];
  await expect(trigger.run(payload)).rejects.toThrow('NOT_FOUND');
  answers = [{ status: 200, json: { status: 'completed' } }];
  expect(await trigger.run(payload)).toEqual([
    { simulation_id: 'sim_1', results: { status: 'completed' }, recommendations: details.recommendations },
  ]);
});

test('a connection is checked when it is made', async () => {
  const { validate } = tinytroupe.auth as unknown as { validate: (given: Json) => Promise<Json> };
  answers = [{ status: 200, json: { items: [] } }, { status: 401, json: refusal('UNAUTHORIZED') }];
  expect(await validate({ auth: auth.props })).toEqual({ valid: true });
  expect(await validate({ auth: auth.props })).toEqual({ valid: false, error: 'No.' });
});
