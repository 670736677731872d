/** Who asks: the connection that a user of Activepieces makes once. */

import { PieceAuth, Property } from '@activepieces/pieces-framework';
import { ask, Refused } from './api';

/** As the framework hands it to actions and triggers. */
export interface Connection {
  props: { base_url: string; api_key: string; brokerage_id?: string | null };
}

export const auth = PieceAuth.CustomAuth({
  description: 'An API key of your brokerage. Triggers need a key of the whole brokerage, not one of an agent.',
  required: true,
  props: {
    base_url: Property.ShortText({
      displayName: 'Base URL',
      description: 'With the version, as in https://api.example.com/v1',
      required: true,
    }),
    api_key: PieceAuth.SecretText({ displayName: 'API key', required: true }),
    brokerage_id: Property.ShortText({
      displayName: 'Brokerage id',
      description: 'If given, a key of another brokerage is refused.',
      required: false,
    }),
  },
  validate: async ({ auth: props }) => {
    try {
      await ask({ props } as Connection, 'GET', '/personas?page_size=1');
      return { valid: true };
    } catch (failure) {
      return { valid: false, error: failure instanceof Refused ? failure.error.message : String(failure) };
    }
  },
});
