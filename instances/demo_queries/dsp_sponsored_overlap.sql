/*
title: Overlap of DSP and sponsored ads
description: Who met only DSP ads, only sponsored ads, or both, and how often each group bought.
parameters: []
*/
WITH met AS (
    SELECT user_id, 1 AS by_dsp, 0 AS by_sponsored
    FROM dsp_impressions
    WHERE user_id IS NOT NULL
    UNION ALL
    SELECT user_id, 0 AS by_dsp, 1 AS by_sponsored
    FROM sponsored_ads_traffic
    WHERE user_id IS NOT NULL
),
people AS (
    SELECT
        user_id,
        CASE
            WHEN MAX(by_dsp) = 1 AND MAX(by_sponsored) = 1 THEN 'both'
            WHEN MAX(by_dsp) = 1 THEN 'only DSP'
            ELSE 'only sponsored ads'
        END AS exposure
    FROM met
    GROUP BY user_id
),
buyers AS (
    SELECT user_id, SUM(total_purchases) AS purchases, SUM(total_product_sales) AS sales
    FROM amazon_attributed_events_by_traffic_time
    WHERE user_id IS NOT NULL AND total_purchases > 0
    GROUP BY user_id
),
groups AS (
    SELECT
        p.exposure,
        COUNT(DISTINCT p.user_id) AS reach,
        COUNT(DISTINCT b.user_id) AS buyers,
        SUM(COALESCE(b.purchases, 0)) AS purchases,
        SUM(COALESCE(b.sales, 0)) AS sales
    FROM people p
    LEFT JOIN buyers b ON p.user_id = b.user_id
    GROUP BY p.exposure
)
SELECT
    exposure,
    reach,
    reach / SUM(reach) OVER () AS share_of_reach,
    buyers,
    buyers / reach AS purchase_rate,
    purchases,
    sales
FROM groups
