/*
title: Reach and frequency
description: How many people saw the DSP ads once, twice, three times …, and which share of the reach that is. Frequencies above the cap are put together.
parameters: [{"name": "highest_frequency", "displayName": "Highest frequency", "dataType": "INTEGER", "columnType": "DIMENSION", "defaultValue": "10"}]
*/
WITH people AS (
    SELECT user_id, SUM(impressions) AS frequency, SUM(total_cost) / 100000 AS cost
    FROM dsp_impressions
    WHERE user_id IS NOT NULL
    GROUP BY user_id
),
buckets AS (
    SELECT
        IF(frequency >= CUSTOM_PARAMETER('highest_frequency'),
            CUSTOM_PARAMETER('highest_frequency'), frequency) AS frequency,
        COUNT(DISTINCT user_id) AS reach,
        SUM(frequency) AS impressions,
        SUM(cost) AS cost
    FROM people
    GROUP BY 1
)
SELECT
    frequency,
    reach,
    impressions,
    ROUND(cost, 2) AS cost,
    reach / SUM(reach) OVER () AS share_of_reach
FROM buckets
