/** The published triggers. Each gives exactly the published fields. */

import { ask } from '../api';
import { webhookTrigger } from './webhook';

export const newProperty = webhookTrigger({
  name: 'new_property',
  displayName: 'New property',
  description: 'Triggered when new property is listed',
  event: 'property.listed',
  output: ({ object_id, details }) => ({ property_id: object_id, property_data: details.listing ?? details }),
  sampleData: {
    property_id: 'prop_123',
    property_data: { price: 45000000, type: 'penthouse', address: '432 Park Avenue, Unit 96' },
  },
});

export const personaEnriched = webhookTrigger({
  name: 'persona_enriched',
  displayName: 'Persona enriched',
  description: 'Triggered when persona enrichment completes',
  event: 'persona.enriched',
  output: ({ object_id, details }) => ({
    persona_id: object_id,
    enrichment_type: details.enrichment_type,
    new_insights: details.new_insights ?? [],
  }),
  sampleData: {
    persona_id: 'pers_123',
    enrichment_type: 'interaction',
    new_insights: [{ kind: 'likes', text: 'private beach access', source: 'agent_notes', confidence: 0.8 }],
  },
});

export const simulationCompleted = webhookTrigger({
  name: 'simulation_completed',
  displayName: 'Simulation completed',
  description: 'Triggered when simulation finishes',
  event: 'simulation.completed',
  output: async ({ object_id, details }, connection) => ({
    simulation_id: object_id,
    results: await ask(connection, 'GET', `/simulations/${encodeURIComponent(object_id)}/results`),
    recommendations: details.recommendations ?? [],
  }),
  sampleData: {
    simulation_id: 'sim_8k7j6h5g',
    results: { status: 'completed', summary: { consensus_reached: true, key_findings: [] } },
    recommendations: [{ action: 'Use sunset terrace photo as primary', impact: 'high', confidence: 0.89 }],
  },
});
