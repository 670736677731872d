import { createAction, Property } from '@activepieces/pieces-framework';
import { ask } from '../api';
import { auth } from '../auth';
import { bodyOf, outcomeOf, parsed } from '../outcome';

export const createPersona = createAction({
  auth,
  name: 'create_persona',
  displayName: 'Create persona',
  description: 'Creates a persona of a client.',
  props: {
    name: Property.ShortText({ displayName: 'Name', required: true }),
    visibility: Property.StaticDropdown({
      displayName: 'Visibility',
      required: false,
      options: {
        options: ['private', 'team', 'brokerage'].map((value) => ({ label: value, value })),
      },
    }),
    demographics: Property.Json({
      displayName: 'Demographics',
      description: 'age_range, occupation, net_worth_range, primary_residence, family_status',
      required: false,
    }),
    preferences: Property.Json({
      displayName: 'Preferences',
      description: 'property_types, preferred_locations, must_have_features, deal_breakers, style_preferences',
      required: false,
    }),
    behavioral_traits: Property.Json({
      displayName: 'Behavioral traits',
      description: 'decision_making, risk_tolerance, communication_style, buying_urgency, price_sensitivity',
      required: false,
    }),
    parameters: Property.Json({
      displayName: 'More parameters',
      description: 'Any other field of the request, as the API spells it.',
      required: false,
    }),
  },
  run: ({ auth: connection, propsValue: { parameters, demographics, preferences, behavioral_traits, ...rest } }) => {
    const groups = {
      demographics: parsed(demographics),
      preferences: parsed(preferences),
      behavioral_traits: parsed(behavioral_traits),
    };
    return outcomeOf(() => ask(connection, 'POST', '/personas', bodyOf({ ...rest, ...groups }, parameters)));
  },
});
