/*
title: Promoted products and brand halo
description: For each product bought, how much was bought after an ad for that product, and how much after an ad for another one of the brand.
parameters: [{"name": "asins", "displayName": "ASINs", "description": "ALL, or the products of interest", "dataType": {"type": "ARRAY", "elementDataType": "STRING"}, "columnType": "DIMENSION", "defaultValue": ["ALL"]}]
*/
SELECT
    tracked_asin,
    SUM(total_purchases) AS purchases,
    SUM(purchases) AS promoted_purchases,
    SUM(brand_halo_purchases) AS halo_purchases,
    SUM(total_product_sales) AS sales,
    SUM(product_sales) AS promoted_sales,
    SUM(brand_halo_product_sales) AS halo_sales,
    SUM(brand_halo_product_sales) / NULLIF(SUM(total_product_sales), 0) AS halo_share
FROM amazon_attributed_events_by_conversion_time
WHERE
    tracked_asin IS NOT NULL
    AND (
        ARRAY_CONTAINS(CUSTOM_PARAMETER('asins'), 'ALL')
        OR ARRAY_CONTAINS(CUSTOM_PARAMETER('asins'), tracked_asin)
    )
GROUP BY tracked_asin
