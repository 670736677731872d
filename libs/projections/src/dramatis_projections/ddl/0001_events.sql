-- One row per event of the platform: the envelope, never the data, so nothing personal comes here.
-- Every part of the key is a constant of the event, so a copy of a row falls on the row.
CREATE TABLE IF NOT EXISTS events
(
    id String CODEC(ZSTD) COMMENT 'the event id, unique in the platform',
    tenant LowCardinality(String) COMMENT 'whose event',
    service LowCardinality(String) COMMENT 'the service that produced it',
    type LowCardinality(String) COMMENT 'the event type with its version, for example persona.created.v1',
    subject String CODEC(ZSTD) COMMENT 'the id of the aggregate',
    stream_version UInt64 CODEC(Delta, ZSTD) COMMENT 'the number of the event within its aggregate, from 1',
    recorded_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD) COMMENT 'when it was committed to the log',
    correlation_id String CODEC(ZSTD) COMMENT 'groups all that one request caused',
    causation_id Nullable(String) CODEC(ZSTD) COMMENT 'the command or event that led here',
    trace_id Nullable(String) CODEC(ZSTD) COMMENT 'the W3C trace id; null outside a trace',
    projected_at Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD) COMMENT 'when it came here; null after a rebuild',
    -- Of the copies of a row the one that came first is kept, so that a redelivery does not look like a late event.
    precedence UInt64 MATERIALIZED if(isNull(projected_at), 0, 9223372036854775807 - toUnixTimestamp64Milli(assumeNotNull(projected_at)))
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(recorded_at)
ORDER BY (tenant, recorded_at, id);
