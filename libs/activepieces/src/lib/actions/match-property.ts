import { createAction, Property } from '@activepieces/pieces-framework';
import { ask } from '../api';
import { auth } from '../auth';
import { bodyOf, outcomeOf } from '../outcome';

export const matchProperty = createAction({
  auth,
  name: 'match_property',
  displayName: 'Match property',
  description: 'Finds the clients whom a property suits, with reasons and how to approach them.',
  props: {
    property_id: Property.ShortText({ displayName: 'Property id', required: true }),
    source: Property.StaticDropdown({
      displayName: 'Whose clients',
      required: false,
      options: { options: ['brokerage', 'team', 'agent'].map((value) => ({ label: value, value })) },
    }),
    minimum_score: Property.Number({ displayName: 'Minimum score', description: '0 to 1', required: false }),
    max_results: Property.Number({ displayName: 'Most results', description: '1 to 100', required: false }),
    parameters: Property.Json({
      displayName: 'More parameters',
      description: 'Any other field of the request, as the API spells it: client_pool, matching_criteria, …',
      required: false,
    }),
  },
  run: ({ auth: connection, propsValue: { property_id, source, minimum_score, max_results, parameters } }) => {
    const fields = {
      property_id,
      client_pool: source ? { source } : undefined,
      matching_criteria: minimum_score == null ? undefined : { minimum_score },
      output_options: max_results == null ? undefined : { max_results },
    };
    return outcomeOf(() => ask(connection, 'POST', '/matching/property-to-clients', bodyOf(fields, parameters)));
  },
});
