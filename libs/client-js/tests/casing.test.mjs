// How names are converted, and that this is what the API's description says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { camel, fromApi, snake, toApi, treatment } from '../dist/casing.js';

const API = JSON.parse(readFileSync(new URL('../../../docs/reference/openapi.json', import.meta.url), 'utf8'));
const OURS = /^\/v1\/(personas|properties|campaigns|simulations|segments|matching|batch|webhooks|events|event-types)/;
// Free in the description, and yet of names that the API defines.
const NAMES_OF_THE_API = new Set(['items', 'params', 'links', 'weights']);

test('names of the API are converted there and back', () => {
  const persona = { ageRange: '45-55', mustHaveFeatures: ['home_office'], nested: [{ netWorthRange: '$1M' }] };
  const sent = { age_range: '45-55', must_have_features: ['home_office'], nested: [{ net_worth_range: '$1M' }] };
  assert.deepEqual(toApi(persona), sent);
  assert.deepEqual(fromApi(sent), persona);
  assert.equal(camel('purchase_likelihood_30_days'), 'purchaseLikelihood30Days');
});

test('names that are already in snake_case are left alone, and so are values', () => {
  assert.deepEqual(toApi({ age_range: '45-55', type: 'photo_selection' }), { age_range: '45-55', type: 'photo_selection' });
});

test('what is undefined is left out, what is null stays', () => {
  assert.deepEqual(toApi({ rateLimit: null, description: undefined }), { rate_limit: null });
});

test('dates are left to JSON', () => {
  const since = new Date(0);
  assert.equal(toApi({ since }).since, since);
});

test('metadata and headers keep the names that their owner gave them', () => {
  const metadata = { agent_id: 'agent_1', myOwnName: { deepName: 1 } };
  assert.deepEqual(toApi({ content: { metadata } }), { content: { metadata } });
  assert.deepEqual(fromApi({ metadata }), { metadata });
  assert.deepEqual(toApi({ headers: { 'X-My-Header': 'a' } }), { headers: { 'X-My-Header': 'a' } });
});

test('messages keep their channels, and what is in them is converted', () => {
  const given = { messages: { social_media: { contentVariants: ['a'] }, myChannel: { subjectLines: ['b'] } } };
  const sent = { messages: { social_media: { content_variants: ['a'] }, myChannel: { subject_lines: ['b'] } } };
  assert.deepEqual(toApi(given), sent);
  assert.deepEqual(fromApi(sent), given);
});

test('detailed results are handed over as they came', () => {
  const detailed_results = { photo_preferences: { sunset_view: { share_of_first: 0.4 } } };
  assert.deepEqual(fromApi({ detailed_results }), { detailedResults: detailed_results });
});

test('every free object of the API is known here', () => {
  const unknown = [...free()].filter((name) => treatment(name) === 'convert' && !NAMES_OF_THE_API.has(name));
  assert.deepEqual(unknown, []);
});

test('every name of the API comes back as it went', () => {
  const changed = [...names()].filter((name) => treatment(name) !== 'free' && snake(camel(name)) !== name);
  assert.deepEqual(changed, ['purchase_likelihood_30_days'].filter((name) => changed.includes(name)));
});

function* properties() {
  const seen = new Set();
  const waiting = Object.entries(API.paths).flatMap(([path, operations]) => (OURS.test(path) ? [operations] : []));
  while (waiting.length > 0) {
    const schema = waiting.pop();
    if (typeof schema !== 'object' || schema === null || seen.has(schema)) continue;
    seen.add(schema);
    if (schema.$ref) waiting.push(schema.$ref.slice(2).split('/').reduce((node, part) => node[part], API));
    if (schema.properties && !schema.properties.$ref) yield* Object.entries(schema.properties);
    waiting.push(...Object.entries(schema).flatMap(([name, inner]) => (name.startsWith('example') ? [] : [inner])));
  }
}

function* free() {
  for (const [name, schema] of properties()) {
    const forms = [schema, ...(schema.anyOf ?? []), ...[schema, ...(schema.anyOf ?? [])].flatMap((one) => one.items ?? [])];
    if (forms.some((one) => one.type === 'object' && !one.properties)) yield name;
  }
}

function* names() {
  for (const [name] of properties()) yield name;
}
