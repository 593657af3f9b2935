/*
title: Campaign spend by day
description: What each campaign cost each day, DSP and sponsored ads together, in the advertiser's currency. Without campaign ids: all campaigns.
parameters: [{"name": "campaign_ids", "displayName": "Campaign ids", "description": "Empty means all", "dataType": {"type": "ARRAY", "elementDataType": "STRING"}, "columnType": "DIMENSION", "defaultValue": []}]
*/
WITH costs AS (
    SELECT
        impression_date AS day,
        campaign_id_string,
        campaign,
        user_id,
        impressions,
        total_cost / 100000 AS cost
    FROM dsp_impressions
    UNION ALL
    SELECT
        event_date AS day,
        campaign_id_string,
        campaign,
        user_id,
        impressions,
        spend / 100000000 AS cost
    FROM sponsored_ads_traffic
)
SELECT
    day,
    campaign_id_string,
    campaign,
    SUM(impressions) AS impressions,
    COUNT(DISTINCT user_id) AS people,
    ROUND(SUM(cost), 4) AS cost
FROM costs
WHERE
    CARDINALITY(CUSTOM_PARAMETER('campaign_ids')) = 0
    OR ARRAY_CONTAINS(CUSTOM_PARAMETER('campaign_ids'), campaign_id_string)
GROUP BY 1, 2, 3
