-- What exists before anything happens: advertisers, campaigns, line items, products,
-- places, devices, search terms. Nothing here depends on a date or on the scale.
-- Every random number comes from an md5 of a key, so that all versions and thread
-- counts of the database produce the same world.

CREATE MACRO draw(key, salt) AS
    (md5_number_lower(concat_ws(':', getvariable('seed'), key, salt)) >> 11)::DOUBLE
    / 9007199254740992.0;

-- Four coarse draws from one hash; n is 0 … 3.
CREATE MACRO bits(hash, n) AS ((hash >> (16 * n)) & 65535)::DOUBLE / 65536.0;

CREATE MACRO hashed(key, salt) AS
    md5_number_lower(concat_ws(':', getvariable('seed'), key, salt));

CREATE TABLE d_advertiser AS
WITH names(advertiser, theme) AS (VALUES
    ('Alderbrook Home', 'home'), ('Bluegate Outdoors', 'outdoor'),
    ('Cedar & Salt', 'food'), ('Dunmore Pets', 'pet'), ('Everfern Beauty', 'beauty'),
    ('Fallowfield Toys', 'toy'), ('Greywick Audio', 'electronics'),
    ('Harrowgate Coffee', 'food'), ('Inkwell & Oak', 'home'), ('Juniper Baby', 'baby'),
    ('Kestrel Fitness', 'fitness'), ('Larkspur Garden', 'garden'),
    ('Millrace Kitchen', 'home'), ('Northlane Luggage', 'travel'),
    ('Oatfield Snacks', 'food'), ('Pebblecove Swim', 'outdoor'),
    ('Quillon Tools', 'garden'), ('Redbarn Treats', 'pet'),
    ('Silverline Phones', 'electronics'), ('Thistledown Sleep', 'home'),
    ('Umberly Paints', 'garden'), ('Vellora Skin', 'beauty'),
    ('Westerby Bikes', 'fitness'), ('Yarrow Teas', 'food'),
    ('Zephyr Fans', 'electronics'), ('Ashcombe Crafts', 'toy'),
    ('Brindle Dog Co', 'pet'), ('Copperleaf Cookware', 'home'),
    ('Driftmark Camping', 'outdoor'), ('Elmsworth Babywear', 'baby')
), numbered AS (
    SELECT row_number() OVER ()::INTEGER AS adv, * FROM names
)
SELECT
    adv,
    4410000000 + adv::BIGINT * 10133 AS advertiser_id,
    advertiser,
    theme,
    CASE adv % 3 WHEN 1 THEN 'America/New_York' WHEN 2 THEN 'America/Los_Angeles'
        ELSE 'America/Toronto' END AS zone,
    'ENTITY' || upper(substr(md5(concat('entity', adv)), 1, 13)) AS entity_id,
    CASE WHEN adv % 3 = 0 THEN 'CAD' ELSE 'USD' END AS currency_iso_code,
    CASE WHEN adv % 3 = 0 THEN 'Canadian Dollar' ELSE 'US Dollar' END AS currency_name,
    CASE WHEN adv % 3 = 0 THEN 'AMAZON.CA' ELSE 'AMAZON.COM' END AS marketplace_name,
    CASE WHEN adv % 3 = 0 THEN 'CA' ELSE 'US' END AS country
FROM numbered;

CREATE TABLE d_campaign AS
WITH plan(c, product, medium, line_item_type, price_type, goal) AS (VALUES
    (1, 'dsp', 'Streaming TV', 'AAP_VIDEO_CPM', 'CPM', 'AWARENESS'),
    (2, 'dsp', 'Streaming TV', 'AAP_VIDEO_CPM', 'CPM', 'REACH'),
    (3, 'dsp', 'Online Video', 'AAP_VIDEO_CPM', 'CPM', 'CONSIDERATION'),
    (4, 'dsp', 'Online Video', 'AAP_VIDEO_CPM', 'CPM', 'AWARENESS'),
    (5, 'dsp', 'Display', 'AAP_DISPLAY', 'CPM', 'CONVERSION'),
    (6, 'dsp', 'Display', 'AAP', 'CPM', 'CONSIDERATION'),
    (7, 'dsp', 'Display Mobile', 'AAP_MOBILE', 'CPM', 'CONVERSION'),
    (8, 'dsp', 'Audio', 'CLASS_I_WEB', 'CPM', 'AWARENESS'),
    (9, 'sponsored_products', 'SP Brand', 'SP', 'CPC', NULL),
    (10, 'sponsored_products', 'SP Category', 'SP', 'CPC', NULL),
    (11, 'sponsored_products', 'SP Competitor', 'SP', 'CPC', NULL),
    (12, 'sponsored_products', 'SP Auto', 'SP', 'CPC', NULL),
    (13, 'sponsored_products', 'SP Launch', 'SP', 'CPC', NULL),
    (14, 'sponsored_brands', 'SB Brand', 'SB', 'CPC', NULL),
    (15, 'sponsored_brands', 'SB Video', 'SB', 'CPC', NULL),
    (16, 'sponsored_brands', 'SB Category', 'SB', 'CPC', NULL),
    (17, 'sponsored_brands', 'SB Store', 'SB', 'CPC', NULL),
    (18, 'sponsored_display', 'SD Remarketing', 'SD', 'CPC', NULL),
    (19, 'sponsored_display', 'SD Audiences', 'SD', 'VCPM', NULL),
    (20, 'sponsored_display', 'SD Contextual', 'SD', 'CPC', NULL),
    (21, 'sponsored_television', 'STV Reach', 'STV', 'CPM', NULL),
    (22, 'sponsored_television', 'STV Retail', 'STV', 'CPM', NULL)
)
SELECT
    (a.adv * 100 + p.c)::INTEGER AS campaign_no,
    a.*,
    p.c AS plan_no,
    p.product, p.medium, p.line_item_type, p.price_type, p.goal,
    a.advertiser || ' - ' || p.medium || ' ' || (1 + p.c % 2) AS campaign,
    570000000000 + (a.adv * 100 + p.c)::BIGINT * 7919 AS campaign_id,
    TIMESTAMP '2020-01-01 05:00:00' + to_days((a.adv * 7 + p.c * 11) % 300) AS start_utc,
    TIMESTAMP '2035-01-01 05:00:00' AS end_utc,
    (20 + (a.adv * 13 + p.c * 29) % 180)::BIGINT * 100000000 AS budget,
    31000 + (a.adv * 10 + p.c // 6) AS portfolio_id
FROM d_advertiser a, plan p;

CREATE TABLE d_line AS
SELECT
    (c.campaign_no * 10 + l.n) AS line_no,
    c.*,
    l.label,
    c.campaign || ' - ' || l.label AS line_item,
    c.campaign_id * 10 + l.n AS line_item_id,
    c.budget // 3 AS line_budget
FROM d_campaign c,
    (VALUES (1, 'Prospecting'), (2, 'Retargeting'), (3, 'Lookalike')) l(n, label);

CREATE TABLE d_product AS
SELECT
    (a.adv * 100 + n)::INTEGER AS product_no,
    a.adv,
    'B0' || upper(substr(md5(concat('asin', a.adv, '/', n)), 1, 8)) AS asin,
    (8 + (a.adv * 17 + n * 23) % 90 + 0.99)::DECIMAL(38, 4) AS price
FROM d_advertiser a, range(1, 13) r(n);

CREATE TABLE d_place AS
SELECT row_number() OVER ()::INTEGER - 1 AS place, * FROM (VALUES
    ('US', 'US-NY', '501', 'New York', '10001'),
    ('US', 'US-CA', '803', 'Los Angeles', '90012'),
    ('US', 'US-IL', '602', 'Chicago', '60607'),
    ('US', 'US-TX', '618', 'Houston', '77002'),
    ('US', 'US-AZ', '753', 'Phoenix', '85004'),
    ('US', 'US-PA', '504', 'Philadelphia', '19103'),
    ('US', 'US-TX', '641', 'San Antonio', '78205'),
    ('US', 'US-CA', '825', 'San Diego', '92101'),
    ('US', 'US-TX', '623', 'Dallas', '75201'),
    ('US', 'US-WA', '819', 'Seattle', '98104'),
    ('US', 'US-CO', '751', 'Denver', '80202'),
    ('US', 'US-MA', '506', 'Boston', '02110'),
    ('US', 'US-GA', '524', 'Atlanta', '30303'),
    ('US', 'US-FL', '528', 'Miami', '33131'),
    ('US', 'US-MN', '613', 'Minneapolis', '55401'),
    ('US', 'US-OR', '820', 'Portland', '97205'),
    ('US', 'US-NV', '839', 'Las Vegas', '89101'),
    ('US', 'US-TN', '659', 'Nashville', '37203'),
    ('US', 'US-OH', '535', 'Columbus', '43215'),
    ('US', 'US-NC', '517', 'Charlotte', '28202')
) v(iso_country_code, iso_state_province_code, dma_code, city_name, postal_code);

CREATE TABLE d_device AS
SELECT row_number() OVER ()::INTEGER - 1 AS device, * FROM (VALUES
    ('Phone', 'iOS', '17', 'Safari', 'App', 'Apple', 'iPhone'),
    ('Phone', 'Android', '14', 'Chrome', 'App', 'Samsung', 'Galaxy'),
    ('PC', 'Windows', '11', 'Chrome', 'Web', NULL, NULL),
    ('PC', 'macOS', '14', 'Safari', 'Web', 'Apple', 'Mac'),
    ('Tablet', 'iOS', '17', 'Safari', 'App', 'Apple', 'iPad'),
    ('Tablet', 'Fire OS', '8', 'Silk', 'App', 'Amazon', 'Fire'),
    ('ConnectedDevice', 'Fire OS', '7', NULL, 'App', 'Amazon', 'Fire TV Stick'),
    ('TV', 'Tizen', '7', NULL, 'App', 'Samsung', 'Smart TV')
) v(device_type, operating_system, os_version, browser_family, environment_type,
    device_make, device_model);

CREATE TABLE d_site AS
SELECT row_number() OVER ()::INTEGER - 1 AS site_no, * FROM (VALUES
    ('amazon.com', 'Amazon', 'Detail', '300x250', true),
    ('amazon.com', 'Amazon', 'Search', '160x600', true),
    ('primevideo.com', 'Amazon Publisher Direct', NULL, '1920x1080', true),
    ('twitch.tv', 'Amazon Publisher Direct', NULL, '1920x1080', true),
    ('imdb.com', 'Amazon Publisher Direct', NULL, '728x90', true),
    ('news.example', 'Third Party Exchange One', NULL, '300x250', false),
    ('weather.example', 'Third Party Exchange One', NULL, '320x50', false),
    ('recipes.example', 'Third Party Exchange Two', NULL, '970x250', false)
) v(site, supply_source, page_type, ad_slot_size, is_amazon_owned);

-- Words that shoppers type; every advertiser also has its own name as a term.
CREATE TABLE d_term AS
SELECT theme, (row_number() OVER (PARTITION BY theme ORDER BY term) - 1)::INTEGER AS n,
    term
FROM (VALUES
    ('home', 'storage basket'), ('home', 'non stick pan'), ('home', 'pillow set'),
    ('outdoor', 'camping chair'), ('outdoor', 'beach towel'), ('outdoor', 'tent'),
    ('food', 'ground coffee'), ('food', 'green tea'), ('food', 'protein bar'),
    ('pet', 'dog treats'), ('pet', 'cat litter'), ('pet', 'dog bed'),
    ('beauty', 'face serum'), ('beauty', 'hand cream'), ('beauty', 'lip balm'),
    ('toy', 'building blocks'), ('toy', 'craft kit'), ('toy', 'puzzle'),
    ('electronics', 'headphones'), ('electronics', 'phone case'),
    ('electronics', 'desk fan'), ('baby', 'baby blanket'), ('baby', 'diaper bag'),
    ('baby', 'onesie'), ('fitness', 'yoga mat'), ('fitness', 'bike light'),
    ('fitness', 'resistance bands'), ('garden', 'hose'), ('garden', 'cordless drill'),
    ('garden', 'wall paint'), ('travel', 'carry on'), ('travel', 'packing cubes'),
    ('travel', 'neck pillow')
) v(theme, term);

-- What a touch may lead to. `on_last`: only after the last touch of a journey.
-- Delays are in days: exponential with that mean, never above `longest`, so that
-- nothing reaches further than the lead-in of the data.
CREATE TABLE d_behaviour AS
SELECT * FROM (VALUES
    (0, 'detailPageView', 'website', 'consideration', 'Product detail page viewed',
        0.11, 0.0, false, 0.6, 0.0, 6.0),
    (1, 'shoppingCart', 'website', 'consideration', 'Add to Shopping Cart',
        0.04, 0.0, false, 0.8, 0.0, 8.0),
    (2, 'order', 'purchase', 'conversion', 'Product purchased',
        0.12, 0.03, true, 1.6, 0.0, 13.0),
    (3, 'order', 'purchase', 'conversion', 'Product purchased',
        0.02, 0.0, true, 4.0, 25.0, 15.0),
    (4, 'searchConversion', 'website', NULL, NULL,
        0.10, 0.0, true, 1.0, 0.0, 8.0),
    (5, '134', 'off-Amazon', NULL, 'Checkout',
        0.03, 0.0, true, 1.5, 0.0, 13.0),
    (6, 'brandStorePageView', 'website', 'consideration', 'Brand store page viewed',
        0.06, 0.0, true, 0.7, 0.0, 8.0),
    (7, 'snsSubscription', 'website', 'conversion', 'New SnS Subscription',
        0.01, 0.0, true, 2.0, 0.0, 13.0)
) v(behaviour, subtype, category, type_class, description, chance, per_touch, on_last,
    mean_delay, least_delay, longest);
