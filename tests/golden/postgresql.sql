-- postgresql: what is sent, with bound values as placeholders. Made by tests/act/test_golden.py.

-- lock rows
SELECT 1
FROM "Sälj"."customer"
WHERE "Sälj"."customer"."customer_id" = ANY (%(keys_1)s::BIGINT[]) ORDER BY "Sälj"."customer"."customer_id" FOR UPDATE;

-- lock rows and see what is left of a group
SELECT CASE WHEN ("Sälj"."customer"."ip" IS DISTINCT FROM network(set_masklen("Sälj"."customer"."ip", CASE family("Sälj"."customer"."ip") WHEN 4 THEN 24 ELSE 48 END)) OR (CAST("Sälj"."customer"."ip_text" AS TEXT) COLLATE "C") IS DISTINCT FROM (CAST((substring((CAST("Sälj"."customer"."ip_text" AS TEXT) COLLATE "C") from '^([0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.])[0-9]{1,3}$') || '0') AS TEXT) COLLATE "C")) THEN 1 ELSE 0 END AS anon_1
FROM "Sälj"."customer"
WHERE "Sälj"."customer"."customer_id" = ANY (%(keys_1)s::BIGINT[]) ORDER BY "Sälj"."customer"."customer_id" FOR UPDATE;

-- lock rows with a composite key
SELECT 1
FROM "Sälj"."order"
WHERE ("Sälj"."order"."series", "Sälj"."order"."number") IN (SELECT anon_1.part_0, anon_1.part_1
FROM unnest(%(keys_1)s::TEXT[], %(keys_2)s::INTEGER[]) AS anon_1(part_0, part_1)) ORDER BY "Sälj"."order"."series", "Sälj"."order"."number" FOR UPDATE;

-- erase one group
UPDATE "Sälj"."customer" SET "ip"=network(set_masklen("Sälj"."customer"."ip", CASE family("Sälj"."customer"."ip") WHEN 4 THEN 24 ELSE 48 END)), "ip_text"=(substring((CAST("Sälj"."customer"."ip_text" AS TEXT) COLLATE "C") from '^([0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.])[0-9]{1,3}$') || '0') WHERE "Sälj"."customer"."customer_id" = ANY (%(keys_1)s::BIGINT[]) AND ("Sälj"."customer"."ip" IS DISTINCT FROM network(set_masklen("Sälj"."customer"."ip", CASE family("Sälj"."customer"."ip") WHEN 4 THEN 24 ELSE 48 END)) OR (CAST("Sälj"."customer"."ip_text" AS TEXT) COLLATE "C") IS DISTINCT FROM (CAST((substring((CAST("Sälj"."customer"."ip_text" AS TEXT) COLLATE "C") from '^([0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.])[0-9]{1,3}$') || '0') AS TEXT) COLLATE "C"));

-- erase every method
UPDATE "Sälj"."customer" SET "Name"=NULL, "e-mail"=CASE WHEN ("Sälj"."customer"."e-mail" IS NOT NULL) THEN 'gallrad-' || CAST("Sälj"."customer"."customer_id" AS VARCHAR) || '@gallring.invalid' END, "note"=CASE WHEN ("Sälj"."customer"."note" IS NOT NULL) THEN %(param_1)s::VARCHAR END, "postcode"=substr("Sälj"."customer"."postcode", 1, %(param_2)s::INTEGER), "born"=CASE WHEN isfinite("Sälj"."customer"."born") THEN make_date(CAST(EXTRACT(year FROM "Sälj"."customer"."born") AS INTEGER), 1, 1) ELSE "Sälj"."customer"."born" END, "seen"=date_trunc('year', "Sälj"."customer"."seen", 'UTC'), "seen_local"=date_trunc('year', "Sälj"."customer"."seen_local"), "birth_text"=CASE WHEN ((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C") ~ '(?s)^[0-9]{4}-[0-9]{2}-[0-9]{2}(?!.)') THEN substr((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C"), 1, 4) || '-01-01' WHEN ((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C") ~ '(?s)^[0-9]{8}(?!.)') THEN substr((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C"), 1, 4) || '0101' WHEN ((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C") ~ '(?s)^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].*[-+Z]') THEN substr((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C"), 1, 4) || '-01-01' || substr((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C"), 11, 1) || '00:00:00' || 'Z' WHEN ((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C") ~ '(?s)^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]') THEN substr((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C"), 1, 4) || '-01-01' || substr((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C"), 11, 1) || '00:00:00' END, "income"=(floor(CAST("Sälj"."customer"."income" AS NUMERIC)) - mod(mod(floor(CAST("Sälj"."customer"."income" AS NUMERIC)), %(param_3)s::INTEGER) + %(param_3)s::INTEGER, %(param_3)s::INTEGER)), "ratio"=floor("Sälj"."customer"."ratio" / %(param_4)s::INTEGER) * %(param_4)s::INTEGER, "company_id"=NULL WHERE "Sälj"."customer"."customer_id" = ANY (%(keys_1)s::BIGINT[]) AND ("Sälj"."customer"."Name" IS NOT NULL OR (CAST("Sälj"."customer"."e-mail" AS TEXT) COLLATE "C") IS DISTINCT FROM (CAST(CASE WHEN ("Sälj"."customer"."e-mail" IS NOT NULL) THEN 'gallrad-' || CAST("Sälj"."customer"."customer_id" AS VARCHAR) || '@gallring.invalid' END AS TEXT) COLLATE "C") OR (CAST("Sälj"."customer"."note" AS TEXT) COLLATE "C") IS DISTINCT FROM (CAST(CASE WHEN ("Sälj"."customer"."note" IS NOT NULL) THEN %(param_5)s::VARCHAR END AS TEXT) COLLATE "C") OR (CAST("Sälj"."customer"."postcode" AS TEXT) COLLATE "C") IS DISTINCT FROM (CAST(substr("Sälj"."customer"."postcode", 1, %(param_6)s::INTEGER) AS TEXT) COLLATE "C") OR "Sälj"."customer"."born" IS DISTINCT FROM CASE WHEN isfinite("Sälj"."customer"."born") THEN make_date(CAST(EXTRACT(year FROM "Sälj"."customer"."born") AS INTEGER), 1, 1) ELSE "Sälj"."customer"."born" END OR "Sälj"."customer"."seen" IS DISTINCT FROM date_trunc('year', "Sälj"."customer"."seen", 'UTC') OR "Sälj"."customer"."seen_local" IS DISTINCT FROM date_trunc('year', "Sälj"."customer"."seen_local") OR (CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C") IS DISTINCT FROM (CAST(CASE WHEN ((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C") ~ '(?s)^[0-9]{4}-[0-9]{2}-[0-9]{2}(?!.)') THEN substr((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C"), 1, 4) || '-01-01' WHEN ((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C") ~ '(?s)^[0-9]{8}(?!.)') THEN substr((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C"), 1, 4) || '0101' WHEN ((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C") ~ '(?s)^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].*[-+Z]') THEN substr((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C"), 1, 4) || '-01-01' || substr((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C"), 11, 1) || '00:00:00' || 'Z' WHEN ((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C") ~ '(?s)^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]') THEN substr((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C"), 1, 4) || '-01-01' || substr((CAST("Sälj"."customer"."birth_text" AS TEXT) COLLATE "C"), 11, 1) || '00:00:00' END AS TEXT) COLLATE "C") OR "Sälj"."customer"."income" IS DISTINCT FROM (floor(CAST("Sälj"."customer"."income" AS NUMERIC)) - mod(mod(floor(CAST("Sälj"."customer"."income" AS NUMERIC)), %(param_7)s::INTEGER) + %(param_7)s::INTEGER, %(param_7)s::INTEGER)) OR "Sälj"."customer"."ratio" IS DISTINCT FROM floor("Sälj"."customer"."ratio" / %(param_8)s::INTEGER) * %(param_8)s::INTEGER OR "Sälj"."customer"."company_id" IS NOT NULL) AND NOT (EXISTS (SELECT 1
FROM "Sälj"."subscriber" AS referring
WHERE "Sälj"."customer"."e-mail" = referring."email"));

-- erase with a composite key
UPDATE "Sälj"."order" SET "text"=CASE WHEN ("Sälj"."order"."text" IS NOT NULL) THEN 'gallrad-' || replace(CAST("Sälj"."order"."series" AS VARCHAR), '_', '_0') || '_1' || replace(CAST("Sälj"."order"."number" AS VARCHAR), '_', '_0') || '@gallring.invalid' END WHERE ("Sälj"."order"."series", "Sälj"."order"."number") IN (SELECT anon_1.part_0, anon_1.part_1
FROM unnest(%(keys_1)s::TEXT[], %(keys_2)s::INTEGER[]) AS anon_1(part_0, part_1)) AND (CAST("Sälj"."order"."text" AS TEXT) COLLATE "C") IS DISTINCT FROM (CAST(CASE WHEN ("Sälj"."order"."text" IS NOT NULL) THEN 'gallrad-' || replace(CAST("Sälj"."order"."series" AS VARCHAR), '_', '_0') || '_1' || replace(CAST("Sälj"."order"."number" AS VARCHAR), '_', '_0') || '@gallring.invalid' END AS TEXT) COLLATE "C");

-- delete what nothing refers to
DELETE FROM "Sälj"."customer" WHERE "Sälj"."customer"."customer_id" = ANY (%(keys_1)s::BIGINT[]) AND NOT (EXISTS (SELECT 1
FROM "Sälj"."invoice" AS referring
WHERE "Sälj"."customer"."customer_id" = referring."customer_id")) AND NOT (EXISTS (SELECT 1
FROM "Sälj"."subscriber" AS referring
WHERE "Sälj"."customer"."e-mail" = referring."email"));

-- delete with a composite key, referring to itself
DELETE FROM "Sälj"."order" WHERE ("Sälj"."order"."series", "Sälj"."order"."number") IN (SELECT anon_1.part_0, anon_1.part_1
FROM unnest(%(keys_1)s::TEXT[], %(keys_2)s::INTEGER[]) AS anon_1(part_0, part_1)) AND NOT (EXISTS (SELECT 1
FROM "Sälj"."order" AS referring
WHERE "Sälj"."order"."series" = referring."parent" AND "Sälj"."order"."number" = referring."parent_no" AND NOT ("Sälj"."order"."series" = referring."series" AND "Sälj"."order"."number" = referring."number")));

-- measure a deletion
SELECT count(*) AS count_1
FROM "Sälj"."order"
WHERE ("Sälj"."order"."series", "Sälj"."order"."number") IN (SELECT anon_1.part_0, anon_1.part_1
FROM unnest(%(keys_1)s::TEXT[], %(keys_2)s::INTEGER[]) AS anon_1(part_0, part_1));

-- measure an erasure
SELECT count(*) AS count_1
FROM "Sälj"."customer"
WHERE "Sälj"."customer"."customer_id" = ANY (%(keys_1)s::BIGINT[]) AND ("Sälj"."customer"."ip" IS DISTINCT FROM network(set_masklen("Sälj"."customer"."ip", CASE family("Sälj"."customer"."ip") WHEN 4 THEN 24 ELSE 48 END)) OR (CAST("Sälj"."customer"."ip_text" AS TEXT) COLLATE "C") IS DISTINCT FROM (CAST((substring((CAST("Sälj"."customer"."ip_text" AS TEXT) COLLATE "C") from '^([0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.])[0-9]{1,3}$') || '0') AS TEXT) COLLATE "C"));

-- candidates
SELECT "Sälj"."customer"."customer_id"
FROM "Sälj"."customer"
WHERE "Sälj"."customer"."ip" IS DISTINCT FROM network(set_masklen("Sälj"."customer"."ip", CASE family("Sälj"."customer"."ip") WHEN 4 THEN 24 ELSE 48 END)) OR (CAST("Sälj"."customer"."ip_text" AS TEXT) COLLATE "C") IS DISTINCT FROM (CAST((substring((CAST("Sälj"."customer"."ip_text" AS TEXT) COLLATE "C") from '^([0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.])[0-9]{1,3}$') || '0') AS TEXT) COLLATE "C");

-- read values to look inside
SELECT CAST("Sälj"."order"."text" AS TEXT) AS "in:text", CAST("Sälj"."paper"."body" AS TEXT) AS "in:body"
FROM "Sälj"."order", "Sälj"."paper";

-- write an edited text
UPDATE "Sälj"."order" SET "text"=%(new_value)s::VARCHAR WHERE "Sälj"."order"."series" = %(key_part_0)s::VARCHAR AND "Sälj"."order"."number" = %(key_part_1)s::INTEGER AND (CAST("Sälj"."order"."text" AS TEXT) COLLATE "C") = (CAST(%(old_value)s::VARCHAR AS TEXT) COLLATE "C");

-- write an edited document
UPDATE "Sälj"."paper" SET "body"=CAST(%(new_value)s::VARCHAR AS JSONB) WHERE "Sälj"."paper"."id" = %(key_part_0)s::UUID AND (CAST("Sälj"."paper"."body" AS TEXT) COLLATE "C") = (CAST(%(old_value)s::VARCHAR AS TEXT) COLLATE "C");

-- no keys
SELECT "Sälj"."customer"."customer_id"
FROM "Sälj"."customer"
WHERE "Sälj"."customer"."customer_id" = ANY (%(keys_1)s::BIGINT[]);
