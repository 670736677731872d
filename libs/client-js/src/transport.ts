/** One request and its tries: authentication, timeout, retries, and the form of bodies and answers. */

import { fromApi, toApi } from './casing.js';
import { Call, type WithResponse } from './call.js';
import { APIConnectionError, APIError, APITimeoutError } from './errors.js';
import { listed, type ListCall } from './pages.js';
import { isTransient, pause, sleep } from './retries.js';

export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

export interface Configuration {
  apiKey: string;
  /** Without a slash at its end. */
  baseUrl: string;
  brokerageId: string | undefined;
  /** Milliseconds that one try may take. */
  timeout: number;
  maxRetries: number;
  fetch: Fetch;
}

/** What any call can be told. */
export interface CallOptions {
  /** Milliseconds that one try may take. */
  timeout?: number;
  maxRetries?: number;
  signal?: AbortSignal;
  headers?: Record<string, string>;
  /** Of a POST: names this request for a day, so that it is carried out once. Made when it is left out. */
  idempotencyKey?: string;
}

export interface Asked {
  query?: object;
  body?: object;
}

export class Transport {
  constructor(readonly configuration: Configuration) {}

  get<T>(path: string, options: CallOptions = {}, asked: Asked = {}): Call<T> {
    return new Call(this.send<T>('GET', path, asked, options));
  }

  post<T>(path: string, body: object | undefined, options: CallOptions = {}, query?: object): Call<T> {
    return new Call(this.send<T>('POST', path, { ...(body && { body }), ...(query && { query }) }, options));
  }

  patch<T>(path: string, body: object, options: CallOptions = {}): Call<T> {
    return new Call(this.send<T>('PATCH', path, { body }, options));
  }

  delete(path: string, options: CallOptions = {}): Call<void> {
    return new Call(this.send<void>('DELETE', path, {}, options));
  }

  list<T, P extends { items: T[]; nextPage(): Promise<P> | null }>(
    path: string,
    query: object = {},
    options: CallOptions = {},
  ): ListCall<T, P> {
    const load = (wanted: object): Promise<WithResponse<Omit<P, 'nextPage'>>> =>
      this.send('GET', path, { query: wanted }, options);
    return listed<T, P>(load, words(query));
  }

  /** A response whose body is still to be read: a stream. Tried once. */
  async open(path: string, query: object, options: CallOptions): Promise<Response> {
    const headers = { ...this.#headers(options), Accept: 'text/event-stream' };
    const response = await this.#fetch(this.#address(path, query), { method: 'GET', headers }, options.signal);
    if (!response.ok) throw APIError.of(response, await bodyOf(response));
    return response;
  }

  async send<T>(method: string, path: string, asked: Asked, options: CallOptions): Promise<WithResponse<T>> {
    const url = this.#address(path, asked.query ?? {});
    const init = { method, headers: this.#headers(options), ...(asked.body && { body: JSON.stringify(toApi(asked.body)) }) };
    if (asked.body) init.headers['Content-Type'] = 'application/json';
    // The same key in every try: a request whose answer was lost is not carried out twice.
    if (method === 'POST') init.headers['Idempotency-Key'] = options.idempotencyKey ?? newKey();
    const most = options.maxRetries ?? this.configuration.maxRetries;
    for (let tried = 0; ; tried += 1) {
      const outcome = await this.#once<T>(url, init, options);
      if (!(outcome instanceof Error)) return outcome;
      const seconds = tried < most ? pauseAfter(outcome, tried) : null;
      if (seconds === null) throw outcome;
      await sleep(seconds, options.signal);
    }
  }

  async #once<T>(url: string, init: RequestInit, options: CallOptions): Promise<WithResponse<T> | APIError | APIConnectionError> {
    const timeout = options.timeout ?? this.configuration.timeout;
    const clock = AbortSignal.timeout(timeout);
    const signal = options.signal ? AbortSignal.any([options.signal, clock]) : clock;
    try {
      const response = await this.#fetch(url, init, signal);
      const body = await bodyOf(response);
      if (!response.ok) return APIError.of(response, body);
      return { data: fromApi(body) as T, response, requestId: response.headers.get('x-request-id') };
    } catch (failure) {
      if (options.signal?.aborted) throw options.signal.reason;
      if (clock.aborted) return new APITimeoutError(`no answer within ${timeout} ms`, { cause: failure });
      return failure instanceof APIConnectionError
        ? failure
        : new APIConnectionError('the answer broke off', { cause: failure });
    }
  }

  async #fetch(url: string, init: RequestInit, signal: AbortSignal | undefined): Promise<Response> {
    try {
      return await this.configuration.fetch(url, { ...init, ...(signal && { signal }) });
    } catch (failure) {
      if (signal?.aborted) throw failure;
      throw new APIConnectionError(`${new URL(url).origin} cannot be reached`, { cause: failure });
    }
  }

  #address(path: string, query: object): string {
    const search = new URLSearchParams(words(query)).toString();
    return `${this.configuration.baseUrl}${path}${search && `?${search}`}`;
  }

  #headers(options: CallOptions): Record<string, string> {
    const { apiKey, brokerageId } = this.configuration;
    return {
      Accept: 'application/json',
      Authorization: `Bearer ${apiKey}`,
      ...(brokerageId && { 'X-Brokerage-ID': brokerageId }),
      ...options.headers,
    };
  }
}

/** One part of a path. */
export function segment(id: string): string {
  return encodeURIComponent(id);
}

/** A query as the API wants it: lists are joined with commas, times are ISO 8601, what is undefined is left out. */
export function words(query: object): Record<string, string> {
  const given = Object.entries(toApi(query) as Record<string, unknown>).filter(([, value]) => value !== null);
  return Object.fromEntries(given.map(([name, value]) => [name, word(value)]));
}

function word(value: unknown): string {
  if (Array.isArray(value)) return value.map(word).join(',');
  return value instanceof Date ? value.toISOString() : String(value);
}

function pauseAfter(failure: APIError | APIConnectionError, tried: number): number | null {
  if (!(failure instanceof APIError)) return pause(tried, null);
  return isTransient(failure.status, failure.code) ? pause(tried, failure.retryAfter) : null;
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    if (response.ok) throw new APIConnectionError(`the answer is not JSON: ${text.slice(0, 100)}`);
    return text;
  }
}

function newKey(): string {
  // Not `randomUUID`, which pages without TLS do not have.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `js_${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
