// What a call sends, when it is tried again, and what it answers or throws; on a real HTTP server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  APIConnectionError,
  APITimeoutError,
  NotFoundError,
  RateLimitError,
  TinyTroupeClient,
  TinyTroupeError,
  UnprocessableEntityError,
} from '../dist/index.js';
import { pause } from '../dist/retries.js';
import { refusal, serving } from './server.mjs';

const CREATED = { status: 201, json: { id: 'pers_1', created_at: '2026-01-01T00:00:00Z', simulation_ready: true } };
const UNAVAILABLE = { status: 503, headers: { 'retry-after': '0' }, json: refusal('SERVICE_UNAVAILABLE') };

test('a call shows the key and the brokerage, and sends names as the API spells them', async (t) => {
  const { requests, client } = await serving(t, CREATED);
  const created = await client({ brokerageId: 'brk_1' }).personas.create({ name: 'Ann', demographics: { ageRange: '45-55' } });
  assert.deepEqual(created, { id: 'pers_1', createdAt: '2026-01-01T00:00:00Z', simulationReady: true });
  const [{ method, url, headers, body }] = requests;
  assert.equal(`${method} ${url}`, 'POST /v1/personas');
  assert.equal(headers.authorization, 'Bearer dr_key');
  assert.equal(headers['x-brokerage-id'], 'brk_1');
  assert.deepEqual(body, { name: 'Ann', demographics: { age_range: '45-55' } });
});

test('a POST is tried again under one idempotency key', async (t) => {
  const { requests, client } = await serving(t, UNAVAILABLE, 'broken', CREATED);
  assert.equal((await client().personas.create({ name: 'Ann' })).id, 'pers_1');
  assert.equal(requests.length, 3);
  assert.equal(new Set(requests.map((request) => request.headers['idempotency-key'])).size, 1);
  assert.match(requests[0].headers['idempotency-key'], /^js_[0-9a-f]{32}$/);
});

test('two POSTs have two keys, unless one is given; a GET has none', async (t) => {
  const { requests, client } = await serving(t, CREATED);
  await client().personas.create({ name: 'Ann' });
  await client().personas.create({ name: 'Ann' });
  await client().personas.create({ name: 'Ann' }, { idempotencyKey: 'mine' });
  await client().personas.get('pers_1');
  const [first, second, third, fourth] = requests.map((request) => request.headers['idempotency-key']);
  assert.notEqual(first, second);
  assert.equal(third, 'mine');
  assert.equal(fourth, undefined);
});

test('after two more tries the last error is thrown', async (t) => {
  const { requests, client } = await serving(t, UNAVAILABLE);
  await assert.rejects(client().personas.get('pers_1'), { name: 'ServiceUnavailableError', status: 503, retryAfter: 0 });
  assert.equal(requests.length, 3);
  await assert.rejects(client().personas.get('pers_1', { maxRetries: 0 }));
  assert.equal(requests.length, 4);
});

test('what a client did wrong is not tried again, and says what is to blame', async (t) => {
  const details = { field: 'demographics.age_range', issue: 'Invalid format' };
  const { requests, client } = await serving(t, { status: 422, json: refusal('INVALID_PERSONA', details) });
  const failure = await client().personas.create({ name: 'Ann' }).catch((error) => error);
  assert.ok(failure instanceof UnprocessableEntityError && failure instanceof TinyTroupeError);
  const { code, field, issue, requestId, retryAfter } = failure;
  assert.deepEqual(
    { code, field, issue, requestId, retryAfter },
    { code: 'INVALID_PERSONA', ...details, requestId: 'req_2', retryAfter: null },
  );
  assert.equal(failure.message, 'No. (demographics.age_range: Invalid format)');
  assert.equal(requests.length, 1);
});

test('who has to wait long is told so at once', async (t) => {
  const limited = { status: 429, headers: { 'retry-after': '1800' }, json: refusal('RATE_LIMITED') };
  const { requests, client } = await serving(t, limited);
  const failure = await client().personas.get('pers_1').catch((error) => error);
  assert.ok(failure instanceof RateLimitError);
  assert.equal(failure.retryAfter, 1800);
  assert.equal(requests.length, 1);
});

test('pauses grow from half a second to eight, and are never shorter than the API asks', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((tried) => pause(tried, null, () => 0)), [0.5, 1, 2, 4, 8, 8]);
  assert.equal(pause(0, null, () => 1), 0.375);
  assert.equal(pause(0, 3), 3);
  assert.equal(pause(0, 61), null);
});

test('a call without an answer ends with its timeout, and one that its caller aborts at once', async (t) => {
  const { client } = await serving(t, 'silent');
  await assert.rejects(client({ maxRetries: 0 }).personas.get('pers_1', { timeout: 30 }), APITimeoutError);
  const controller = new AbortController();
  const call = client().personas.get('pers_1', { signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(call, { message: 'enough' });
});

test('where nobody listens there is a connection error', async () => {
  const client = new TinyTroupeClient({ apiKey: 'dr_key', baseUrl: 'http://127.0.0.1:9/v1', maxRetries: 0 });
  await assert.rejects(client.personas.get('pers_1'), APIConnectionError);
});

test('the raw response stands beside the answer', async (t) => {
  const { client } = await serving(t, { ...CREATED, headers: { 'x-ratelimit-remaining': '950' } });
  const { data, response, requestId } = await client().personas.get('pers_1').withResponse();
  assert.equal(data.id, 'pers_1');
  assert.equal(response.headers.get('x-ratelimit-remaining'), '950');
  assert.equal(requestId, 'req_1');
});

test('a list is a page, or all items of all pages', async (t) => {
  const page = (number, link) => ({
    json: { items: [{ id: `pers_${number}` }], total: 2, page: number, page_size: 1 },
    headers: link ? { link: '<http://elsewhere/v1/personas?page=2&cursor=abc>; rel="next", <http://e/?page=2>; rel="last"' } : {},
  });
  const { requests, client } = await serving(t, page(1, true), page(2, false), page(1, true), page(2, false));
  const seen = [];
  for await (const persona of client().personas.list({ pageSize: 1, visibility: 'team' })) seen.push(persona.id);
  assert.deepEqual(seen, ['pers_1', 'pers_2']);
  assert.deepEqual(requests.map((request) => request.url), [
    '/v1/personas?page_size=1&visibility=team',
    '/v1/personas?page=2&cursor=abc',
  ]);
  const first = await client().personas.list();
  assert.deepEqual([first.total, first.pageSize, first.items.length], [2, 1, 1]);
  const second = await first.nextPage();
  assert.equal(second.items[0].id, 'pers_2');
  assert.equal(second.nextPage(), null);
});

test('without a key there is no client', () => {
  assert.throws(() => new TinyTroupeClient(), /an API key is needed/);
});

test('the environment tells key and address', async (t) => {
  const { baseUrl, requests } = await serving(t, { status: 404, json: refusal('NOT_FOUND') });
  Object.assign(process.env, { TINYTROUPE_API_KEY: 'dr_env', TINYTROUPE_BASE_URL: `${baseUrl}/` });
  t.after(() => ['TINYTROUPE_API_KEY', 'TINYTROUPE_BASE_URL'].forEach((name) => delete process.env[name]));
  await assert.rejects(new TinyTroupeClient().personas.get('a/b'), NotFoundError);
  assert.equal(requests[0].url, '/v1/personas/a%2Fb');
  assert.equal(requests[0].headers.authorization, 'Bearer dr_env');
});
