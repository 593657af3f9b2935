-- One model per table of AMC: the columns that are modelled, under AMC's names. The
-- views that queries see add every other documented column (see views.py), so a model
-- says only what it knows. Beside AMC's columns a model has
--   __t      the moment that the time window applies to (UTC)
--   __avail  when the row becomes visible
--   __adv    the advertiser's id
--   __zone   the advertiser's time zone, for the local forms of every `…_utc` column

CREATE VIEW m_line AS
SELECT
    l.line_no, l.advertiser_id AS __adv, l.zone AS __zone, l.product, l.theme,
    l.advertiser, l.advertiser_id, l.zone AS advertiser_timezone, l.entity_id,
    l.currency_iso_code, l.currency_name, l.marketplace_name,
    l.campaign, l.campaign_id, CAST(l.campaign_id AS VARCHAR) AS campaign_id_string,
    l.start_utc AS campaign_start_dt_utc, l.end_utc AS campaign_end_dt_utc,
    l.start_utc AS line_item_start_dt_utc, l.end_utc AS line_item_end_dt_utc,
    l.budget AS campaign_budget_amount, l.line_budget AS line_item_budget_amount,
    l.country AS campaign_country, l.campaign_no AS campaign_flight_id,
    'IO-' || l.campaign_no AS campaign_insertion_order_id,
    l.goal AS campaign_primary_goal, 'Endemic' AS campaign_sales_type,
    CASE WHEN l.product = 'dsp' THEN 'AMAZON_DSP' ELSE 'SPONSORED_ADS' END
        AS campaign_source,
    'ENABLED' AS campaign_status, l.line_item, l.line_item_id, l.line_item_type,
    l.price_type AS line_item_price_type, 'ENABLED' AS line_item_status,
    l.medium AS product_line, l.medium, l.label, l.portfolio_id,
    l.advertiser || ' portfolio ' || l.portfolio_id AS portfolio_name
FROM d_line l;

CREATE VIEW m_dsp AS
SELECT
    f.touch, f.t, f.avail AS __avail, f.click_t, f.cost, f.viewed, f.user_id,
    CASE WHEN f.user_id IS NOT NULL THEN 'adUserId' END AS user_id_type,
    l.*,
    l.campaign || ' creative ' || (1 + f.touch % 2) AS creative,
    l.line_item_id * 10 + 1 + f.touch % 2 AS creative_id,
    CASE WHEN l.medium LIKE '%Video' OR l.medium = 'Streaming TV' THEN 'Video'
        WHEN l.medium = 'Audio' THEN 'Audio' ELSE 'Display' END AS creative_category,
    CASE WHEN l.medium IN ('Online Video', 'Streaming TV') THEN 15 + 15 * (f.touch % 2)
        WHEN l.medium = 'Audio' THEN 30 END AS creative_duration,
    CASE WHEN l.medium IN ('Online Video', 'Streaming TV') THEN 'Video'
        WHEN l.medium = 'Audio' THEN 'Audio' ELSE 'Image' END AS creative_type,
    s.ad_slot_size AS creative_size, s.ad_slot_size, s.site, s.supply_source,
    900 + f.site_no AS supply_source_id, s.page_type, s.is_amazon_owned,
    CASE WHEN s.is_amazon_owned THEN 'Amazon' ELSE 'Open exchange' END
        AS demand_channel_owner,
    CASE WHEN s.is_amazon_owned THEN 'O&O' ELSE 'RTB' END AS demand_channel,
    CASE f.touch % 3 WHEN 0 THEN 'ABOVE_FOLD' WHEN 1 THEN 'BELOW_FOLD'
        ELSE 'UNKNOWN' END AS slot_position,
    v.device_type, v.operating_system, v.os_version, v.browser_family,
    v.environment_type, v.device_make, v.device_model,
    g.iso_country_code, g.iso_state_province_code, g.dma_code, g.city_name,
    g.postal_code,
    'D' || upper(substr(md5(f.user_id || f.device), 1, 15)) AS device_id,
    'R' || lpad(CAST(f.touch AS VARCHAR), 16, '0') AS request_tag,
    false AS no_3p_trackers,
    f.cost * 90 AS bid_price, (f.cost * 0.05)::BIGINT * 1000 AS platform_fee,
    (f.cost * 0.04)::BIGINT * 1000 AS audience_fee, (f.cost * 0.75)::BIGINT * 1000
        AS supply_cost
FROM f_dsp f
JOIN m_line l ON f.line_no = l.line_no
JOIN d_site s ON f.site_no = s.site_no
JOIN d_device v ON f.device = v.device
JOIN d_place g ON f.place = g.place;

CREATE VIEW m_dsp_impressions AS
SELECT *, t AS __t, t AS impression_dt_utc, 1 AS impressions,
    CAST(cost AS DOUBLE) AS total_cost, (cost * 0.85)::BIGINT AS impression_cost,
    0 AS managed_service_fee, 0 AS ocm_fee, (cost * 0.02)::BIGINT * 1000
        AS third_party_fees, medium <> 'Audio' AS placement_is_view_aware,
    medium <> 'Audio' AS supply_source_is_view_aware, 0.71 AS placement_view_rate,
    0.68 AS supply_source_view_rate,
    [10001 + touch % 6, 10007 + touch % 5] AS user_behavior_segment_ids,
    CASE WHEN touch % 4 = 0 THEN [10001 + touch % 6] END
        AS matched_behavior_segment_ids,
    1 AS segment_marketplace_id
FROM m_dsp;

CREATE VIEW m_dsp_clicks AS
SELECT *, click_t AS __t, t AS impression_dt_utc, click_t AS click_dt_utc,
    1 AS clicks, (cost * 0.1)::BIGINT AS click_cost
FROM m_dsp WHERE click_t IS NOT NULL;

CREATE VIEW m_dsp_views AS
SELECT *, t AS __t, t AS event_dt_utc, request_tag AS impression_id, 1 AS events,
    CASE WHEN viewed < 62 THEN 'VIEW' WHEN viewed < 84 THEN 'MEASURABLE_IMP'
        WHEN viewed < 94 THEN 'UNMEASURABLE_IMP' ELSE 'SYNTHETIC_VIEW' END AS event_type,
    'MRC' AS view_definition,
    (viewed < 62)::INTEGER AS viewable_impressions,
    (viewed < 84)::INTEGER AS measurable_impressions,
    (viewed >= 84)::INTEGER AS unmeasurable_viewable_impressions
FROM m_dsp;

CREATE TABLE d_segment AS
SELECT * FROM (VALUES
    (10001, 'IM - Home and Kitchen', 'inmarket'), (10002, 'IM - Pet Supplies', 'inmarket'),
    (10003, 'IM - Outdoor Recreation', 'inmarket'), (10004, 'LS - Foodies', 'lifestyle'),
    (10005, 'LS - Fitness Enthusiasts', 'lifestyle'), (10006, 'LS - Gardeners', 'lifestyle'),
    (10007, 'LE - Recently Moved', 'life_event'), (10008, 'LE - New Parents', 'life_event'),
    (10009, 'IM - Coffee and Tea', 'inmarket'), (10010, 'LS - Travellers', 'lifestyle'),
    (10011, 'LE - Getting Married', 'life_event')
) v(segment_id, segment_name, kind);

CREATE VIEW m_dsp_impressions_by_user_segments AS
SELECT i.*, g.segment_id AS behavior_segment_id, g.segment_name AS behavior_segment_name,
    'People in ' || g.segment_name AS behavior_segment_description,
    (i.touch % 4 = 0 AND g.segment_id <= 10006)::INTEGER AS behavior_segment_matched
FROM m_dsp_impressions i
JOIN d_segment g ON g.segment_id IN (10001 + i.touch % 6, 10007 + i.touch % 5);

CREATE VIEW m_dsp_impressions_by_matched_segments AS
SELECT * FROM m_dsp_impressions_by_user_segments WHERE behavior_segment_matched = 1;

CREATE VIEW m_sponsored_ads_traffic AS
SELECT
    f.t AS __t, f.avail AS __avail, f.t AS event_dt_utc, l.*,
    l.product AS ad_product_type,
    'S' || lpad(CAST(f.touch AS VARCHAR), 16, '0') AS event_id,
    f.user_id, CASE WHEN f.user_id IS NOT NULL THEN 'adUserId' END AS user_id_type,
    l.campaign_start_dt_utc AS ad_group_start_dt_utc,
    l.campaign_end_dt_utc AS ad_group_end_dt_utc,
    l.campaign || ' - ' || l.label AS ad_group, 'ENABLED' AS ad_group_status,
    'MANUAL' AS ad_group_type, 'DAILY' AS campaign_budget_type,
    l.medium || ' creative' AS creative, p.asin AS creative_asin,
    CASE l.product WHEN 'sponsored_products' THEN 'PRODUCT'
        WHEN 'sponsored_brands' THEN 'COLLECTION' WHEN 'sponsored_display' THEN 'IMAGE'
        ELSE 'VIDEO' END AS creative_type,
    CASE WHEN l.product IN ('sponsored_products', 'sponsored_brands')
        THEN coalesce(w.term, lower(l.advertiser)) END AS customer_search_term,
    CASE WHEN l.product IN ('sponsored_products', 'sponsored_brands')
        THEN coalesce(w.term, lower(l.advertiser)) ELSE 'asin="' || p.asin || '"' END
        AS targeting,
    CASE WHEN l.product IN ('sponsored_products', 'sponsored_brands')
        THEN CASE f.touch % 3 WHEN 0 THEN 'EXACT' WHEN 1 THEN 'PHRASE' ELSE 'BROAD' END
        ELSE 'TARGETING_EXPRESSION' END AS match_type,
    CASE f.touch % 4 WHEN 0 THEN 'Top of Search on-Amazon'
        WHEN 1 THEN 'Detail Page on-Amazon' WHEN 2 THEN 'Other on-Amazon'
        ELSE 'Off Amazon' END AS placement_type,
    v.operating_system, v.os_version, false AS no_3p_trackers, 'MRC' AS view_definition,
    CASE WHEN f.clicked THEN 0 ELSE 1 END AS impressions, f.clicked::INTEGER AS clicks,
    f.spend, (f.viewed < 62)::INTEGER AS viewable_impressions,
    (f.viewed >= 90)::INTEGER AS unmeasurable_viewable_impressions,
    (l.medium = 'SB Video' AND f.viewed < 50)::INTEGER AS five_sec_views,
    (l.medium = 'SB Video' AND f.viewed < 60)::INTEGER AS video_first_quartile_views,
    (l.medium = 'SB Video' AND f.viewed < 45)::INTEGER AS video_midpoint_views,
    (l.medium = 'SB Video' AND f.viewed < 32)::INTEGER AS video_third_quartile_views,
    (l.medium = 'SB Video' AND f.viewed < 22)::INTEGER AS video_complete_views,
    (l.medium = 'SB Video' AND f.viewed < 8)::INTEGER AS video_unmutes,
    CAST(10001 + f.touch % 6 AS VARCHAR) AS matched_behavior_segment_ids
FROM f_sponsored f
JOIN m_line l ON f.line_no = l.line_no
JOIN d_device v ON f.device = v.device
JOIN d_product p ON f.product_no = p.product_no
LEFT JOIN d_term w ON w.theme = l.theme AND w.n = f.term_no;

-- What a conversion is, whoever it is attributed to.
CREATE VIEW m_conversion_events AS
SELECT
    c.conversion, c.t AS __t, c.avail AS __avail, a.advertiser_id AS __adv, a.zone AS __zone,
    c.t AS event_dt_utc, c.user_id,
    CASE WHEN c.user_id IS NOT NULL THEN 'adUserId' END AS user_id_type,
    'C' || lpad(CAST(c.conversion AS VARCHAR), 17, '0') AS conversion_id,
    b.category AS event_category, 'CONVERSION' AS event_type, b.subtype AS event_subtype,
    b.type_class AS event_type_class, b.description AS event_type_description,
    1 AS conversions, c.new_to_brand, false AS no_3p_trackers,
    CASE WHEN b.category = 'off-Amazon' THEN NULL
        WHEN c.whole_foods THEN 'WHOLE_FOODS_MARKET_US' ELSE a.marketplace_name END
        AS marketplace_name,
    CASE WHEN b.category <> 'purchase' THEN NULL WHEN c.fresh THEN 'Amazon Fresh'
        WHEN c.whole_foods THEN 'Whole Foods Market' ELSE 'Amazon.com' END
        AS purchase_retail_program,
    CASE WHEN b.category = 'purchase' OR b.subtype = '134' THEN a.currency_iso_code END
        AS purchase_currency,
    CASE WHEN b.category = 'purchase' THEN p.price END AS purchase_unit_price,
    CASE WHEN b.category = 'purchase' THEN p.price * c.units ELSE 0 END
        AS total_product_sales,
    CASE WHEN b.category = 'purchase' THEN c.units ELSE 0 END AS total_units_sold,
    CASE WHEN b.subtype = '134' THEN p.price ELSE 0 END AS off_amazon_product_sales,
    CASE WHEN b.subtype = '134' THEN 1 ELSE 0 END AS off_amazon_conversion_value,
    CASE WHEN b.category = 'purchase' OR b.subtype = '134'
        THEN p.price * CASE WHEN b.subtype = '134' THEN 1 ELSE c.units END ELSE 0 END
        AS combined_sales,
    CASE WHEN b.subtype = '134' THEN a.advertiser || ' checkout' END
        AS conversion_event_name,
    CASE WHEN b.subtype = '134' THEN 'Amazon Ad Tag' END AS conversion_event_source_name,
    CASE WHEN b.category = 'purchase' THEN p.asin END AS tracked_asin,
    CASE b.subtype WHEN 'searchConversion' THEN lower(a.advertiser)
        WHEN 'brandStorePageView' THEN a.entity_id || '-store'
        WHEN '134' THEN 'CD' || a.advertiser_id ELSE p.asin END AS tracked_item
FROM f_conversion c
JOIN d_behaviour b ON c.behaviour = b.behaviour
JOIN d_advertiser a ON c.adv = a.adv
JOIN d_product p ON c.bought_no = p.product_no;

CREATE VIEW m_conversions AS SELECT * FROM m_conversion_events;

CREATE VIEW m_conversions_with_relevance AS
SELECT e.* REPLACE (
        CASE WHEN e.event_category = 'off-Amazon' THEN 'pixel'
            ELSE e.event_category END AS event_category
    ),
    c.advertiser, c.advertiser_id, c.zone AS advertiser_timezone, c.campaign,
    c.campaign_id, CAST(c.campaign_id AS VARCHAR) AS campaign_id_string,
    c.budget AS campaign_budget_amount, 'Endemic' AS campaign_sales_type,
    CASE WHEN c.product = 'dsp' THEN 'AMAZON_DSP' ELSE 'SPONSORED_ADS' END
        AS campaign_source,
    c.start_utc AS campaign_start_dt_utc, c.end_utc AS campaign_end_dt_utc,
    CASE WHEN e.event_category = 'off-Amazon' OR (e.conversion + c.plan_no) % 3 < 2
        THEN 'PROMOTED' ELSE 'BRAND_HALO' END AS engagement_scope,
    CASE WHEN e.event_category = 'off-Amazon' THEN NULL
        ELSE ['TRACKED_ASIN', 'VARIATIONAL_ASIN', 'BRAND_GL_PRODUCT', 'BRAND_KEYWORD',
            'CATEGORY_KEYWORD', 'BRAND_MARKETPLACE', 'BRAND_CATEGORY',
            'BRAND_SUBCATEGORY'][1 + ((e.conversion + c.plan_no) % 8)::INTEGER] END
        AS halo_code
FROM m_conversion_events e
JOIN d_campaign c ON e.__adv = c.advertiser_id;

CREATE VIEW m_conversions_all AS
SELECT e.*, 'ad-exposed' AS exposure_type, 'AMAZON' AS event_source,
    e.conversion_event_source_name AS conversion_event_source
FROM m_conversion_events e
UNION ALL BY NAME
SELECT
    o.t AS __t, o.avail AS __avail, a.advertiser_id AS __adv, a.zone AS __zone,
    o.t AS event_dt_utc, o.user_id,
    'O' || lpad(CAST(o.conversion AS VARCHAR), 17, '0') AS conversion_id,
    b.category AS event_category, 'CONVERSION' AS event_type, b.subtype AS event_subtype,
    b.type_class AS event_type_class, b.description AS event_type_description,
    1 AS conversions, o.new_to_brand, a.marketplace_name,
    CASE WHEN b.category = 'purchase' THEN a.currency_iso_code END AS purchase_currency,
    CASE WHEN b.category = 'purchase' THEN p.price END AS purchase_unit_price,
    CASE WHEN b.category = 'purchase' THEN p.price * o.units ELSE 0 END
        AS total_product_sales,
    CASE WHEN b.category = 'purchase' THEN o.units ELSE 0 END AS total_units_sold,
    CASE WHEN b.category = 'purchase' THEN p.price * o.units ELSE 0 END AS combined_sales,
    CASE WHEN b.category = 'purchase' THEN p.asin END AS tracked_asin,
    p.asin AS tracked_item, 'non-ad-exposed' AS exposure_type, 'AMAZON' AS event_source
FROM f_organic o
JOIN d_behaviour b ON o.behaviour = b.behaviour
JOIN d_advertiser a ON o.adv = a.adv
JOIN d_product p ON o.bought_no = p.product_no;

-- A conversion with its ad event. The metric families (`purchases`, `_clicks`,
-- `brand_halo_`, `new_to_brand_` …) are derived in views.py from the `__` columns.
CREATE VIEW m_attributed AS
SELECT
    f.conversion_t, f.touch_t, f.avail AS __avail, l.*,
    nullif(l.product, 'dsp') AS ad_product_type,
    f.clicked AS __clicked, f.promoted AS __promoted, f.new_to_brand AS __new,
    (b.category = 'purchase')::INTEGER AS __purchases,
    CASE WHEN b.category = 'purchase' THEN f.units ELSE 0 END AS __units_sold,
    CASE WHEN b.category = 'purchase' THEN p.price * f.units ELSE 0 END
        AS __product_sales,
    (b.subtype = 'shoppingCart')::INTEGER AS __add_to_cart,
    (b.subtype = 'detailPageView')::INTEGER AS __detail_page_view,
    f.touch_t AS traffic_event_dt_utc, f.conversion_t AS conversion_event_dt_utc,
    CASE WHEN NOT f.clicked AND l.product = 'dsp' THEN f.touch_t END AS impression_dt_utc,
    CASE WHEN f.clicked THEN f.touch_t END AS click_dt_utc,
    CASE WHEN f.clicked THEN 'AD_CLICK' ELSE 'AD_IMP' END AS traffic_event_subtype,
    CASE WHEN f.clicked THEN 'CLICK' ELSE 'IMPRESSION' END AS traffic_event_type,
    'T' || lpad(CAST(f.touch AS VARCHAR), 16, '0') AS traffic_event_id,
    l.marketplace_name AS traffic_event_marketplace_name,
    b.category AS conversion_event_category, 'CONVERSION' AS conversion_event_type,
    b.subtype AS conversion_event_subtype, b.type_class AS conversion_event_type_class,
    b.description AS conversion_event_type_description,
    CASE WHEN b.subtype = '134' THEN l.advertiser || ' checkout' END
        AS conversion_event_name,
    CASE WHEN b.subtype = '134' THEN 'Amazon Ad Tag' END AS conversion_event_source_name,
    CASE WHEN b.category = 'off-Amazon' THEN NULL ELSE l.marketplace_name END
        AS conversion_event_marketplace_name,
    CASE WHEN b.category = 'purchase' THEN p.asin END AS tracked_asin,
    CASE b.subtype WHEN 'searchConversion' THEN lower(l.advertiser)
        WHEN 'brandStorePageView' THEN l.entity_id || '-store'
        WHEN '134' THEN 'CD' || l.advertiser_id ELSE p.asin END AS tracked_item,
    1 AS conversions, (NOT f.clicked)::INTEGER AS impressions,
    f.clicked::INTEGER AS clicks, f.new_to_brand,
    CASE WHEN b.category = 'purchase' OR b.subtype = '134' THEN l.currency_iso_code END
        AS purchase_currency,
    CASE WHEN b.category <> 'purchase' THEN NULL WHEN f.fresh THEN 'Amazon Fresh'
        WHEN f.whole_foods THEN 'Whole Foods Market' ELSE 'Amazon.com' END
        AS purchase_retail_program,
    CASE WHEN b.category = 'purchase' THEN p.price END AS purchase_unit_price,
    CASE WHEN b.subtype = '134' THEN p.price ELSE 0 END AS off_amazon_product_sales,
    CASE WHEN b.subtype = '134' THEN 1 ELSE 0 END AS off_amazon_conversion_value,
    CASE WHEN b.category = 'purchase' THEN p.price * f.units
        WHEN b.subtype = '134' THEN p.price ELSE 0 END AS combined_sales,
    f.user_id, CASE WHEN f.user_id IS NOT NULL THEN 'adUserId' END AS user_id_type,
    'R' || lpad(CAST(f.touch AS VARCHAR), 16, '0') AS request_tag,
    CASE WHEN l.product IN ('sponsored_products', 'sponsored_brands')
        THEN coalesce(w.term, lower(l.advertiser)) END AS customer_search_term,
    CASE WHEN l.product IN ('sponsored_products', 'sponsored_brands')
        THEN coalesce(w.term, lower(l.advertiser)) END AS targeting,
    CASE WHEN l.product IN ('sponsored_products', 'sponsored_brands')
        THEN CASE f.touch % 3 WHEN 0 THEN 'EXACT' WHEN 1 THEN 'PHRASE' ELSE 'BROAD' END
        END AS match_type,
    CASE WHEN l.product <> 'dsp' THEN CASE f.touch % 4
        WHEN 0 THEN 'Top of Search on-Amazon' WHEN 1 THEN 'Detail Page on-Amazon'
        WHEN 2 THEN 'Other on-Amazon' ELSE 'Off Amazon' END END AS placement_type,
    CASE WHEN l.product = 'dsp' THEN l.campaign || ' creative ' || (1 + f.touch % 2)
        ELSE l.medium || ' creative' END AS creative,
    CASE WHEN l.product = 'dsp' THEN l.line_item_id * 10 + 1 + f.touch % 2 END
        AS creative_id,
    CASE WHEN l.product = 'dsp' THEN s.site END AS site,
    CASE WHEN l.product = 'dsp' THEN s.supply_source END AS supply_source,
    CASE WHEN l.product = 'dsp' THEN s.ad_slot_size END AS ad_slot_size,
    v.device_type, v.operating_system, v.os_version, v.browser_family,
    v.environment_type, v.device_make, v.device_model,
    g.iso_country_code, g.iso_state_province_code, g.dma_code, g.city_name,
    g.postal_code, false AS no_3p_trackers
FROM f_attributed f
JOIN m_line l ON f.line_no = l.line_no
JOIN d_behaviour b ON f.behaviour = b.behaviour
JOIN d_product p ON f.bought_no = p.product_no
JOIN d_site s ON f.site_no = s.site_no
JOIN d_device v ON f.device = v.device
JOIN d_place g ON f.place = g.place
LEFT JOIN d_term w ON w.theme = l.theme AND w.n = f.term_no;

CREATE VIEW m_amazon_attributed_events_by_conversion_time AS
SELECT *, conversion_t AS __t FROM m_attributed;

CREATE VIEW m_amazon_attributed_events_by_traffic_time AS
SELECT *, touch_t AS __t FROM m_attributed;

-- Membership has no time window. It is who was met at any time of the data set: the
-- one thing here that is not a function of a day.
CREATE TABLE d_member AS
SELECT user_id, adv, 10001 + (hashed(user_id, 'segment') % 11)::INTEGER AS segment_id
FROM (SELECT DISTINCT user_id, adv FROM f_dsp WHERE user_id IS NOT NULL)
ORDER BY user_id, adv;

CREATE VIEW m_members AS
SELECT NULL::TIMESTAMP AS __t, TIMESTAMP '1970-01-01' AS __avail, a.advertiser_id AS __adv,
    'UTC' AS __zone, m.user_id, 'adUserId' AS user_id_type, g.segment_id, g.segment_name,
    'People in ' || g.segment_name AS segment_description, 1 AS segment_marketplace_id,
    g.kind AS category_level_1, g.segment_name AS category_level_2,
    g.kind || ' > ' || g.segment_name AS category_path, g.kind, false AS no_3p_trackers
FROM d_member m
JOIN d_advertiser a ON m.adv = a.adv
JOIN d_segment g ON m.segment_id = g.segment_id;

CREATE VIEW m_brand_store AS
SELECT
    c.t AS __t, c.avail AS __avail, a.advertiser_id AS __adv, a.zone AS __zone,
    c.t AS event_dt_utc, a.advertiser_id, c.user_id,
    CASE WHEN c.user_id IS NOT NULL THEN 'adUserId' END AS user_id_type,
    'V' || c.conversion AS visit_id, 'N' || c.conversion AS session_id,
    a.entity_id || '-store' AS reference_id, a.advertiser || ' store' AS store_name,
    'P' || (1 + c.conversion % 3) AS page_id,
    CASE c.conversion % 3 WHEN 0 THEN 'Home' WHEN 1 THEN 'Bestsellers' ELSE 'New' END
        AS page_title,
    'amazon.com' AS referrer_domain, CASE c.conversion % 2 WHEN 0 THEN 'PC'
        ELSE 'Phone' END AS device_type,
    CASE c.conversion % 3 WHEN 0 THEN 'AD' WHEN 1 THEN 'BYLINE' ELSE 'SEARCH' END
        AS ingress_type, 'AMAZON' AS channel, 1 AS marketplace_id,
    5 + c.conversion % 90 AS dwell_time, 'CLICK' AS event_type,
    'PRODUCT_TILE' AS event_sub_type, 'ProductGrid' AS widget_type,
    'Tile' AS widget_sub_type, p.asin, false AS no_3p_trackers
FROM f_conversion c
JOIN d_advertiser a ON c.adv = a.adv
JOIN d_product p ON c.bought_no = p.product_no
WHERE c.behaviour = 6;

CREATE VIEW m_amazon_brand_store_page_views AS SELECT * FROM m_brand_store;
CREATE VIEW m_amazon_brand_store_engagement_events AS SELECT * FROM m_brand_store;
CREATE VIEW m_audience_segments_amer_lifestyle AS
SELECT * FROM m_members WHERE kind = 'lifestyle';
CREATE VIEW m_audience_segments_amer_inmarket AS
SELECT * FROM m_members WHERE kind = 'inmarket';
CREATE VIEW m_audience_segments_amer_life_event AS
SELECT * FROM m_members WHERE kind = 'life_event';

-- Snapshots exist for each month's first day.
CREATE TABLE d_month AS
SELECT unnest(generate_series(date_trunc('month', getvariable('first_time')),
    getvariable('end_time'), INTERVAL 1 MONTH)) AS month;

CREATE VIEW m_snapshots AS
SELECT p.* REPLACE (month AS __avail), CAST(month AS DATE) AS snapshot_datetime
FROM m_members p, d_month;

CREATE VIEW m_audience_segments_amer_lifestyle_snapshot AS
SELECT * FROM m_snapshots WHERE kind = 'lifestyle';
CREATE VIEW m_audience_segments_amer_inmarket_snapshot AS
SELECT * FROM m_snapshots WHERE kind = 'inmarket';
CREATE VIEW m_audience_segments_amer_life_event_snapshot AS
SELECT * FROM m_snapshots WHERE kind = 'life_event';
