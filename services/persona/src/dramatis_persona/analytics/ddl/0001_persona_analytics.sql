-- What personas did and how they changed: ids, kinds, words of homes, numbers and times; nothing personal.
-- A row is a constant of its event and the key holds the event id, so a copy of a row falls on the row. Read with FINAL.
CREATE TABLE IF NOT EXISTS persona_history
(
    tenant LowCardinality(String) COMMENT 'whose persona',
    persona_id String CODEC(ZSTD),
    event_id String CODEC(ZSTD),
    version UInt64 COMMENT 'the version of the persona after the event',
    recorded_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD),
    origin LowCardinality(String) COMMENT 'what happened: created, updated, enriched, archived, deleted, ...',
    interacted UInt8 COMMENT '1: the event tells of an interaction, which is a row of persona_interactions',
    profiled UInt8 COMMENT '1: the event carries the whole profile; otherwise the columns below are empty',
    types Array(String) COMMENT 'wanted kinds of homes, as words of the vocabulary',
    features Array(String) COMMENT 'must-have features',
    styles Array(String) COMMENT 'preferred styles',
    refused Array(String) COMMENT 'deal breakers',
    unnamed UInt16 COMMENT 'preferences with a word outside the vocabulary, and places',
    urgency LowCardinality(String) COMMENT 'to buy, as stated; empty where unknown',
    net_worth_low Nullable(Float64) COMMENT 'US dollars; null where unknown',
    net_worth_high Nullable(Float64) COMMENT 'US dollars; null where unknown or open',
    liked Array(String) COMMENT 'words that the event speaks for',
    disliked Array(String) COMMENT 'words that the event speaks against',
    projected_at Nullable(DateTime64(3, 'UTC'))
)
ENGINE = ReplacingMergeTree ORDER BY (tenant, persona_id, event_id);

CREATE TABLE IF NOT EXISTS persona_interactions
(
    tenant LowCardinality(String) COMMENT 'whose persona',
    persona_id String CODEC(ZSTD),
    event_id String CODEC(ZSTD),
    version UInt64 COMMENT 'the version of the persona after the event',
    recorded_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD),
    happened_at DateTime64(3, 'UTC') COMMENT 'as stated, else when it was recorded',
    kind LowCardinality(String) COMMENT 'property_viewing, showing_request, offer, inquiry, phone_call, ...; empty where unknown',
    property_id String COMMENT 'empty where none is named',
    interest Nullable(Float64) COMMENT '0 to 1, as the agent states it; null where not stated',
    likes UInt16 COMMENT 'remarks in favour',
    dislikes UInt16 COMMENT 'remarks against',
    projected_at Nullable(DateTime64(3, 'UTC'))
)
ENGINE = ReplacingMergeTree ORDER BY (tenant, persona_id, event_id);

CREATE TABLE IF NOT EXISTS persona_matches
(
    tenant LowCardinality(String) COMMENT 'whose persona',
    persona_id String CODEC(ZSTD),
    event_id String CODEC(ZSTD),
    property_id String CODEC(ZSTD),
    recorded_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD),
    run_id String CODEC(ZSTD) COMMENT 'the match run',
    direction LowCardinality(String) COMMENT 'property_to_clients or client_to_properties',
    score Float64 COMMENT '0 to 1',
    model_version LowCardinality(String),
    projected_at Nullable(DateTime64(3, 'UTC'))
)
ENGINE = ReplacingMergeTree ORDER BY (tenant, persona_id, event_id, property_id);

CREATE TABLE IF NOT EXISTS persona_simulations
(
    tenant LowCardinality(String) COMMENT 'whose persona',
    persona_id String CODEC(ZSTD),
    event_id String CODEC(ZSTD),
    recorded_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD) COMMENT 'when the simulation was requested',
    simulation_id String CODEC(ZSTD),
    kind LowCardinality(String) COMMENT 'focus_group, marketing_campaign, ...',
    persona_version UInt64 COMMENT 'the version of the persona that took part',
    property_id String COMMENT 'of a focus group, where it names one of ours; else empty',
    projected_at Nullable(DateTime64(3, 'UTC'))
)
ENGINE = ReplacingMergeTree ORDER BY (tenant, persona_id, event_id);

CREATE TABLE IF NOT EXISTS persona_listings
(
    tenant LowCardinality(String) COMMENT 'whose property',
    property_id String CODEC(ZSTD),
    event_id String CODEC(ZSTD),
    version UInt64 COMMENT 'the version of the property',
    recorded_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD),
    price Float64 COMMENT 'US dollars, as listed from then on',
    type LowCardinality(String) COMMENT 'the kind of home as a word of the vocabulary; empty where unknown or not a word',
    projected_at Nullable(DateTime64(3, 'UTC'))
)
ENGINE = ReplacingMergeTree ORDER BY (tenant, property_id, event_id);

-- One row for each word that an event speaks for or against: newly wanted, no longer wanted, newly refused, or mentioned.
CREATE OR REPLACE VIEW persona_preference_changes AS
SELECT
    tenant,
    persona_id,
    event_id,
    version,
    recorded_at,
    origin,
    change.1 AS word,
    change.2 AS direction,
    first
FROM
(
    SELECT
        tenant,
        persona_id,
        event_id,
        version,
        recorded_at,
        origin,
        arrayDistinct(arrayConcat(types, features, styles)) AS wanted,
        lagInFrame(wanted) OVER history AS wanted_before,
        lagInFrame(refused) OVER history AS refused_before,
        row_number() OVER history = 1 AS first,
        arrayDistinct(arrayConcat(arrayFilter(w -> NOT has(wanted_before, w), wanted), liked)) AS in_favour,
        arrayDistinct(arrayConcat(
            arrayFilter(w -> NOT has(wanted, w), wanted_before),
            arrayFilter(w -> NOT has(refused_before, w), refused),
            disliked)) AS against
    FROM persona_history FINAL
    WHERE profiled
    WINDOW history AS (PARTITION BY tenant, persona_id ORDER BY version ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
ARRAY JOIN arrayConcat(
    arrayMap(w -> (w, toInt8(1)), in_favour),
    arrayMap(w -> (w, toInt8(-1)), against)) AS change;
