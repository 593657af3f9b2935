/*
title: Search terms
description: What shoppers typed before they saw the ad, what it cost, and what they bought.
parameters: [{"name": "terms_like", "displayName": "Terms like", "description": "A LIKE pattern; % is all terms", "dataType": "STRING", "columnType": "DIMENSION", "defaultValue": "%"}]
*/
WITH traffic AS (
    SELECT
        customer_search_term,
        SUM(impressions) AS impressions,
        SUM(clicks) AS clicks,
        SUM(spend) / 100000000 AS spend
    FROM sponsored_ads_traffic
    WHERE customer_search_term LIKE CUSTOM_PARAMETER('terms_like')
    GROUP BY customer_search_term
),
bought AS (
    SELECT
        customer_search_term,
        SUM(total_purchases) AS purchases,
        SUM(total_product_sales) AS sales
    FROM amazon_attributed_events_by_traffic_time
    WHERE customer_search_term LIKE CUSTOM_PARAMETER('terms_like')
    GROUP BY customer_search_term
)
SELECT
    t.customer_search_term,
    t.impressions,
    t.clicks,
    ROUND(t.spend, 2) AS spend,
    COALESCE(b.purchases, 0) AS purchases,
    COALESCE(b.sales, 0) AS sales,
    COALESCE(b.sales, 0) / NULLIF(t.spend, 0) AS return_on_spend
FROM traffic t
LEFT JOIN bought b ON t.customer_search_term = b.customer_search_term
