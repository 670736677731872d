/** The client: one object for one API key. */

import { TinyTroupeError } from './errors.js';
import { Batches } from './resources/batch.js';
import { Campaigns } from './resources/campaigns.js';
import { Events } from './resources/events.js';
import { Matching } from './resources/matching.js';
import { Personas } from './resources/personas.js';
import { Properties } from './resources/properties.js';
import { Segments, Simulations } from './resources/simulations.js';
import { Webhooks } from './resources/webhooks.js';
import { Transport, type Configuration, type Fetch } from './transport.js';

export interface ClientOptions {
  /** Else `TINYTROUPE_API_KEY` of the environment. */
  apiKey?: string;
  /** With the version: `https://api.example.com/v1`. Else `TINYTROUPE_BASE_URL`, else `http://localhost:8000/v1`. */
  baseUrl?: string;
  /** Sent along, so that a key of another brokerage is refused. */
  brokerageId?: string;
  /** Milliseconds that one try of a call may take; 30,000 unless given. */
  timeout?: number;
  /** How often a call is tried again; twice unless given. */
  maxRetries?: number;
  /** Instead of the environment's `fetch`. */
  fetch?: Fetch;
}

const BASE_URL = 'http://localhost:8000/v1';
const TIMEOUT_MS = 30_000;
const MAX_RETRIES = 2;

export class TinyTroupeClient {
  readonly personas: Personas;
  readonly properties: Properties;
  readonly campaigns: Campaigns;
  readonly simulations: Simulations;
  readonly segments: Segments;
  readonly matching: Matching;
  readonly batch: Batches;
  readonly webhooks: Webhooks;
  readonly events: Events;

  /** Throws `TinyTroupeError` without an API key. */
  constructor(options: ClientOptions = {}) {
    const transport = new Transport(configured(options));
    this.personas = new Personas(transport);
    this.properties = new Properties(transport);
    this.campaigns = new Campaigns(transport);
    this.simulations = new Simulations(transport);
    this.segments = new Segments(transport);
    this.matching = new Matching(transport);
    this.batch = new Batches(transport);
    this.webhooks = new Webhooks(transport);
    this.events = new Events(transport);
  }
}

function configured(options: ClientOptions): Configuration {
  const apiKey = options.apiKey ?? environment('TINYTROUPE_API_KEY');
  if (!apiKey) throw new TinyTroupeError('an API key is needed: the option apiKey, or TINYTROUPE_API_KEY');
  const baseUrl = options.baseUrl ?? environment('TINYTROUPE_BASE_URL') ?? BASE_URL;
  return {
    apiKey,
    baseUrl: baseUrl.replace(/\/+$/, ''),
    brokerageId: options.brokerageId,
    timeout: options.timeout ?? TIMEOUT_MS,
    maxRetries: options.maxRetries ?? MAX_RETRIES,
    // Browsers call `fetch` on the window only.
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  };
}

function environment(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name] || undefined;
}
