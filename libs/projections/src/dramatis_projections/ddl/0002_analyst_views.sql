-- What analysts ask. Each view counts an event once, however often it was delivered.

CREATE OR REPLACE VIEW events_deduplicated AS
SELECT id, tenant, service, type, subject, stream_version, recorded_at, correlation_id, causation_id, trace_id, projected_at
FROM events FINAL;

CREATE OR REPLACE VIEW event_types AS
SELECT
    tenant,
    service,
    type,
    count() AS events,
    uniqExact(subject) AS subjects,
    min(recorded_at) AS first_at,
    max(recorded_at) AS last_at
FROM events FINAL
GROUP BY tenant, service, type;

CREATE OR REPLACE VIEW events_per_minute AS
SELECT tenant, service, type, toStartOfMinute(recorded_at) AS minute, count() AS events
FROM events FINAL
GROUP BY tenant, service, type, minute;

CREATE OR REPLACE VIEW simulation_timings AS
SELECT
    tenant,
    simulation_id,
    requested_at,
    started_at,
    ended_at,
    if(ended_at IS NULL, 'open', ending) AS outcome,
    dateDiff('millisecond', requested_at, started_at) AS waited_ms,
    dateDiff('millisecond', started_at, ended_at) AS ran_ms,
    dateDiff('millisecond', requested_at, ended_at) AS total_ms
FROM
(
    SELECT
        tenant,
        subject AS simulation_id,
        minOrNullIf(recorded_at, stream_version = 1) AS requested_at,
        minOrNullIf(recorded_at, what = 'started') AS started_at,
        minOrNullIf(recorded_at, ends) AS ended_at,
        anyIf(what, ends) AS ending
    FROM
    (
        SELECT
            tenant,
            subject,
            stream_version,
            recorded_at,
            splitByChar('.', toString(type))[2] AS what,
            what IN ('completed', 'failed', 'cancelled') AS ends
        FROM events FINAL
        WHERE service = 'simulation-engine' AND startsWith(type, 'simulation.')
    )
    GROUP BY tenant, simulation_id
);

CREATE OR REPLACE VIEW event_lag AS
SELECT
    service,
    toStartOfMinute(recorded_at) AS minute,
    count() AS events,
    quantileExact(0.5)(lag) AS p50_ms,
    quantileExact(0.95)(lag) AS p95_ms,
    max(lag) AS max_ms
FROM
(
    SELECT service, recorded_at, dateDiff('millisecond', recorded_at, assumeNotNull(projected_at)) AS lag
    FROM events FINAL
    WHERE projected_at IS NOT NULL
)
GROUP BY service, minute;
