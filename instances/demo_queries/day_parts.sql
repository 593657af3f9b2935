/*
title: Day parts
description: Impressions, clicks and click rate of the sponsored ads by part of the day and by weekday or weekend, in the advertiser's time zone.
parameters: []
*/
SELECT
    CASE
        WHEN event_hour < 6 THEN '1: night'
        WHEN event_hour < 12 THEN '2: morning'
        WHEN event_hour < 18 THEN '3: afternoon'
        ELSE '4: evening'
    END AS part_of_day,
    IF(EXTRACT(DOW FROM event_date) IN (1, 7), 'weekend', 'weekday') AS kind_of_day,
    COUNT(DISTINCT user_id) AS people,
    SUM(impressions) AS impressions,
    SUM(clicks) AS clicks,
    SUM(clicks) / SUM(impressions) AS click_rate,
    SUM(spend) / 100000000 AS spend
FROM sponsored_ads_traffic
GROUP BY 1, 2
