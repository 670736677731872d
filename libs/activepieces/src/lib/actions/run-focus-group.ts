import { createAction, Property } from '@activepieces/pieces-framework';
import { ask } from '../api';
import { auth } from '../auth';
import { bodyOf, outcomeOf } from '../outcome';
import { resultsWithin } from '../simulations';

const SCENARIOS = ['photo_selection', 'pricing'];

export const runFocusGroup = createAction({
  auth,
  name: 'run_focus_group',
  displayName: 'Run focus group',
  description: 'Shows a property to simulated clients and asks them about photos, prices or changes.',
  props: {
    property_id: Property.ShortText({ displayName: 'Property id', required: false }),
    persona_segments: Property.Array({
      displayName: 'Segments',
      description: 'From which people are drawn, for example finance_executives.',
      required: false,
    }),
    test_scenarios: Property.StaticMultiSelectDropdown({
      displayName: 'Scenarios',
      description: 'Empty: all that the property allows.',
      required: false,
      options: { options: SCENARIOS.map((value) => ({ label: value, value })) },
    }),
    parameters: Property.Json({
      displayName: 'More parameters',
      description: 'Any other field of the request, as the API spells it: property, persona_configuration, …',
      required: false,
    }),
    wait_seconds: Property.Number({
      displayName: 'Seconds to wait',
      description: 'For the results; afterwards, or with 0, the result is where the simulation stands.',
      required: false,
      defaultValue: 120,
    }),
  },
  run: ({ auth: connection, propsValue: { parameters, wait_seconds, ...fields } }) =>
    outcomeOf(async () => {
      const accepted = await ask<{ simulation_id: string }>(
        connection,
        'POST',
        '/simulations/focus-group',
        bodyOf(fields, parameters),
      );
      return resultsWithin(connection, accepted.simulation_id, wait_seconds ?? 120);
    }),
});
