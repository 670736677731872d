// Webhooks that the library `standardwebhooks` signs are genuine, and nothing else is.
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { Webhook as Signer } from 'standardwebhooks';
import { Webhook, WebhookVerificationError } from '../dist/index.js';

const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
const BODY = JSON.stringify({
  event_type: 'simulation.completed',
  timestamp: '2026-01-01T00:00:00Z',
  data: { object_type: 'simulation', object_id: 'sim_1', details: { key_findings: ['ä'] } },
  metadata: { brokerage_id: 'brk_1', agent_id: null, api_version: 'v1' },
});

function signed(body = BODY, at = new Date(), secret = SECRET) {
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Signer(secret).sign('msg_1', at, body),
  };
}

test('a genuine webhook is its event', async () => {
  const event = await new Webhook(SECRET).verify(BODY, signed());
  assert.equal(event.eventType, 'simulation.completed');
  assert.deepEqual(event.data, { objectType: 'simulation', objectId: 'sim_1', details: { key_findings: ['ä'] } });
  assert.equal(event.metadata.brokerageId, 'brk_1');
});

test('bytes, header objects and headers in capitals do as well', async () => {
  const bytes = new TextEncoder().encode(BODY);
  assert.ok(await new Webhook(SECRET).verify(bytes, new Headers(signed())));
  const capitals = Object.fromEntries(Object.entries(signed()).map(([name, value]) => [name.toUpperCase(), [value]]));
  assert.ok(await new Webhook(SECRET).verify(BODY, capitals));
});

test('during a rotation one of two signatures is enough', async () => {
  const other = signed(BODY, new Date(), `whsec_${Buffer.alloc(32).toString('base64')}`)['webhook-signature'];
  const headers = signed();
  headers['webhook-signature'] = `${other} ${headers['webhook-signature']}`;
  assert.ok(await new Webhook(SECRET).verify(BODY, headers));
});

test('everything else is refused', async () => {
  const webhook = new Webhook(SECRET);
  const old = new Date(Date.now() - 400_000);
  const cases = {
    'another body': [BODY.replace('sim_1', 'sim_2'), signed()],
    'another secret': [BODY, signed(BODY, new Date(), `whsec_${Buffer.alloc(32).toString('base64')}`)],
    'an old one': [BODY, signed(BODY, old)],
    'one from the future': [BODY, signed(BODY, new Date(Date.now() + 400_000))],
    'no signature': [BODY, { ...signed(), 'webhook-signature': '' }],
    'no timestamp': [BODY, { ...signed(), 'webhook-timestamp': 'now' }],
    'no base64': [BODY, { ...signed(), 'webhook-signature': 'v1,***' }],
    'an unknown version': [BODY, { ...signed(), 'webhook-signature': signed()['webhook-signature'].replace('v1', 'v9') }],
  };
  for (const [name, [body, headers]] of Object.entries(cases)) {
    await assert.rejects(webhook.verify(body, headers), WebhookVerificationError, name);
  }
});

test('an Ed25519 signature is verified with the public key alone', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x, 'base64url');
  const headers = signed();
  const content = Buffer.from(`msg_1.${headers['webhook-timestamp']}.${BODY}`);
  headers['webhook-signature'] += ` v1a,${sign(null, content, privateKey).toString('base64')}`;
  assert.ok(await new Webhook(`whpk_${raw.toString('base64')}`).verify(BODY, headers));
  assert.ok(await new Webhook(SECRET).verify(BODY, headers));
});
