-- What matching compares: one row per persona and per property, the newest version wins. Unlike the other projections
-- these keep the present only, so the key is the aggregate and the version decides: in whichever order, batch or
-- number the events come, the same rows remain. Nothing personal: ids, ranges and words. What is gone stays as a row
-- without content, so that an older event that comes late cannot bring it back.
CREATE TABLE IF NOT EXISTS matching_personas
(
    tenant LowCardinality(String) COMMENT 'whose persona',
    id String COMMENT 'the persona',
    version UInt64 COMMENT 'the version of the persona',
    gone UInt8 COMMENT '1: deleted',
    visibility LowCardinality(String),
    net_worth_low Nullable(Float64) COMMENT 'US dollars; null where unknown',
    net_worth_high Nullable(Float64) COMMENT 'US dollars; null where unknown or open',
    worth Nullable(Float64) COMMENT 'the middle of the range, or the known end of an open one',
    types Array(String) COMMENT 'preferred kinds of homes, as normalised words',
    places Array(String) COMMENT 'preferred locations',
    musts Array(String) COMMENT 'must-have features',
    breakers Array(String) COMMENT 'deal breakers',
    styles Array(String) COMMENT 'preferred styles',
    urgency Nullable(Float64) COMMENT '0 to 1; null where unknown',
    sensitivity Nullable(Float64) COMMENT 'to the price, 0 to 1',
    risk Nullable(Float64) COMMENT 'tolerance, 0 to 1',
    decision LowCardinality(String) COMMENT 'how decisions are made, as a normalised word; empty where unknown',
    household LowCardinality(String) COMMENT 'children, or empty where unknown',
    occupied LowCardinality(String) COMMENT 'working or retired; empty where unknown',
    projected_at Nullable(DateTime64(3, 'UTC'))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, id);

CREATE TABLE IF NOT EXISTS matching_properties
(
    tenant LowCardinality(String) COMMENT 'whose property',
    id String COMMENT 'the property',
    version UInt64 COMMENT 'the version of the property',
    gone UInt8 COMMENT '1: withdrawn',
    price Float64 COMMENT 'US dollars',
    kind LowCardinality(String) COMMENT 'its type as a normalised word; empty where unknown',
    words Array(String) COMMENT 'type, features and styles as normalised words',
    features Array(String),
    styles Array(String),
    places Array(String) COMMENT 'locations, and the parts of the address between commas',
    placed UInt8 COMMENT '1: locations were given',
    risks Array(String) COMMENT 'features that ask for a tolerance of risk',
    projected_at Nullable(DateTime64(3, 'UTC'))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant, id);
