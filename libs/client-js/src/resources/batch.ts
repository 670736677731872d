import { segment, type CallOptions, type Transport } from '../transport.js';
import type { Call } from '../call.js';
import type { ListCall, Page } from '../pages.js';
import type { Batch, BatchSummary, CreatedPersonas } from '../types/answers.js';
import type { BatchQuery, PersonaBatch, SimulationBatch } from '../types/requests.js';

/** `/batch` */
export class Batches {
  constructor(private readonly transport: Transport) {}

  /** Creates up to 100 personas; each is told of by itself. */
  personas(batch: PersonaBatch, options?: CallOptions): Call<CreatedPersonas> {
    return this.transport.post('/batch/personas', batch, options);
  }

  /** Runs several simulations, a few at a time. */
  simulations(batch: SimulationBatch, options?: CallOptions): Call<Batch> {
    return this.transport.post('/batch/simulations', batch, options);
  }

  get(id: string, options?: CallOptions): Call<Batch> {
    return this.transport.get(`/batch/${segment(id)}`, options);
  }

  list(query?: BatchQuery, options?: CallOptions): ListCall<BatchSummary, Page<BatchSummary>> {
    return this.transport.list('/batch', query, options);
  }

  cancel(id: string, options?: CallOptions): Call<Batch> {
    return this.transport.post(`/batch/${segment(id)}/cancel`, undefined, options);
  }
}
