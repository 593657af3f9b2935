/*
title: Time to conversion
description: How long after the ad people bought, in steps from one hour to two weeks, for each ad product.
parameters: []
*/
WITH purchases AS (
    SELECT
        COALESCE(ad_product_type, 'dsp') AS ad_product,
        user_id,
        total_purchases,
        total_product_sales,
        SECONDS_BETWEEN(traffic_event_dt_utc, conversion_event_dt_utc) / 3600 AS hours
    FROM amazon_attributed_events_by_conversion_time
    WHERE total_purchases > 0
),
timed AS (
    SELECT
        ad_product,
        user_id,
        total_purchases,
        total_product_sales,
        CASE
            WHEN hours < 1 THEN '1: under an hour'
            WHEN hours < 24 THEN '2: under a day'
            WHEN hours < 72 THEN '3: one to three days'
            WHEN hours < 168 THEN '4: three to seven days'
            ELSE '5: over a week'
        END AS delay
    FROM purchases
)
SELECT
    delay,
    COUNT(DISTINCT user_id) AS buyers,
    SUM(total_purchases) AS purchases,
    SUM(IF(ad_product = 'dsp', total_purchases, 0)) AS dsp_purchases,
    SUM(IF(ad_product = 'dsp', 0, total_purchases)) AS sponsored_purchases,
    SUM(total_product_sales) AS sales
FROM timed
GROUP BY delay
