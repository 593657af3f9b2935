-- What happens, day by day: journeys, the ads met on them, and what they led to.
-- A row's key begins with its journey's absolute day, never with a count of rows
-- since the first day, so that a later generation repeats the same past.

CREATE TEMP TABLE journey AS
WITH days AS (
    SELECT
        d,
        floor(
            getvariable('journeys_per_day')
            * (1.0 + 0.12 * ((d % 7) IN (2, 3))::INTEGER)
            * (1.0 + 0.25 * (abs((d % 365) - 182.5) / 182.5))
            + draw(d, 'journeys')
        )::BIGINT AS n
    FROM range(getvariable('lead_day'), getvariable('end_day')) r(d)
), numbered AS (
    SELECT d, d * 1000000 + unnest(range(n)) AS journey FROM days
), drawn AS (
    SELECT d, journey, hashed(journey, 'who') AS h FROM numbered
)
SELECT
    journey,
    d,
    floor(getvariable('users') * pow(draw(journey, 'user'), 1.7))::BIGINT AS person,
    (1 + floor(30 * pow(bits(h, 0), 1.35)))::INTEGER AS adv,
    least(30, 1 + floor(ln(1.0 - bits(h, 1)) / ln(0.8)))::INTEGER AS touches,
    bits(h, 2) AS habit
FROM drawn;

CREATE TEMP TABLE touch AS
WITH steps AS (
    SELECT *, unnest(range(touches)) AS k FROM journey
), drawn AS (
    SELECT *, journey * 100 + k AS touch, hashed(journey * 100 + k, 'a') AS ha,
        hashed(journey * 100 + k, 'b') AS hb, hashed(journey * 100 + k, 'c') AS hc
    FROM steps
), paced AS (
    -- Whole milliseconds: a sum of fractions could depend on the order of adding.
    SELECT *, coalesce(sum(
        floor(86400000 * least(6.0, -1.7 * ln(1.0 - bits(ha, 0))))::BIGINT
    ) OVER (
        PARTITION BY journey ORDER BY k
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0)::BIGINT // 86400000 AS days_in
    FROM drawn
), kept AS (
    -- Sixty days are a journey's limit: the lead-in relies on it.
    SELECT *, max(k) OVER (PARTITION BY journey) AS last_k FROM paced WHERE days_in < 60
), timed AS (
    SELECT *,
        make_timestamp(
            ((d + days_in) * 86400
            + floor((((bits(ha, 1) + bits(ha, 2)) * 43200) + 43200) % 86400))::BIGINT
            * 1000000
        ) + to_milliseconds(floor(bits(ha, 3) * 1000)::BIGINT) AS t,
        -- Most of a journey's touches of a kind are of one campaign.
        CASE WHEN draw(journey * 100 + k, 'habit') < 0.65 THEN habit
            ELSE bits(hb, 1) END AS choice
    FROM kept
), planned AS (
    SELECT *,
        CASE WHEN bits(hb, 0) < 0.45 THEN floor(pow(choice, 1.2) * 8) + 1
            WHEN bits(hb, 0) < 0.75 THEN floor(pow(choice, 1.2) * 5) + 9
            WHEN bits(hb, 0) < 0.88 THEN floor(choice * 4) + 14
            WHEN bits(hb, 0) < 0.97 THEN floor(choice * 3) + 18
            ELSE floor(choice * 2) + 21 END::INTEGER AS plan_no
    FROM timed
)
SELECT
    touch, journey, person, adv, k, last_k, t, plan_no, hb, hc,
    'U' || upper(substr(md5(concat(getvariable('seed'), 'person', person)), 1, 15))
        AS user_id,
    (adv * 1000 + plan_no * 10 + 1 + floor(pow(bits(hb, 2), 1.3) * 3))::INTEGER
        AS line_no,
    -- A person lives in one place.
    floor(20 * pow(draw(person, 'place'), 2.2))::INTEGER AS place,
    CASE WHEN plan_no IN (1, 2, 21, 22) THEN 6 + floor(bits(hc, 0) * 2)
        ELSE floor(pow(bits(hc, 0), 1.3) * 6) END::INTEGER AS device,
    (adv * 100 + 1 + floor(pow(bits(hc, 1), 2.2) * 12))::INTEGER AS product_no,
    bits(hc, 2) < CASE WHEN plan_no <= 8 THEN 0.03 ELSE 0.12 END AS clicked,
    t + to_hours(24 + floor(bits(hb, 3) * 24)::BIGINT) AS avail
FROM planned;

CREATE TABLE f_dsp AS
SELECT
    touch, t, avail, adv, line_no, place, device,
    CASE WHEN bits(hc, 3) >= 0.06 THEN user_id END AS user_id,
    CASE WHEN plan_no IN (1, 2) THEN 2 + floor(draw(touch, 'site') * 2)
        ELSE floor(draw(touch, 'site') * 8) END::INTEGER AS site_no,
    CASE WHEN clicked THEN t + to_seconds(2 + floor(draw(touch, 'click') * 40)::BIGINT) END
        AS click_t,
    (CASE WHEN plan_no <= 2 THEN 2400 WHEN plan_no <= 4 THEN 1300 ELSE 420 END
        * (0.6 + 0.8 * draw(touch, 'cost')))::INTEGER AS cost,
    floor(draw(touch, 'view') * 100)::INTEGER AS viewed
FROM touch
WHERE plan_no <= 8 AND t >= getvariable('first_time') AND t < getvariable('end_time')
ORDER BY t, touch;

CREATE TABLE f_sponsored AS
SELECT
    touch, t, avail, adv, line_no, device, product_no, clicked,
    CASE WHEN bits(hc, 3) >= 0.06 THEN user_id END AS user_id,
    floor(draw(touch, 'term') * 4)::INTEGER AS term_no,
    CASE WHEN clicked THEN (40 + floor(draw(touch, 'cost') * 220)) * 1000000 ELSE 0 END
        ::BIGINT AS spend,
    floor(draw(touch, 'view') * 100)::INTEGER AS viewed
FROM touch
WHERE plan_no > 8 AND t >= getvariable('first_time') AND t < getvariable('end_time')
ORDER BY t, touch;

CREATE TEMP TABLE conversion AS
WITH tried AS (
    SELECT s.*, b.* EXCLUDE (on_last), s.touch * 10 + b.behaviour AS conversion,
        hashed(s.touch * 10 + b.behaviour, 'x') AS h
    FROM touch s JOIN d_behaviour b ON NOT b.on_last OR s.k = s.last_k
), won AS (
    SELECT * FROM tried
    WHERE bits(h, 0) < chance + per_touch * (last_k + 1)
        OR (behaviour = 0 AND clicked AND plan_no > 8 AND bits(h, 0) < 0.8)
), happened AS (
    SELECT *,
        t + to_milliseconds(floor(86400000 * (least_delay
            + least(longest, -mean_delay * ln(1.0 - bits(h, 1)))))::BIGINT + 60000)
            AS conversion_t,
        hashed(conversion, 'y') AS g,
        (adv * 100 + CASE WHEN bits(h, 2) < 0.7 THEN product_no % 100
            ELSE 1 + floor(bits(h, 3) * 12) END)::INTEGER AS bought_no
    FROM won
)
SELECT conversion, conversion_t AS t, person, adv, user_id, behaviour, bought_no, place,
    CASE WHEN bits(g, 3) >= 0.05 THEN user_id END AS shown_user_id,
    conversion_t + CASE
        WHEN bits(g, 0) < 0.70 THEN to_minutes(1440 + floor(bits(g, 1) * 1440)::BIGINT)
        WHEN bits(g, 0) < 0.97 THEN to_minutes(2880 + floor(bits(g, 1) * 17280)::BIGINT)
        ELSE to_minutes(20160 + floor(bits(g, 1) * 20160)::BIGINT) END AS avail,
    (1 + (bits(g, 2) < 0.18)::INTEGER + (bits(g, 2) < 0.05)::INTEGER)::INTEGER AS units,
    draw(person * 100 + adv, 'loyal') < 0.6 AS new_to_brand,
    draw(conversion, 'program') AS program
FROM happened
WHERE conversion_t >= getvariable('first_time') AND conversion_t < getvariable('end_time');

CREATE TABLE f_conversion AS
SELECT conversion, t, avail, adv, shown_user_id AS user_id, behaviour, bought_no,
    units, new_to_brand, program < 0.06 AS fresh, program >= 0.97 AS whole_foods
FROM conversion ORDER BY t, conversion;

-- Last touch within fourteen days.
CREATE TABLE f_attributed AS
WITH matched AS (
    SELECT c.*, a.touch, a.t AS touch_t, a.line_no, a.device, a.product_no, a.clicked,
        a.plan_no
    FROM conversion c
    ASOF JOIN (SELECT person, adv, t, touch, line_no, device, product_no, clicked, plan_no
        FROM touch) a
    ON c.person = a.person AND c.adv = a.adv AND c.t > a.t
)
SELECT conversion, t AS conversion_t, touch_t, avail, adv, shown_user_id AS user_id,
    behaviour, bought_no, units, new_to_brand, program < 0.06 AS fresh,
    program >= 0.97 AS whole_foods, touch, line_no, place, device, clicked,
    bought_no = product_no AS promoted,
    floor(draw(touch, 'term') * 4)::INTEGER AS term_no,
    floor(draw(touch, 'site') * 8)::INTEGER AS site_no
FROM matched
WHERE t - touch_t < INTERVAL 14 DAY
ORDER BY t, conversion;

-- Purchases that no ad led to: only `conversions_all` has them.
CREATE TABLE f_organic AS
WITH days AS (
    SELECT d, floor(getvariable('organic_per_day') + draw(d, 'organic'))::BIGINT AS n
    FROM range(getvariable('first_day'), getvariable('end_day')) r(d)
), keyed AS (
    SELECT d, d * 1000000 + unnest(range(n)) AS organic FROM days
), drawn AS (
    SELECT *, hashed(organic, 'o') AS h, hashed(organic, 'p') AS g FROM keyed
)
SELECT organic AS conversion,
    make_timestamp((d * 86400 + floor(bits(h, 0) * 86400))::BIGINT * 1000000) AS t,
    make_timestamp((d * 86400 + floor(bits(h, 0) * 86400) + 129600)::BIGINT * 1000000)
        AS avail,
    (1 + floor(30 * pow(bits(h, 1), 1.35)))::INTEGER AS adv,
    'U' || upper(substr(md5(concat(getvariable('seed'), 'person', floor(
        getvariable('users') * 1.6 * draw(organic, 'user'))::BIGINT)), 1, 15)) AS user_id,
    CASE WHEN bits(g, 0) < 0.6 THEN 0 WHEN bits(g, 0) < 0.75 THEN 1 ELSE 2 END
        AS behaviour,
    ((1 + floor(30 * pow(bits(h, 1), 1.35))) * 100 + 1 + floor(bits(g, 1) * 12))::INTEGER
        AS bought_no,
    1::INTEGER AS units,
    bits(g, 2) < 0.5 AS new_to_brand
FROM drawn
ORDER BY t, conversion;
