/*
title: New-to-brand customers
description: Which share of the purchases and of the sales came from people who had not bought the brand for a year, for each campaign.
parameters: []
*/
SELECT
    campaign,
    COALESCE(ad_product_type, 'dsp') AS ad_product,
    SUM(total_purchases) AS purchases,
    SUM(new_to_brand_total_purchases) AS new_to_brand_purchases,
    SUM(new_to_brand_total_purchases) / NULLIF(SUM(total_purchases), 0) AS share_of_purchases,
    SUM(total_product_sales) AS sales,
    SUM(new_to_brand_total_product_sales) AS new_to_brand_sales
FROM amazon_attributed_events_by_conversion_time
GROUP BY 1, 2
