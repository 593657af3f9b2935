/*
title: Path to conversion
description: The order in which people first met each kind of ad, how many took that path, and what they bought.
parameters: []
*/
WITH touches AS (
    SELECT user_id, 'DSP' AS kind, impression_dt_utc AS met
    FROM dsp_impressions
    WHERE user_id IS NOT NULL
    UNION ALL
    SELECT
        user_id,
        CASE ad_product_type
            WHEN 'sponsored_products' THEN 'SP'
            WHEN 'sponsored_brands' THEN 'SB'
            WHEN 'sponsored_display' THEN 'SD'
            ELSE 'STV'
        END AS kind,
        event_dt_utc AS met
    FROM sponsored_ads_traffic
    WHERE user_id IS NOT NULL
),
firsts AS (
    SELECT user_id, kind, MIN(met) AS first_met
    FROM touches
    GROUP BY user_id, kind
),
numbered AS (
    SELECT
        user_id,
        NAMED_ROW(
            'order', ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY first_met, kind),
            'kind', kind
        ) AS step
    FROM firsts
),
paths AS (
    SELECT user_id, ARRAY_SORT(COLLECT(step)) AS path
    FROM numbered
    GROUP BY user_id
),
buyers AS (
    SELECT
        user_id,
        SUM(total_purchases) AS purchases,
        SUM(total_product_sales) AS sales
    FROM amazon_attributed_events_by_traffic_time
    WHERE total_purchases > 0 AND user_id IS NOT NULL
    GROUP BY user_id
)
SELECT
    p.path,
    COUNT(DISTINCT p.user_id) AS people,
    COUNT(DISTINCT b.user_id) AS buyers,
    COUNT(DISTINCT b.user_id) / COUNT(DISTINCT p.user_id) AS purchase_rate,
    SUM(COALESCE(b.purchases, 0)) AS purchases,
    SUM(COALESCE(b.sales, 0)) AS sales
FROM paths p
LEFT JOIN buyers b ON p.user_id = b.user_id
GROUP BY p.path
