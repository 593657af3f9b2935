/*
title: Gateway products
description: Which product was the first that new-to-brand customers bought, and what they bought in all within the window.
parameters: []
*/
WITH purchases AS (
    SELECT
        user_id,
        tracked_asin,
        total_product_sales,
        new_to_brand,
        ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY event_dt_utc, conversion_id) AS nth
    FROM conversions
    WHERE event_category = 'purchase' AND user_id IS NOT NULL
),
customers AS (
    SELECT
        user_id,
        MAX(IF(nth = 1, tracked_asin, NULL)) AS gateway_asin,
        COUNT(*) AS purchases,
        SUM(total_product_sales) AS sales
    FROM purchases
    WHERE new_to_brand
    GROUP BY user_id
)
SELECT
    gateway_asin,
    COUNT(DISTINCT user_id) AS customers,
    SUM(purchases) AS purchases,
    SUM(sales) AS sales,
    SUM(sales) / COUNT(DISTINCT user_id) AS sales_per_customer
FROM customers
WHERE gateway_asin IS NOT NULL
GROUP BY gateway_asin
