/** What the API answers. It may say more than is named here. Times are ISO 8601. */

import type {
  BehavioralTraits,
  Campaign,
  Demographics,
  EnrichmentSource,
  Preferences,
  PropertyPhoto,
  Visibility,
} from './requests.js';

/** An object whose names are as the API spells them. */
export type Free = Record<string, unknown>;

export interface CreatedPersona {
  id: string;
  createdAt: string;
  status: string;
  enrichmentStatus: string;
  simulationReady: boolean;
}

export interface Insight {
  kind: string;
  text: string;
  source: string;
  confidence: number;
}

export interface Persona extends CreatedPersona {
  name: string;
  visibility: Visibility;
  demographics: Demographics;
  preferences: Required<Preferences>;
  behavioralTraits: BehavioralTraits;
  enrichmentSources: EnrichmentSource[];
  insights: Insight[];
  updatedAt: string;
  version: number;
}

export interface AcceptedEnrichment {
  enrichmentId: string;
  status: string;
  estimatedCompletion: string;
}

/** A number with its method. `n` counts people. */
export interface Estimate {
  value: number | null;
  low: number | null;
  high: number | null;
  level: number;
  n: number;
  method: string;
  modelVersion: string;
  calibration: string;
}

/** What was not asked for or is not known is null; `unknown` says why. The names in `estimates` are the API's. */
export interface PersonaAnalytics {
  personaId: string;
  /** `2024-01-01 to 2024-01-31` */
  period: string;
  engagementMetrics: {
    propertiesViewed: number;
    averageInterestScore: number | null;
    showingsRequested: number;
    offersMade: number;
    interactions: number;
    matchesFound: number;
    averageMatchScore: number | null;
    simulationsJoined: number;
    estimates: Record<string, Estimate>;
    unknown: Record<string, string>;
  } | null;
  preferenceEvolution: {
    newPreferencesDetected: string[];
    preferenceStrengthChanges: Record<string, number>;
    newDealBreakersDetected: string[];
    preferencesNotNamed: number;
    estimates: Record<string, Free>;
  } | null;
  predictions: {
    purchaseLikelihood30Days: number | null;
    preferredPropertyType: string | null;
    budgetRangeEstimate: string | null;
    estimates: Record<string, Estimate>;
    unknown: Record<string, string>;
  } | null;
  asOf: string;
  dataUpTo: string | null;
  current: boolean;
}

export interface Property {
  id: string;
  price: number;
  type: string | null;
  address: string | null;
  locations: string[];
  bedrooms: number | null;
  bathrooms: number | null;
  sqft: number | null;
  description: string | null;
  features: string[];
  styles: string[];
  photos: PropertyPhoto[];
  status: 'listed' | 'withdrawn';
  createdAt: string;
  updatedAt: string;
  version: number;
}

export interface KeptCampaign extends Required<Campaign> {
  id: string;
  status: 'active' | 'deleted';
  createdAt: string;
  updatedAt: string;
  version: number;
}

export type SimulationStatus = 'queued' | 'running' | 'completed' | 'failed' | 'cancelled';

export interface AcceptedSimulation {
  simulationId: string;
  status: SimulationStatus;
  estimatedDurationSeconds: number;
  queuePosition?: number | null;
  webhookUrl: string | null;
  wsChannel: string;
  statusUrl?: string;
  resultsUrl?: string;
}

export interface AcceptedCampaign extends AcceptedSimulation {
  /** Null where it takes longer. */
  predictedResults: { best_configuration?: Free; [name: string]: unknown } | null;
}

/** With `recommendations` when the test was carried out at once, else with where to follow it. */
export interface AcceptedIntervention extends Partial<AcceptedSimulation> {
  simulationId: string;
  recommendations?: { optimalSequence: Free; predictedConversionRate: number | null; keyInsights: string[] };
}

export interface SimulationState {
  simulationId: string;
  type: string;
  name: string;
  status: SimulationStatus;
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
  /** 0 to 1; null unless an engine is at work on it or it has ended. */
  progress: number | null;
  queuePosition?: number | null;
  error: string | null;
  estimatedDurationSeconds: number;
  version: number;
}

export interface Recommendation {
  action: string;
  impact: 'high' | 'medium' | 'low';
  confidence: number | null;
}

export interface SimulationResults {
  simulationId: string;
  status: SimulationStatus;
  completedAt: string | null;
  summary: { consensusReached: boolean; confidenceLevel: number | null; keyFindings: string[] } | null;
  /** As the API spells it: many of its names are words of the request. */
  detailedResults: Free | null;
  predictedResults?: Free | null;
  recommendations: Recommendation[];
  tokensUsed: number | null;
  cost: number | null;
  nRespondents: number;
  modelVersion: string;
  seed: number;
  unrecognized: string[];
}

/** What is told while a simulation runs, and at its end. */
export interface SimulationUpdate {
  type: 'progress' | 'result' | 'error';
  simulationId: string;
  /** 0 to 1. */
  progress: number | null;
  currentStep: string;
  partialResults: Free;
  error?: { code: string; message: string; details: { field: string | null; issue: string | null } } | null;
}

/** `progress` is 0 until it is known. */
export interface SimulationProgress extends SimulationUpdate {
  progress: number;
}

export interface MatchReasoning {
  terms: { name: string; weight: number; value: number | null; contribution: number }[];
  knownWeight: number;
  evidence: { text: string; favours: boolean; personaField: string; propertyField: string }[];
}

export interface Match {
  matchScore: number;
  keyAttractions: string[] | null;
  potentialObjections: string[] | null;
  reasoning: MatchReasoning | null;
  outreachStrategy: {
    recommendedApproach: string | null;
    talkingPoints: string[];
    bestShowingTime: string | null;
  } | null;
}

export interface MatchRun {
  matchRunId: string;
  pool: number;
  excluded: number;
  matched: number;
  weights: Record<string, number>;
  minimumScore: number;
  modelVersion: string;
  matchedLiterally: string[];
}

export interface ClientMatches extends MatchRun {
  propertyId: string;
  matches: (Match & { personaId: string })[];
}

export interface PropertyMatches extends MatchRun {
  personaId: string;
  matches: (Match & { propertyId: string })[];
}

export interface ItemProblem {
  code: string;
  message: string;
  details: { field: string | null; issue: string | null };
  documentationUrl: string;
}

export interface CreatedPersonas {
  batchId: string;
  status: string;
  total: number;
  successful: number;
  failed: number;
  skipped: number;
  results: { index: number; status: number; id: string; persona: CreatedPersona }[];
  errors: { index: number; status: number; error: ItemProblem }[];
}

export interface BatchSummary {
  batchId: string;
  type: 'personas' | 'simulations';
  status: 'running' | 'completed' | 'stopped' | 'cancelled';
  total: number;
  pending: number;
  running: number;
  successful: number;
  failed: number;
  skipped: number;
  cancelled: number;
  continueOnError: boolean;
  createdAt: string;
  completedAt: string | null;
}

export interface Batch extends BatchSummary {
  items: { index: number; type: string; status: string; id: string | null; error: ItemProblem | null }[];
}

export interface WebhookEndpoint {
  id: string;
  url: string;
  events: string[];
  subjects: string[];
  description: string;
  headerNames: string[];
  rateLimit: number | null;
  ordering: 'none' | 'fifo';
  payloadFormat: 'tinytroupe' | 'cloudevents' | 'raw';
  signing: 'v1' | 'v1a';
  status: 'active' | 'disabled' | 'removed';
  disabledReason: string | null;
  createdAt: string;
  updatedAt: string | null;
  /** Only in the answers to creation and rotation. */
  secret: string | null;
  publicKey: string | null;
}

export interface Delivery {
  id: string;
  webhookId: string;
  eventId: string;
  eventType: string;
  subject: string;
  status: 'pending' | 'delivered' | 'failed' | 'stopped';
  createdAt: string | null;
  nextAttemptAt: string | null;
}

export interface Segment {
  name: string;
  title: string;
  description: string;
  calibration: string;
}

/** A fact, as CloudEvents 1.0 writes it. */
export interface PlatformEvent {
  id: string;
  type: string;
  source: string;
  subject: string;
  time: string;
  /** As the API spells it. */
  data: Free;
  [attribute: string]: unknown;
}

export interface EventType {
  name: string;
  type: string | null;
  description: string;
  available: boolean;
  jsonSchema: Free | null;
  example: Free | null;
}

