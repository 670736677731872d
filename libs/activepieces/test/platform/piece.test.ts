/** The piece against a running platform, which `TINYTROUPE_BASE_URL`, `_API_KEY` and `_BROKERAGE_ID` name. */

import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { tinytroupe } from '../../src';
import { ask, type Json } from '../../src/lib/api';
import type { Connection } from '../../src/lib/auth';
import { ran, switchable } from '../context';

interface Delivery extends Json {
  body: Json;
  rawBody: string;
  headers: IncomingHttpHeaders;
}

const DEADLINE = 40_000;
const { TINYTROUPE_BASE_URL = '', TINYTROUPE_API_KEY = '', TINYTROUPE_BROKERAGE_ID } = process.env;
const auth: Connection = {
  props: { base_url: TINYTROUPE_BASE_URL, api_key: TINYTROUPE_API_KEY, brokerage_id: TINYTROUPE_BROKERAGE_ID },
};
const HOME = {
  price: 12_000_000,
  type: 'penthouse',
  address: '1 Ocean Drive, Miami Beach',
  locations: ['Miami Beach'],
  features: ['home_office', 'pool'],
  photos: [{ room: 'pool' }, { room: 'terrace' }],
};

let flows: Server;
let address: string;
let arrived: ((delivery: Delivery) => void) | null = null;

beforeAll(async () => {
  // Stands where the webhook addresses of Activepieces would be.
  flows = createServer(async (request, response) => {
    let rawBody = '';
    for await (const chunk of request) rawBody += chunk;
    response.writeHead(200).end();
    arrived?.({ body: JSON.parse(rawBody), rawBody, headers: request.headers, queryParams: {} });
  });
  await new Promise<void>((ready) => flows.listen(0, '127.0.0.1', ready));
  address = `http://127.0.0.1:${(flows.address() as AddressInfo).port}/flow`;
});

beforeEach(() => {
  arrived = null;
});

afterAll(() => {
  flows.closeAllConnections();
  flows.close();
});

/** Switches a trigger on, lets something happen, and runs the trigger with the webhook that arrives for it. */
async function triggered(name: string, happen: () => Promise<string>): Promise<{ subject: string; output: unknown }> {
  const trigger = switchable(tinytroupe.getTrigger(name), auth, address);
  const deliveries: Delivery[] = [];
  let wake = (): void => undefined;
  arrived = (delivery) => {
    deliveries.push(delivery);
    wake();
  };
  await trigger.on();
  const subject = await happen();
  const about = (delivery: Delivery): boolean => (delivery.body.data as Json).object_id === subject;
  while (!deliveries.some(about)) await new Promise<void>((resolve) => (wake = resolve));
  const output = await trigger.run(deliveries.find(about)!);
  await trigger.off();
  return { subject, output };
}

const made = async (path: string, body: Json): Promise<Json> => ask(auth, 'POST', path, body);

test('a connection to the platform is valid, and one with another key is not', async () => {
  const { validate } = tinytroupe.auth as unknown as { validate: (given: Json) => Promise<Json> };
  expect(await validate({ auth: auth.props })).toEqual({ valid: true });
  expect(await validate({ auth: { ...auth.props, api_key: 'dr_none' } })).toMatchObject({ valid: false });
});

test('create_persona makes a persona, or says what is wrong with it', async () => {
  const action = tinytroupe.getAction('create_persona');
  const props = { name: `Ann ${Date.now()}`, visibility: 'brokerage', demographics: { age_range: '45-55' } };
  const { success, result } = (await ran(action, auth, props)) as { success: boolean; result: Json };
  expect(success).toBe(true);
  expect(await ask(auth, 'GET', `/personas/${result.id}`)).toMatchObject(props);
  const refused = await ran(action, auth, { ...props, demographics: { age_range: 'old' } });
  expect(refused).toMatchObject({
    success: false,
    result: null,
    error: { status: 422, code: 'INVALID_PERSONA', details: { field: 'demographics.age_range' } },
  });
});

test('run_focus_group gives the results', { timeout: DEADLINE }, async () => {
  const { id } = await made('/properties', HOME);
  const props = { property_id: id, persona_segments: ['finance_executives'], test_scenarios: ['photo_selection', 'pricing'] };
  const outcome = await ran(tinytroupe.getAction('run_focus_group'), auth, props);
  expect(outcome).toMatchObject({ success: true, error: null, result: { status: 'completed' } });
  expect((outcome.result as Json).recommendations).toBeInstanceOf(Array);
  const unknown = await ran(tinytroupe.getAction('run_focus_group'), auth, { ...props, property_id: 'prop_none' });
  expect(unknown).toMatchObject({ success: false, error: { status: 404, details: { field: 'property_id' } } });
});

test('match_property gives the matches', async () => {
  const { id } = await made('/properties', HOME);
  const props = { property_id: id, source: 'brokerage', max_results: 5 };
  const outcome = await ran(tinytroupe.getAction('match_property'), auth, props);
  expect(outcome).toMatchObject({ success: true, result: { property_id: id, matches: expect.any(Array) } });
});

test('test_campaign gives what is predicted', { timeout: DEADLINE }, async () => {
  const { id } = await made('/personas', { name: `Bo ${Date.now()}`, visibility: 'brokerage' });
  const messages = { email: { subject_lines: ['Exclusive: New Waterfront Estate', 'Your Dream Home Awaits'] } };
  const props = { campaign: { name: 'Waterfront', channels: ['email'], messages }, target_personas: [id] };
  const outcome = await ran(tinytroupe.getAction('test_campaign'), auth, props);
  const result = outcome.result as { status: string; predicted_results: { best_configuration: Json } };
  expect(outcome.success).toBe(true);
  expect(result.status).toBe('completed');
  expect(result.predicted_results.best_configuration).toMatchObject({ channel: 'email' });
});

test('new_property receives the webhook of a listing', { timeout: DEADLINE }, async () => {
  const { subject, output } = await triggered('new_property', async () => String((await made('/properties', HOME)).id));
  expect(output).toEqual([{ property_id: subject, property_data: expect.any(Object) }]);
  expect(output).toMatchObject([{ property_data: HOME }]);
});

test('persona_enriched receives the webhook of an enrichment', { timeout: DEADLINE }, async () => {
  const { subject, output } = await triggered('persona_enriched', async () => {
    const { id } = await made('/personas', { name: `Cy ${Date.now()}`, visibility: 'brokerage' });
    const text = 'She loves private beach access and needs a home office. She hates highway noise.';
    const metadata = { date: '2024-01-10', interaction_type: 'phone_call' };
    const wish = { data_type: 'interaction', source: 'agent_notes', content: { text, metadata }, process_immediately: true };
    await made(`/personas/${id}/enrich`, wish);
    return String(id);
  });
  expect(output).toEqual([{ persona_id: subject, enrichment_type: 'interaction', new_insights: expect.any(Array) }]);
});

test('simulation_completed receives the webhook of a simulation', { timeout: DEADLINE }, async () => {
  const { subject, output } = await triggered('simulation_completed', async () => {
    const { id } = await made('/properties', HOME);
    const wish = { property_id: id, persona_segments: ['finance_executives'], test_scenarios: ['pricing'] };
    return String((await made('/simulations/focus-group', wish)).simulation_id);
  });
  expect(output).toEqual([
    {
      simulation_id: subject,
      results: expect.objectContaining({ status: 'completed', simulation_id: subject }),
      recommendations: expect.any(Array),
    },
  ]);
});

test('a trigger that is switched off has no webhook left', async () => {
  const before = await ask<{ total: number }>(auth, 'GET', '/webhooks?page_size=1');
  const trigger = switchable(tinytroupe.getTrigger('new_property'), auth, address);
  await trigger.on();
  expect((await ask<{ total: number }>(auth, 'GET', '/webhooks?page_size=1')).total).toBe(before.total + 1);
  await trigger.off();
  expect((await ask<{ total: number }>(auth, 'GET', '/webhooks?page_size=1')).total).toBe(before.total);
});
