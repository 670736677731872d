import { segment, type CallOptions, type Transport } from '../transport.js';
import type { Call } from '../call.js';
import type { ListCall, Page } from '../pages.js';
import type { Property } from '../types/answers.js';
import type { NewProperty, PropertyQuery } from '../types/requests.js';

/** `/properties` */
export class Properties {
  constructor(private readonly transport: Transport) {}

  create(property: NewProperty, options?: CallOptions): Call<Property> {
    return this.transport.post('/properties', property, options);
  }

  get(id: string, options?: CallOptions): Call<Property> {
    return this.transport.get(`/properties/${segment(id)}`, options);
  }

  list(query?: PropertyQuery, options?: CallOptions): ListCall<Property, Page<Property>> {
    return this.transport.list('/properties', query, options);
  }

  update(id: string, changes: Partial<Omit<NewProperty, 'id'>>, options?: CallOptions): Call<Property> {
    return this.transport.patch(`/properties/${segment(id)}`, changes, options);
  }

  /** Takes it off the market. */
  delete(id: string, options?: CallOptions): Call<void> {
    return this.transport.delete(`/properties/${segment(id)}`, options);
  }
}
