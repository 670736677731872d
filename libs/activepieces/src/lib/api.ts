/**
 * One request to the API.
 *
 * `fetch`, not the `httpClient` of `@activepieces/pieces-common`: that one (0.12) switches the verification of TLS
 * certificates off for the whole process, and the request carries an API key.
 */

import { randomUUID } from 'node:crypto';
import type { Connection } from './auth';

/** The content of the API's standard error, with the status of the answer. */
export interface ApiError {
  status: number | null;
  code: string;
  message: string;
  details: { field: string | null; issue: string | null };
  request_id: string | null;
}

export class Refused extends Error {
  constructor(
    readonly error: ApiError,
    readonly retryAfter: number | null = null,
  ) {
    super(`${error.code}: ${error.details.issue ?? error.message}`);
  }
}

export type Json = Record<string, unknown>;

const TIMEOUT_MS = 30_000;
const PAUSES_MS = [500, 1000];
const MOST_ASKED_SECONDS = 8;
const TRANSIENT = new Set([408, 429, 500, 502, 503, 504]);

/** The answer's body; null without one. Tried again twice, a POST under one idempotency key. Throws `Refused`. */
export async function ask<T = Json>(connection: Connection, method: string, path: string, body?: object): Promise<T> {
  const init = { method, headers: headersOf(connection, method, body), ...(body && { body: JSON.stringify(body) }) };
  const url = `${connection.props.base_url.replace(/\/+$/, '')}${path}`;
  for (let tried = 0; ; tried += 1) {
    const outcome = await once(url, init);
    if (!(outcome instanceof Refused)) return outcome as T;
    const pause = PAUSES_MS[tried];
    if (pause === undefined || !isTransient(outcome)) throw outcome;
    await sleep(Math.max(pause, (outcome.retryAfter ?? 0) * 1000));
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function headersOf(connection: Connection, method: string, body: object | undefined): Record<string, string> {
  const { api_key, brokerage_id } = connection.props;
  return {
    Accept: 'application/json',
    Authorization: `Bearer ${api_key}`,
    ...(brokerage_id && { 'X-Brokerage-ID': brokerage_id }),
    ...(body && { 'Content-Type': 'application/json' }),
    ...(method === 'POST' && { 'Idempotency-Key': `ap_${randomUUID()}` }),
  };
}

async function once(url: string, init: RequestInit): Promise<unknown> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await response.text();
    if (response.ok) return text ? JSON.parse(text) : null;
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
    return new Refused(errorOf(response.status, text), Number.isFinite(retryAfter) ? retryAfter : null);
  } catch (failure) {
    const issue = failure instanceof Error ? String(failure.cause ?? failure.message) : String(failure);
    const message = 'The API cannot be reached.';
    const details = { field: null, issue };
    return new Refused({ status: null, code: 'NO_CONNECTION', message, details, request_id: null });
  }
}

function errorOf(status: number, text: string): ApiError {
  try {
    const { error } = JSON.parse(text) as { error: Omit<ApiError, 'status'> };
    return { status, code: error.code, message: error.message, details: error.details, request_id: error.request_id };
  } catch {
    const details = { field: null, issue: text.slice(0, 200) };
    return { status, code: `HTTP_${status}`, message: 'The answer is not one of the API.', details, request_id: null };
  }
}

function isTransient({ error, retryAfter }: Refused): boolean {
  if ((retryAfter ?? 0) > MOST_ASKED_SECONDS) return false;
  return error.status === null || TRANSIENT.has(error.status) || error.code === 'IDEMPOTENCY_IN_PROGRESS';
}
