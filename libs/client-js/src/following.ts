/** Follows one simulation to its end, by WebSocket where there is one, and again when a connection breaks. */

import { fromApi } from './casing.js';
import { APIConnectionError, TinyTroupeError } from './errors.js';
import { pause, sleep } from './retries.js';
import { webSocketClass, type WebSocketClass } from './sockets.js';
import { segment, type Transport } from './transport.js';
import type { SimulationState, SimulationUpdate } from './types/answers.js';

const NORMAL = 1000;
const REFUSED = [4400, 4401, 4403, 4404];
const OPEN_SECONDS = 10;
const MOST_LOSSES = 8;
/** Not sooner: an API key has a limited number of requests. */
const POLL_SECONDS = 2;

type Tell = (update: SimulationUpdate) => void;

/** Tells every update; the last one is of type `result` or `error`. Rejects when following is impossible. */
export async function follow(transport: Transport, id: string, tell: Tell, signal: AbortSignal): Promise<SimulationUpdate> {
  const socketClass = await webSocketClass();
  if (socketClass === null) return poll(transport, id, tell, signal);
  for (let losses = 0; ; losses += 1) {
    let heard = false;
    const end = await listen(socketClass, transport, id, signal, (update) => {
      heard = true;
      tell(update);
    });
    if (end !== null) return end;
    if (heard) losses = 0;
    if (losses >= MOST_LOSSES) throw new APIConnectionError(`simulation ${id} cannot be followed: no connection`);
    await sleep(pause(losses, null) ?? 0, signal);
  }
}

/** One connection. Null when it was lost before the end. */
function listen(
  socketClass: WebSocketClass,
  transport: Transport,
  id: string,
  signal: AbortSignal,
  tell: Tell,
): Promise<SimulationUpdate | null> {
  const { apiKey, baseUrl } = transport.configuration;
  return new Promise((resolve, reject) => {
    const socket = new socketClass(`${baseUrl.replace(/^http/, 'ws')}/ws/simulations/${segment(id)}`);
    let end: SimulationUpdate | null = null;
    const stop = (): void => {
      reject(signal.reason as Error);
      socket.close();
    };
    const late = setTimeout(() => socket.close(), OPEN_SECONDS * 1000);
    signal.addEventListener('abort', stop, { once: true });
    socket.addEventListener('open', () => {
      clearTimeout(late);
      socket.send(JSON.stringify({ type: 'auth', token: apiKey }));
    });
    socket.addEventListener('message', (message) => {
      const update = fromApi(JSON.parse(String(message.data))) as SimulationUpdate;
      if (update.type !== 'progress') end = update;
      // A refusal is no update of the simulation.
      if (update.currentStep !== 'refused') tell(update);
    });
    socket.addEventListener('error', () => undefined); // `close` follows
    socket.addEventListener('close', ({ code }) => {
      clearTimeout(late);
      signal.removeEventListener('abort', stop);
      if (REFUSED.includes(code)) reject(refusal(id, end));
      else resolve(code === NORMAL || end?.currentStep !== 'refused' ? end : null);
    });
  });
}

function refusal(id: string, update: SimulationUpdate | null): TinyTroupeError {
  const error = update?.error;
  const why = error ? `${error.code}: ${error.details.issue ?? error.message}` : 'refused';
  return new TinyTroupeError(`simulation ${id} may not be followed: ${why}`);
}

async function poll(transport: Transport, id: string, tell: Tell, signal: AbortSignal): Promise<SimulationUpdate> {
  let last = '';
  for (;;) {
    const state = await transport.get<SimulationState>(`/simulations/${segment(id)}`, { signal });
    const update = updateOf(state);
    const now = `${state.status} ${state.progress}`;
    if (now !== last) tell(update);
    if (update.type !== 'progress') return update;
    last = now;
    await sleep(POLL_SECONDS, signal);
  }
}

function updateOf(state: SimulationState): SimulationUpdate {
  const { simulationId, progress, status } = state;
  const common = { simulationId, progress, currentStep: status, partialResults: {} };
  if (status === 'completed') return { type: 'result', ...common };
  if (status !== 'failed' && status !== 'cancelled') return { type: 'progress', ...common };
  const details = { field: null, issue: state.error };
  const error = { code: 'SIMULATION_NOT_COMPLETED', message: `The simulation was ${status}.`, details };
  return { type: 'error', ...common, error };
}
