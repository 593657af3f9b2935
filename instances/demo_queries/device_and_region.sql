/*
title: Device and region
description: DSP reach and cost by kind of device and by state.
parameters: []
*/
SELECT
    device_type,
    COALESCE(iso_state_province_code, 'unknown') AS state,
    COUNT(DISTINCT user_id) AS reach,
    SUM(impressions) AS impressions,
    SUM(total_cost) / 100000 AS cost,
    SUM(total_cost) / 100 / SUM(impressions) AS cost_per_thousand
FROM dsp_impressions
GROUP BY device_type, COALESCE(iso_state_province_code, 'unknown')
