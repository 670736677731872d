import { segment, type CallOptions, type Transport } from '../transport.js';
import { Webhook, type WebhookEvent } from '../webhooks.js';
import type { Call } from '../call.js';
import type { ListCall, Page } from '../pages.js';
import type { Delivery, WebhookEndpoint } from '../types/answers.js';
import type { DeliveryQuery, NewWebhook, PageQuery } from '../types/requests.js';

export interface ReceivedWebhook {
  /** The body as it came, before any parsing. */
  body: string | Uint8Array;
  headers: Headers | Record<string, string | string[] | undefined>;
  /** `whsec_…` of the endpoint. */
  secret: string;
}

/** `/webhooks` */
export class Webhooks {
  constructor(private readonly transport: Transport) {}

  /** The answer holds the signing secret, this once. */
  create(webhook: NewWebhook, options?: CallOptions): Call<WebhookEndpoint> {
    return this.transport.post('/webhooks', webhook, options);
  }

  get(id: string, options?: CallOptions): Call<WebhookEndpoint> {
    return this.transport.get(`/webhooks/${segment(id)}`, options);
  }

  list(query?: PageQuery, options?: CallOptions): ListCall<WebhookEndpoint, Page<WebhookEndpoint>> {
    return this.transport.list('/webhooks', query, options);
  }

  update(id: string, changes: Partial<Omit<NewWebhook, 'ordering'>>, options?: CallOptions): Call<WebhookEndpoint> {
    return this.transport.patch(`/webhooks/${segment(id)}`, changes, options);
  }

  delete(id: string, options?: CallOptions): Call<void> {
    return this.transport.delete(`/webhooks/${segment(id)}`, options);
  }

  /** For a day deliveries carry the signatures of both secrets. */
  rotateSecret(id: string, options?: CallOptions): Call<WebhookEndpoint> {
    return this.transport.post(`/webhooks/${segment(id)}/rotate-secret`, undefined, options);
  }

  /** Sends an example of an event. */
  test(id: string, query: { event?: string } = {}, options?: CallOptions): Call<Delivery> {
    return this.transport.post(`/webhooks/${segment(id)}/test`, undefined, options, query);
  }

  deliveries(id: string, query?: DeliveryQuery, options?: CallOptions): ListCall<Delivery, Page<Delivery>> {
    return this.transport.list(`/webhooks/${segment(id)}/deliveries`, query, options);
  }

  /** The event of a genuine webhook. Rejects with `WebhookVerificationError` for any other. */
  verify({ body, headers, secret }: ReceivedWebhook): Promise<WebhookEvent> {
    return new Webhook(secret).verify(body, headers);
  }
}
