/** Client of the TinyTroupe-RE API. Start at `TinyTroupeClient`. */

export { TinyTroupeClient, type ClientOptions } from './client.js';
export { Call, type WithResponse } from './call.js';
export * from './errors.js';
export { ListCall, type EventPage, type Page } from './pages.js';
export {
  Simulation,
  type Requested,
  type ResultsOptions,
  type SimulationEvents,
} from './simulation.js';
export { Webhook, type WebhookEvent } from './webhooks.js';
export type { ReceivedWebhook } from './resources/webhooks.js';
export type { Streamed } from './resources/events.js';
export type { CallOptions, Fetch } from './transport.js';
export type * from './types/answers.js';
export type * from './types/requests.js';
