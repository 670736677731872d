import { segment, type CallOptions, type Transport } from '../transport.js';
import type { Call } from '../call.js';
import type { ListCall, Page } from '../pages.js';
import type { AcceptedEnrichment, CreatedPersona, Persona, PersonaAnalytics } from '../types/answers.js';
import type { AnalyticsQuery, NewEnrichment, NewPersona, PersonaQuery } from '../types/requests.js';

/** `/personas` */
export class Personas {
  constructor(private readonly transport: Transport) {}

  create(persona: NewPersona, options?: CallOptions): Call<CreatedPersona> {
    return this.transport.post('/personas', persona, options);
  }

  get(id: string, options?: CallOptions): Call<Persona> {
    return this.transport.get(`/personas/${segment(id)}`, options);
  }

  list(query?: PersonaQuery, options?: CallOptions): ListCall<Persona, Page<Persona>> {
    return this.transport.list('/personas', query, options);
  }

  /** Replaces the top-level fields that are given. */
  update(id: string, changes: Partial<NewPersona>, options?: CallOptions): Call<Persona> {
    return this.transport.patch(`/personas/${segment(id)}`, changes, options);
  }

  delete(id: string, options?: CallOptions): Call<void> {
    return this.transport.delete(`/personas/${segment(id)}`, options);
  }

  /** It is listed no longer and takes part in nothing, until it is restored. */
  archive(id: string, options?: CallOptions): Call<Persona> {
    return this.transport.post(`/personas/${segment(id)}/archive`, undefined, options);
  }

  restore(id: string, options?: CallOptions): Call<Persona> {
    return this.transport.post(`/personas/${segment(id)}/restore`, undefined, options);
  }

  enrich(id: string, enrichment: NewEnrichment, options?: CallOptions): Call<AcceptedEnrichment> {
    return this.transport.post(`/personas/${segment(id)}/enrich`, enrichment, options);
  }

  analytics(id: string, query: AnalyticsQuery = {}, options?: CallOptions): Call<PersonaAnalytics> {
    return this.transport.get(`/personas/${segment(id)}/analytics`, options, { query });
  }
}
