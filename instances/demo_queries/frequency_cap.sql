/*
title: Frequency cap
description: For each DSP campaign, the impressions and the money that went to people who had already seen it as often as the cap allows.
parameters: [{"name": "cap", "displayName": "Frequency cap", "dataType": "INTEGER", "columnType": "DIMENSION", "defaultValue": "3"}]
*/
WITH seen AS (
    SELECT
        campaign,
        user_id,
        impressions,
        total_cost,
        ROW_NUMBER() OVER (PARTITION BY campaign, user_id ORDER BY impression_dt) AS nth
    FROM dsp_impressions
    WHERE user_id IS NOT NULL
)
SELECT
    campaign,
    COUNT(DISTINCT user_id) AS reach,
    COUNT(DISTINCT IF(nth > CUSTOM_PARAMETER('cap'), user_id, NULL)) AS people_above_cap,
    SUM(impressions) AS impressions,
    SUM(IF(nth > CUSTOM_PARAMETER('cap'), impressions, 0)) AS impressions_above_cap,
    ROUND(SUM(IF(nth > CUSTOM_PARAMETER('cap'), total_cost, 0)) / 100000, 2) AS cost_above_cap
FROM seen
GROUP BY campaign
