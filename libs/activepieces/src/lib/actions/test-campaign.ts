import { createAction, Property } from '@activepieces/pieces-framework';
import { ask, type Json } from '../api';
import { auth } from '../auth';
import { bodyOf, outcomeOf, parsed } from '../outcome';
import { resultsWithin } from '../simulations';

interface Accepted extends Json {
  simulation_id: string;
}

export const testCampaign = createAction({
  auth,
  name: 'test_campaign',
  displayName: 'Test campaign',
  description: 'Predicts which channel, message and time of a campaign do best.',
  props: {
    campaign_id: Property.ShortText({ displayName: 'Campaign id', required: false }),
    campaign: Property.Json({
      displayName: 'Campaign',
      description: 'Instead of an id: name, channels, messages, timing.',
      required: false,
    }),
    target_personas: Property.Array({ displayName: 'Persona ids', required: false }),
    parameters: Property.Json({
      displayName: 'More parameters',
      description: 'Any other field of the request, as the API spells it: persona_configuration, observed_rates, …',
      required: false,
    }),
    wait_seconds: Property.Number({
      displayName: 'Seconds to wait',
      description: 'For the results; afterwards, or with 0, the result is where the simulation stands.',
      required: false,
      defaultValue: 120,
    }),
  },
  run: ({ auth: connection, propsValue: { parameters, wait_seconds, campaign, ...fields } }) =>
    outcomeOf(async () => {
      const body = bodyOf({ ...fields, campaign: parsed(campaign) }, parameters);
      const accepted = await ask<Accepted>(connection, 'POST', '/simulations/marketing-campaign', body);
      return resultsWithin(connection, accepted.simulation_id, wait_seconds ?? 120);
    }),
});
