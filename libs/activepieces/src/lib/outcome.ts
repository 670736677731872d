/** What every operation gives, as published: a flow can branch on `success` instead of ending with a failure. */

import { Refused, type ApiError, type Json } from './api';

export interface Outcome {
  success: boolean;
  result: Json | null;
  error: ApiError | null;
}

/** What the API refuses is an outcome; anything else is a fault of the piece and thrown. */
export async function outcomeOf(work: () => Promise<Json>): Promise<Outcome> {
  try {
    return { success: true, result: await work(), error: null };
  } catch (failure) {
    if (!(failure instanceof Refused)) throw failure;
    return { success: false, result: null, error: failure.error };
  }
}

/** A request body: what was left empty in the form is left out, and `more` may add or replace any field. */
export function bodyOf(fields: Json, more: unknown): Json {
  const given = Object.entries({ ...fields, ...parsed(more) }).filter(([, value]) => !isEmpty(value));
  return Object.fromEntries(given);
}

/** JSON fields come as objects or as the text that was typed. Throws `SyntaxError` for text that is no JSON. */
export function parsed(value: unknown): Json | undefined {
  if (typeof value !== 'string') return (value ?? undefined) as Json | undefined;
  return value.trim() ? (JSON.parse(value) as Json) : undefined;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}
