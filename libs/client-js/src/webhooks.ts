/** Whether a webhook is genuine: Standard Webhooks signatures, checked with WebCrypto in Node and in browsers. */

import { WebhookVerificationError } from './errors.js';

/** A webhook as published. `details` is the event's data as the API spells it. */
export interface WebhookEvent {
  /** `simulation.completed`, `persona.enriched`, `match.found`, … */
  eventType: string;
  timestamp: string;
  data: { objectType: string; objectId: string; details: Record<string, unknown> };
  metadata: { brokerageId: string; agentId: string | null; apiVersion: string };
}

type GivenHeaders = Headers | Record<string, string | string[] | undefined>;
type Body = string | Uint8Array;

const DEFAULT_TOLERANCE_SECONDS = 300;

/** Verifies with a secret (`whsec_…`) or, for endpoints signed with `v1a`, with the public key (`whpk_…`). */
export class Webhook {
  readonly #key: Promise<CryptoKey>;
  readonly #version: 'v1' | 'v1a';

  constructor(
    secret: string,
    readonly toleranceSeconds: number = DEFAULT_TOLERANCE_SECONDS,
  ) {
    this.#version = secret.startsWith('whpk_') ? 'v1a' : 'v1';
    this.#key = imported(this.#version, bytesOf(secret.replace(/^wh(sec|pk)_/, '')));
    this.#key.catch(() => undefined); // told by `verify`
  }

  /** The event. Rejects with `WebhookVerificationError` unless one of our signatures of exactly this body is there. */
  async verify(body: Body, headers: GivenHeaders): Promise<WebhookEvent> {
    const payload = (await this.verifyRaw(body, headers)) as {
      event_type: string;
      timestamp: string;
      data: { object_type: string; object_id: string; details: Record<string, unknown> };
      metadata: { brokerage_id: string; agent_id: string | null; api_version: string };
    };
    const { data, metadata } = payload;
    return {
      eventType: payload.event_type,
      timestamp: payload.timestamp,
      data: { objectType: data.object_type, objectId: data.object_id, details: data.details },
      metadata: { brokerageId: metadata.brokerage_id, agentId: metadata.agent_id, apiVersion: metadata.api_version },
    };
  }

  /** The payload as it was sent: for endpoints with another `payloadFormat`. */
  async verifyRaw(body: Body, headers: GivenHeaders): Promise<unknown> {
    const id = header(headers, 'webhook-id');
    const timestamp = header(headers, 'webhook-timestamp');
    this.#checkAge(timestamp);
    const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
    const signed = new TextEncoder().encode(`${id}.${timestamp}.${text}`);
    for (const entry of header(headers, 'webhook-signature').split(' ')) {
      const [version, signature] = entry.split(',', 2);
      if (version === this.#version && signature && (await this.#isOurs(signature, signed))) return JSON.parse(text);
    }
    throw new WebhookVerificationError('no signature matches: another secret, or another body than was sent');
  }

  async #isOurs(signature: string, signed: Uint8Array<ArrayBuffer>): Promise<boolean> {
    const algorithm = this.#version === 'v1' ? 'HMAC' : 'Ed25519';
    try {
      return await crypto.subtle.verify(algorithm, await this.#key, bytesOf(signature), signed);
    } catch (failure) {
      throw new WebhookVerificationError('the secret or the signature is malformed', { cause: failure });
    }
  }

  #checkAge(timestamp: string): void {
    const seconds = Number(timestamp);
    if (!/^\d+$/.test(timestamp)) throw new WebhookVerificationError('the timestamp is no number of seconds');
    if (Math.abs(Date.now() / 1000 - seconds) > this.toleranceSeconds) {
      throw new WebhookVerificationError(`the timestamp is more than ${this.toleranceSeconds} seconds away from now`);
    }
  }
}

function imported(version: 'v1' | 'v1a', key: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  if (version === 'v1a') return crypto.subtle.importKey('raw', key, { name: 'Ed25519' }, false, ['verify']);
  return crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

function header(headers: GivenHeaders, name: string): string {
  const value =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([given]) => given.toLowerCase() === name)?.[1];
  const single = Array.isArray(value) ? value[0] : value;
  if (!single) throw new WebhookVerificationError(`the header ${name} is missing`);
  return single;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch (failure) {
    throw new WebhookVerificationError('this is not base64', { cause: failure });
  }
}
