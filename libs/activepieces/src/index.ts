/** TinyTroupe-RE for Activepieces. */

import { createPiece } from '@activepieces/pieces-framework';
import { createPersona } from './lib/actions/create-persona';
import { matchProperty } from './lib/actions/match-property';
import { runFocusGroup } from './lib/actions/run-focus-group';
import { testCampaign } from './lib/actions/test-campaign';
import { auth } from './lib/auth';
import { newProperty, personaEnriched, simulationCompleted } from './lib/triggers';

// Drawn here: a piece shows a picture from an address, and this one needs none.
const LOGO = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="14" fill="#2a6f6f"/>' +
    '<text x="16" y="22" font-size="16" text-anchor="middle" fill="#fff" font-family="sans-serif">T</text></svg>',
)}`;

export const tinytroupe = createPiece({
  displayName: 'TinyTroupe-RE',
  description: 'Ask a simulated audience about properties and campaigns.',
  auth,
  minimumSupportedRelease: '0.82.0',
  logoUrl: LOGO,
  authors: ['dramatis'],
  actions: [createPersona, runFocusGroup, matchProperty, testCampaign],
  triggers: [newProperty, personaEnriched, simulationCompleted],
});
