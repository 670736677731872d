import { requested, Simulation, type Requested } from '../simulation.js';
import { segment, type CallOptions, type Transport } from '../transport.js';
import type { Call } from '../call.js';
import type { ListCall, Page } from '../pages.js';
import type {
  AcceptedCampaign,
  AcceptedIntervention,
  AcceptedSimulation,
  Segment,
  SimulationResults,
  SimulationState,
} from '../types/answers.js';
import type { FocusGroup, Intervention, MarketingCampaign, SimulationQuery } from '../types/requests.js';

/** `/simulations` */
export class Simulations {
  constructor(private readonly transport: Transport) {}

  focusGroup(wish: FocusGroup, options?: CallOptions): Call<Requested<AcceptedSimulation>> {
    return this.#request<AcceptedSimulation>('/simulations/focus-group', wish, options);
  }

  /** With `predictedResults` when they are there at once. */
  marketingCampaign(wish: MarketingCampaign, options?: CallOptions): Call<Requested<AcceptedCampaign>> {
    return this.#request<AcceptedCampaign>('/simulations/marketing-campaign', wish, options);
  }

  /** With `recommendations` when they are there at once. */
  intervention(wish: Intervention, options?: CallOptions): Call<Requested<AcceptedIntervention>> {
    return this.#request<AcceptedIntervention>('/simulations/intervention', wish, options);
  }

  get(id: string, options?: CallOptions): Call<SimulationState> {
    return this.transport.get(`/simulations/${segment(id)}`, options);
  }

  list(query?: SimulationQuery, options?: CallOptions): ListCall<SimulationState, Page<SimulationState>> {
    return this.transport.list('/simulations', query, options);
  }

  /** The results of a completed simulation, without waiting. */
  results(
    id: string,
    query: { detailLevel?: 'detailed' | 'summary' } = {},
    options?: CallOptions,
  ): Call<SimulationResults> {
    return this.transport.get(`/simulations/${segment(id)}/results`, options, { query });
  }

  cancel(id: string, options?: CallOptions): Call<SimulationState> {
    return this.transport.post(`/simulations/${segment(id)}/cancel`, undefined, options);
  }

  /** One that was requested earlier or elsewhere, to follow it or to wait for its results. Asks nothing yet. */
  follow(id: string): Simulation {
    return new Simulation(this.transport, id);
  }

  #request<Answer extends { simulationId: string }>(
    path: string,
    wish: object,
    options: CallOptions | undefined,
  ): Call<Requested<Answer>> {
    return this.transport.post<Answer>(path, wish, options).map((answer) => requested(this.transport, answer));
  }
}

/** `/segments` */
export class Segments {
  constructor(private readonly transport: Transport) {}

  /** Every segment that people can be drawn from. */
  list(options?: CallOptions): Call<Segment[]> {
    return this.transport.get<{ segments: Segment[] }>('/segments', options).map((found) => found.segments);
  }
}
