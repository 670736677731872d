import { TinyTroupeClient } from '@tinytroupe/client';

const client = new TinyTroupeClient({ apiKey: 'your_api_key' });

// Create persona
const persona = await client.personas.create({
  name: 'John Smith',
  demographics: {
    ageRange: '45-55',
    occupation: 'Hedge Fund Manager'
  }
});

// Run simulation
const simulation = await client.simulations.focusGroup({
  propertyId: 'prop_123',
  personaSegments: ['finance_executives']
});

// Stream results
simulation.on('progress', (update) => {
  console.log(`Progress: ${update.progress * 100}%`);
});

const results = await simulation.results();
