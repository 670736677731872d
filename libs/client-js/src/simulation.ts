/** A simulation that was requested: what it does now, and its results. */

import type { Call } from './call.js';
import { SimulationEndedError, TinyTroupeError, WaitTimeoutError } from './errors.js';
import { follow } from './following.js';
import { segment, type CallOptions, type Transport } from './transport.js';
import type { SimulationProgress, SimulationResults, SimulationState, SimulationUpdate } from './types/answers.js';

export interface SimulationEvents {
  progress: SimulationProgress;
  result: SimulationUpdate;
  error: TinyTroupeError;
}

export interface ResultsOptions extends CallOptions {
  /** Milliseconds to wait for the end of the simulation; ten minutes unless given. */
  waitTimeout?: number;
  detailLevel?: 'detailed' | 'summary';
}

const WAIT_MS = 600_000;

type Listeners = { [E in keyof SimulationEvents]: Set<(update: SimulationEvents[E]) => void> };

/** Followed over one WebSocket, which opens with the first `on` or `results` and closes with the end. */
export class Simulation {
  readonly #transport: Transport;
  readonly #listeners: Listeners = { progress: new Set(), result: new Set(), error: new Set() };
  readonly #stop = new AbortController();
  #ending: Promise<SimulationUpdate> | null = null;

  constructor(
    transport: Transport,
    readonly simulationId: string,
  ) {
    this.#transport = transport;
  }

  get id(): string {
    return this.simulationId;
  }

  /** `progress` and `result` give an update, `error` an error: the simulation failed, or cannot be followed. */
  on<E extends keyof SimulationEvents>(event: E, listener: (update: SimulationEvents[E]) => void): this {
    this.#listeners[event].add(listener);
    this.#followed().catch(() => undefined); // told to the listeners of `error`, and by `results`
    return this;
  }

  off<E extends keyof SimulationEvents>(event: E, listener: (update: SimulationEvents[E]) => void): this {
    this.#listeners[event].delete(listener);
    return this;
  }

  /** Where it stands now. */
  state(options?: CallOptions): Call<SimulationState> {
    return this.#transport.get(`/simulations/${segment(this.id)}`, options);
  }

  /** Waits for the end, then gives the results. Rejects with `SimulationEndedError` when there are none. */
  async results(options: ResultsOptions = {}): Promise<SimulationResults> {
    const { waitTimeout = WAIT_MS, detailLevel, ...call } = options;
    await this.#ended(waitTimeout, call.signal);
    return this.#transport.get<SimulationResults>(`/simulations/${segment(this.id)}/results`, call, {
      query: { detailLevel },
    });
  }

  cancel(options?: CallOptions): Call<SimulationState> {
    return this.#transport.post(`/simulations/${segment(this.id)}/cancel`, undefined, options);
  }

  /** Stop following; the simulation goes on. */
  close(): void {
    this.#stop.abort(new TinyTroupeError('the simulation is no longer followed'));
  }

  async #ended(waitTimeout: number, signal: AbortSignal | undefined): Promise<void> {
    let stop: () => void = () => undefined;
    const enough = new Promise<never>((_, reject) => {
      const late = new WaitTimeoutError(`simulation ${this.id} did not end within ${waitTimeout} ms`);
      const timer = setTimeout(() => reject(late), waitTimeout);
      const aborted = (): void => reject(signal?.reason as Error);
      if (signal?.aborted) aborted();
      signal?.addEventListener('abort', aborted, { once: true });
      stop = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
      };
    });
    try {
      const end = await Promise.race([this.#followed(), enough]);
      if (end.type === 'error') throw endedError(end);
    } finally {
      stop();
    }
  }

  #followed(): Promise<SimulationUpdate> {
    this.#ending ??= this.#follow();
    return this.#ending;
  }

  async #follow(): Promise<SimulationUpdate> {
    try {
      return await follow(this.#transport, this.id, (update) => this.#tell(update), this.#stop.signal);
    } catch (failure) {
      if (failure instanceof TinyTroupeError && !this.#stop.signal.aborted) this.#emit('error', failure);
      throw failure;
    }
  }

  #tell(update: SimulationUpdate): void {
    if (update.type === 'progress') this.#emit('progress', { ...update, progress: update.progress ?? 0 });
    else if (update.type === 'result') this.#emit('result', update);
    else this.#emit('error', endedError(update));
  }

  #emit<E extends keyof SimulationEvents>(event: E, update: SimulationEvents[E]): void {
    for (const listener of [...this.#listeners[event]]) listener(update);
  }
}

/** A simulation with what was answered to its request. `status` and the like are those of that moment. */
export type Requested<Answer> = Simulation & Readonly<Answer>;

export function requested<Answer extends { simulationId: string }>(transport: Transport, answer: Answer): Requested<Answer> {
  return Object.assign(new Simulation(transport, answer.simulationId), answer);
}

function endedError(update: SimulationUpdate): SimulationEndedError {
  const status = update.currentStep === 'cancelled' ? 'cancelled' : 'failed';
  const issue = update.error?.details.issue;
  const said = update.error?.message ?? `The simulation was ${status}.`;
  return new SimulationEndedError(issue ? `${said} ${issue}` : said, update.simulationId, status);
}
