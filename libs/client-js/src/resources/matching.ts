import type { CallOptions, Transport } from '../transport.js';
import type { Call } from '../call.js';
import type { ClientMatches, PropertyMatches } from '../types/answers.js';
import type { ClientToProperties, PropertyToClients } from '../types/requests.js';

/** `/matching` */
export class Matching {
  constructor(private readonly transport: Transport) {}

  /** The clients that a property suits, best first. */
  propertyToClients(wish: PropertyToClients, options?: CallOptions): Call<ClientMatches> {
    return this.transport.post('/matching/property-to-clients', wish, options);
  }

  /** The properties that suit a client, best first. */
  clientToProperties(wish: ClientToProperties, options?: CallOptions): Call<PropertyMatches> {
    return this.transport.post('/matching/client-to-properties', wish, options);
  }
}
