// Walks through the API with the built client; prints what it saw as one line of JSON.
// Usage: node sdk_journey.mjs PATH_OF_THE_CLIENT   (key and address from the environment)
import { pathToFileURL } from "node:url";

const { TinyTroupeClient, NotFoundError, UnprocessableEntityError } = await import(pathToFileURL(process.argv[2]));
const client = new TinyTroupeClient();
const seen = {};

const property = await client.properties.create({
  price: 12_000_000,
  type: "penthouse",
  address: "1 Ocean Drive, Miami Beach",
  locations: ["Miami Beach"],
  features: ["home_office", "pool"],
  photos: [{ caption: "Pool", room: "pool" }, { caption: "Sunset", room: "terrace" }],
});
const created = await client.batch.personas({
  personas: [
    { name: "Ann", preferences: { propertyTypes: ["penthouse"], mustHaveFeatures: ["home_office"] }, visibility: "brokerage" },
    { name: "Bo", demographics: { ageRange: "old" } },
  ],
});
seen.batch = { successful: created.successful, failed: created.failed, field: created.errors[0].error.details.field };
const ann = created.results[0].id;

const messages = { social_media: { contentVariants: ["lifestyle_focus", "investment_focus"] } };
const campaign = await client.campaigns.create({ name: "Waterfront", channels: ["social_media"], messages });
seen.campaign = (await client.campaigns.get(campaign.id)).messages.social_media.contentVariants;
const predicted = await client.simulations.marketingCampaign({ campaignId: campaign.id, targetPersonas: [ann] });
seen.predicted = (await predicted.results()).predictedResults.best_configuration.channel;

const intervention = await client.simulations.intervention({
  scenario: {
    type: "follow_up_sequence",
    initialInteraction: "property_viewing",
    interventions: [{ step: 1, timing: "same_day", action: "thank_you_email" }],
  },
  testPersonas: [ann],
});
seen.intervention = (await intervention.results()).status;

const study = await client.simulations.focusGroup({
  propertyId: property.id,
  personaSegments: ["finance_executives"],
  testScenarios: ["photo_selection", "pricing"],
});
let result;
study.on("result", (update) => (result = update));
const results = await study.results();
seen.study = { status: results.status, step: result.currentStep, findings: results.summary.keyFindings.length };
seen.state = (await client.simulations.get(study.id)).progress;

const { data, response } = await client.simulations.list({ pageSize: 1 }).withResponse();
seen.list = { total: data.total, header: Number(response.headers.get("x-total-count")) };
const all = [];
for await (const simulation of client.simulations.list({ pageSize: 1 })) all.push(simulation.simulationId);
seen.iterated = all.length === data.total && all.includes(study.id);

const matches = await client.matching.propertyToClients({ propertyId: property.id, clientPool: { source: "brokerage" } });
seen.matching = matches.propertyId === property.id;
seen.segments = (await client.segments.list()).some((segment) => segment.name === "finance_executives");
seen.eventTypes = (await client.events.types()).some((type) => type.name === "simulation.completed");
const log = client.events.list({ subject: study.id, limit: 1 });
seen.events = [];
for await (const event of log) seen.events.push(event.type);

const stop = new AbortController();
const stream = client.events.stream({ types: ["persona.updated"] }, { signal: stop.signal });
const next = stream.next();
// The stream begins with what happens after it was opened.
const renaming = setInterval(() => client.personas.update(ann, { name: `Ann ${Date.now()}` }).catch(() => undefined), 300);
seen.streamed = (await next).value.event.subject === ann;
clearInterval(renaming);
stop.abort();

const enrichment = await client.personas.enrich(ann, {
  dataType: "interaction",
  source: "agent_notes",
  content: {
    text: "She viewed the penthouse and loves private beach access.",
    metadata: { date: "2024-01-10", agent_id: "agent_123", interaction_type: "property_viewing" },
  },
  processImmediately: true,
});
seen.enriched = enrichment.enrichmentId.startsWith("enr_");
const analytics = await client.personas.analytics(ann, { metrics: ["engagement", "predictions"], dateFrom: "2024-01-01", dateTo: "2024-01-31" });
seen.analytics = [analytics.personaId === ann, analytics.period, analytics.preferenceEvolution, typeof analytics.engagementMetrics.propertiesViewed];
await client.personas.archive(ann);
const archived = await client.personas.list({ status: "archived" });
seen.archived = archived.items.some((persona) => persona.id === ann);
seen.restored = (await client.personas.restore(ann)).status;

const missing = await client.personas.get("pers_none").catch((error) => error);
seen.missing = [missing instanceof NotFoundError, missing.code, missing.requestId !== null];
const wrong = await client.personas.create({ name: "Ann", demographics: { ageRange: "old" } }).catch((error) => error);
seen.wrong = [wrong instanceof UnprocessableEntityError, wrong.field];
const once = { name: `Once ${Date.now()}` };
const [first, again] = [
  await client.personas.create(once, { idempotencyKey: property.id }),
  await client.personas.create(once, { idempotencyKey: property.id }),
];
seen.once = first.id === again.id;
console.log(JSON.stringify(seen));
