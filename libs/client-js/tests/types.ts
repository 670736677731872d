// Never run: it must compile, except where it says that it must not.
import { TinyTroupeClient, type Persona, type SimulationResults } from '../dist/index.js';

export async function used(): Promise<string[]> {
  const client = new TinyTroupeClient({ apiKey: 'dr_key' });
  const simulation = await client.simulations.focusGroup({ propertyId: 'prop_1', testScenarios: ['pricing'] });
  simulation.on('progress', (update) => update.progress * 100).on('error', (error) => error.message);
  const results: SimulationResults = await simulation.results();
  const people: Persona[] = [];
  for await (const persona of client.personas.list({ pageSize: 100 })) people.push(persona);
  const batch = await client.batch.simulations({ simulations: [{ type: 'focus_group', propertyId: 'prop_1' }] });
  // @ts-expect-error the API's spelling is not that of the client
  await client.personas.create({ name: 'Ann', enrichment_sources: [] });
  // @ts-expect-error no such event
  simulation.on('done', () => undefined);
  // @ts-expect-error a type of scenario that there is not
  await client.simulations.focusGroup({ testScenarios: ['colour'] });
  return [simulation.status, batch.status, ...results.recommendations.map((one) => one.action), ...people.map((p) => p.id)];
}
