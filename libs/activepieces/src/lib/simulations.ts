/** Waiting for simulations. */

import { ask, sleep, type Json } from './api';
import type { Connection } from './auth';

interface State extends Json {
  status: string;
  error: string | null;
}

const FIRST_PAUSE_MS = 500;
const MOST_PAUSE_MS = 5000;

/** The results of a simulation, or, when there are none within `seconds`, where it stands. */
export async function resultsWithin(connection: Connection, id: string, seconds: number): Promise<Json> {
  const path = `/simulations/${encodeURIComponent(id)}`;
  const until = Date.now() + seconds * 1000;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(MOST_PAUSE_MS, pause * 1.5)) {
    const state = await ask<State>(connection, 'GET', path);
    if (state.status === 'completed') return ask(connection, 'GET', `${path}/results`);
    const ended = state.status === 'failed' || state.status === 'cancelled';
    if (ended || Date.now() + pause > until) return state;
    await sleep(pause);
  }
}
