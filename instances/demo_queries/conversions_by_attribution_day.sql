/*
title: Conversions by attribution day
description: For each day of ads, how many purchases they have led to so far, and within one, three, seven and fourteen days. Asked again later, recent days have grown.
parameters: []
*/
SELECT
    traffic_event_date AS ad_day,
    COUNT(DISTINCT user_id) AS people,
    SUM(total_purchases) AS purchases,
    SUM(IF(SECONDS_BETWEEN(traffic_event_dt_utc, conversion_event_dt_utc) < 86400, total_purchases, 0)) AS within_one_day,
    SUM(IF(SECONDS_BETWEEN(traffic_event_dt_utc, conversion_event_dt_utc) < 3 * 86400, total_purchases, 0)) AS within_three_days,
    SUM(IF(SECONDS_BETWEEN(traffic_event_dt_utc, conversion_event_dt_utc) < 7 * 86400, total_purchases, 0)) AS within_seven_days,
    SUM(total_product_sales) AS sales
FROM amazon_attributed_events_by_traffic_time
GROUP BY traffic_event_date
