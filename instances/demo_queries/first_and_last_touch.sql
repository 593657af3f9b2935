/*
title: First and last touch
description: For each kind of ad, how many purchases it began and how many it closed, looking back 28 days from the purchase.
parameters: []
*/
WITH touches AS (
    SELECT user_id, 'dsp' AS kind, impression_dt_utc AS met
    FROM TABLE(EXTEND_TIME_WINDOW('dsp_impressions', 'P28D', 'P0D'))
    WHERE user_id IS NOT NULL
    UNION ALL
    SELECT user_id, ad_product_type AS kind, event_dt_utc AS met
    FROM TABLE(EXTEND_TIME_WINDOW('sponsored_ads_traffic', 'P28D', 'P0D'))
    WHERE user_id IS NOT NULL
),
ranked AS (
    SELECT
        c.conversion_id,
        c.user_id,
        c.total_product_sales,
        t.kind,
        ROW_NUMBER() OVER (PARTITION BY c.conversion_id ORDER BY t.met, t.kind) AS from_first,
        ROW_NUMBER() OVER (PARTITION BY c.conversion_id ORDER BY t.met DESC, t.kind) AS from_last
    FROM conversions c
    INNER JOIN touches t ON c.user_id = t.user_id
    WHERE
        c.event_category = 'purchase'
        AND SECONDS_BETWEEN(t.met, c.event_dt_utc) BETWEEN 0 AND 28 * 24 * 60 * 60
)
SELECT
    kind,
    COUNT(DISTINCT user_id) AS buyers,
    SUM(IF(from_first = 1, 1, 0)) AS began,
    SUM(IF(from_last = 1, 1, 0)) AS closed,
    SUM(IF(from_first = 1, total_product_sales, 0)) AS sales_begun,
    SUM(IF(from_last = 1, total_product_sales, 0)) AS sales_closed
FROM ranked
WHERE from_first = 1 OR from_last = 1
GROUP BY kind
