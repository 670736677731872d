/** What a client asks for. Money in US dollars. */

export type Visibility = 'private' | 'team' | 'brokerage';
export type Level = 'very_low' | 'low' | 'moderate' | 'medium' | 'high' | 'very_high';

export interface Demographics {
  /** `45-55` or `65+`. */
  ageRange?: string;
  occupation?: string;
  /** `$50M-$100M`. */
  netWorthRange?: string;
  primaryResidence?: string;
  familyStatus?: string;
}

export interface Preferences {
  propertyTypes?: string[];
  preferredLocations?: string[];
  mustHaveFeatures?: string[];
  dealBreakers?: string[];
  stylePreferences?: string[];
}

export interface BehavioralTraits {
  decisionMaking?: string;
  riskTolerance?: Level;
  communicationStyle?: string;
  buyingUrgency?: Level;
  priceSensitivity?: Level;
}

export interface EnrichmentSource {
  type: string;
  url?: string;
  autoRefresh?: boolean;
}

export interface NewPersona {
  name: string;
  visibility?: Visibility;
  demographics?: Demographics;
  preferences?: Preferences;
  behavioralTraits?: BehavioralTraits;
  enrichmentSources?: EnrichmentSource[];
}

export interface NewEnrichment {
  dataType: 'interaction' | 'public_info' | 'notes' | 'preferences';
  source: 'agent_notes' | 'call_transcript' | 'email' | 'public_api' | (string & {});
  content: {
    text: string;
    /** As the API spells it (`agent_id`, `interaction_type`, `property_id`): it may hold words of your own. */
    metadata?: Record<string, unknown>;
  };
  processImmediately?: boolean;
}

export interface AnalyticsQuery {
  /** `2024-01-01`; both days are included. */
  dateFrom?: string;
  dateTo?: string;
  metrics?: ('engagement' | 'preferences' | 'predictions')[];
}

export interface PageQuery {
  page?: number;
  pageSize?: number;
}

export interface PersonaQuery extends PageQuery {
  visibility?: Visibility;
  status?: 'active' | 'archived';
  segment?: string;
}

export interface PropertyPhoto {
  url?: string;
  caption?: string;
  room?: string;
}

/** A property as a focus group looks at it. `sqft` in square feet. */
export interface PropertyDescription {
  id?: string;
  address?: string;
  price: number;
  type?: string;
  bedrooms?: number;
  bathrooms?: number;
  sqft?: number;
  description?: string;
  features?: string[];
  photos?: PropertyPhoto[];
}

/** A property on the market. An `id` begins with `prop_`; one is made when it is left out. */
export interface NewProperty extends PropertyDescription {
  locations?: string[];
  styles?: string[];
}

export interface PropertyQuery extends PageQuery {
  status?: 'listed' | 'withdrawn';
  type?: string;
  minPrice?: number;
  maxPrice?: number;
}

export type Weekday = 'monday' | 'tuesday' | 'wednesday' | 'thursday' | 'friday' | 'saturday' | 'sunday';

export interface ChannelMessages {
  subjectLines?: string[];
  headlines?: string[];
  contentVariants?: string[];
  platforms?: string[];
  bodyTemplate?: string;
  cta?: string;
}

export interface Campaign {
  name: string;
  channels: string[];
  /** By channel, as `channels` spells it. */
  messages?: Record<string, ChannelMessages>;
  /** Several days or times are tested against each other; joined with `|` or as a list. */
  timing?: { sendDay?: Weekday | Weekday[] | (string & {}); sendTime?: string | string[] };
}

/** A campaign to keep. An `id` begins with `camp_`; one is made when it is left out. */
export interface NewCampaign extends Campaign {
  id?: string;
}

export interface CampaignQuery extends PageQuery {
  status?: 'active' | 'deleted';
  channel?: string;
  name?: string;
}

export type Scenario =
  | { type: 'photo_selection'; options: string[] }
  | { type: 'modification_testing'; modifications: string[]; interactions?: boolean; hypotheticalBias?: number }
  | {
      type: 'pricing_strategy';
      pricePoints: number[];
      methods?: ('van_westendorp' | 'newton_miller_smith')[];
      purchaseIntent?: [number, number, number, number, number];
      hypotheticalBias?: number;
    };
export type ScenarioWord = 'photo_selection' | 'pricing' | 'pricing_strategy' | 'modification_testing';

export interface PersonaConfiguration {
  mode: 'segment' | 'specific';
  segments?: string[];
  specificPersonas?: string[];
  generatedCount?: number;
  diversityParameters?: { ageDiversity?: number; wealthDiversity?: number; preferenceDiversity?: number };
}

export interface SimulationParameters {
  iterations?: number;
  temperature?: number;
  consensusThreshold?: number;
  detailLevel?: 'detailed' | 'summary';
  seed?: number;
  respondents?: 'statistical' | 'llm';
  stopEarly?: boolean;
  horizonDays?: number;
  languageModel?: { maxTokens?: number; maxCost?: number };
}

/** `property` or `propertyId`, and `personaConfiguration` or `personaSegments`; the rest may be left out. */
export interface FocusGroup {
  name?: string;
  property?: PropertyDescription;
  propertyId?: string;
  testScenarios?: (Scenario | ScenarioWord)[];
  personaConfiguration?: PersonaConfiguration;
  personaSegments?: string[];
  generatedCount?: number;
  simulationParameters?: SimulationParameters;
}

export interface ObservedRates {
  openRate?: number;
  clickRate?: number;
  inquiryRate?: number;
  showingRequest?: number;
  sent?: number;
}

/** `campaign` or `campaignId`, and `targetPersonas` or a `personaConfiguration`. */
export interface MarketingCampaign {
  campaign?: Campaign;
  campaignId?: string;
  targetPersonas?: string[];
  personaConfiguration?: PersonaConfiguration;
  successMetrics?: ('open_rate' | 'click_rate' | 'inquiry_rate' | 'showing_request')[];
  /** By channel. */
  observedRates?: Record<string, ObservedRates>;
  simulationParameters?: SimulationParameters;
}

export interface FollowUpStep {
  step: number;
  /** `same_day`, `day_3`, `week_2`, … */
  timing: string;
  action: string;
  content?: string;
  scriptPoints?: string[];
  includes?: string[];
}

export interface Intervention {
  scenario: { type: 'follow_up_sequence'; initialInteraction: string; interventions: FollowUpStep[] };
  testPersonas?: string[];
  personaConfiguration?: PersonaConfiguration;
  variationsToTest?: ('timing_variations' | 'message_tone' | 'channel_mix')[];
  simulationParameters?: SimulationParameters;
}

export interface SimulationQuery extends PageQuery {
  status?: string;
  type?: string;
}

export interface MatchingCriteria {
  weights?: { preferenceMatch?: number; behavioralFit?: number; timingAlignment?: number; budgetFit?: number };
  minimumScore?: number;
}

export interface OutputOptions {
  maxResults?: number;
  includeReasoning?: boolean;
  generateOutreachStrategy?: boolean;
}

export interface PropertyToClients {
  propertyId: string;
  clientPool?: {
    source?: 'brokerage' | 'team' | 'agent';
    filters?: { minNetWorth?: number; preferredLocations?: string[]; activelyLooking?: boolean };
  };
  matchingCriteria?: MatchingCriteria;
  outputOptions?: OutputOptions;
}

export interface ClientToProperties {
  personaId: string;
  filters?: { types?: string[]; locations?: string[]; minPrice?: number; maxPrice?: number };
  matchingCriteria?: MatchingCriteria;
  outputOptions?: OutputOptions;
}

export interface PersonaBatch {
  /** 100 at most. */
  personas: (NewPersona & { idempotencyKey?: string })[];
  options?: { continueOnError?: boolean; returnErrors?: boolean };
}

export type SimulationBatchItem =
  | { type: 'focus_group'; propertyId?: string; params?: FocusGroup }
  | { type: 'marketing_campaign'; campaignId?: string; params?: MarketingCampaign }
  | { type: 'intervention'; params: Intervention };

export interface SimulationBatch {
  simulations: SimulationBatchItem[];
  execution?: { parallel?: boolean; maxConcurrent?: number; priority?: 'low' | 'normal' | 'high' };
  options?: { continueOnError?: boolean };
}

export interface BatchQuery extends PageQuery {
  type?: 'personas' | 'simulations';
  status?: string;
}

export interface NewWebhook {
  url: string;
  /** `*`, `persona.*`, `simulation.completed`, … */
  events: string[];
  /** Ids, or their beginnings: `sim_*`. */
  subjects?: string[];
  description?: string;
  headers?: Record<string, string>;
  rateLimit?: number | null;
  ordering?: 'none' | 'fifo';
  payloadFormat?: 'tinytroupe' | 'cloudevents' | 'raw';
  signing?: 'v1' | 'v1a';
  enabled?: boolean;
}

export interface DeliveryQuery extends PageQuery {
  status?: 'pending' | 'delivered' | 'failed' | 'stopped';
  event?: string;
  since?: string | Date;
  until?: string | Date;
}

export interface EventQuery {
  /** Names with or without version: `persona.created`, `persona.*`. */
  types?: string[];
  subject?: string;
}

export interface EventPageQuery extends EventQuery {
  limit?: number;
  cursor?: string;
}
