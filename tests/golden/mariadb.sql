-- mariadb: what is sent, with bound values as placeholders. Made by tests/act/test_golden.py.

-- lock rows
SELECT 1
FROM `Sälj`.`customer`
WHERE `Sälj`.`customer`.`customer_id` IN (%s, %s) ORDER BY `Sälj`.`customer`.`customer_id` FOR UPDATE;

-- lock rows and see what is left of a group
SELECT CASE WHEN (NOT (CAST(CONVERT(`Sälj`.`customer`.`ip` USING utf8mb4) AS BINARY) <=> CAST(CONVERT(CONCAT(NULLIF(REGEXP_SUBSTR((CONVERT(`Sälj`.`customer`.`ip` USING utf8mb4) COLLATE utf8mb4_bin), '(?s)^[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.](?=[0-9]{1,3}(?!.))'), ''), '0') USING utf8mb4) AS BINARY)) OR NOT (CAST(CONVERT(`Sälj`.`customer`.`ip_text` USING utf8mb4) AS BINARY) <=> CAST(CONVERT(CONCAT(NULLIF(REGEXP_SUBSTR((CONVERT(`Sälj`.`customer`.`ip_text` USING utf8mb4) COLLATE utf8mb4_bin), '(?s)^[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.](?=[0-9]{1,3}(?!.))'), ''), '0') USING utf8mb4) AS BINARY))) THEN 1 ELSE 0 END AS anon_1
FROM `Sälj`.`customer`
WHERE `Sälj`.`customer`.`customer_id` IN (%s, %s) ORDER BY `Sälj`.`customer`.`customer_id` FOR UPDATE;

-- lock rows with a composite key
SELECT 1
FROM `Sälj`.`order`
WHERE (`Sälj`.`order`.`series`, `Sälj`.`order`.`number`) IN ((%s, %s), (%s, %s)) ORDER BY `Sälj`.`order`.`series`, `Sälj`.`order`.`number` FOR UPDATE;

-- erase one group
UPDATE `Sälj`.`customer` SET `ip`=CONCAT(NULLIF(REGEXP_SUBSTR((CONVERT(`Sälj`.`customer`.`ip` USING utf8mb4) COLLATE utf8mb4_bin), '(?s)^[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.](?=[0-9]{1,3}(?!.))'), ''), '0'), `ip_text`=CONCAT(NULLIF(REGEXP_SUBSTR((CONVERT(`Sälj`.`customer`.`ip_text` USING utf8mb4) COLLATE utf8mb4_bin), '(?s)^[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.](?=[0-9]{1,3}(?!.))'), ''), '0') WHERE `Sälj`.`customer`.`customer_id` IN (%s, %s) AND (NOT (CAST(CONVERT(`Sälj`.`customer`.`ip` USING utf8mb4) AS BINARY) <=> CAST(CONVERT(CONCAT(NULLIF(REGEXP_SUBSTR((CONVERT(`Sälj`.`customer`.`ip` USING utf8mb4) COLLATE utf8mb4_bin), '(?s)^[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.](?=[0-9]{1,3}(?!.))'), ''), '0') USING utf8mb4) AS BINARY)) OR NOT (CAST(CONVERT(`Sälj`.`customer`.`ip_text` USING utf8mb4) AS BINARY) <=> CAST(CONVERT(CONCAT(NULLIF(REGEXP_SUBSTR((CONVERT(`Sälj`.`customer`.`ip_text` USING utf8mb4) COLLATE utf8mb4_bin), '(?s)^[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.](?=[0-9]{1,3}(?!.))'), ''), '0') USING utf8mb4) AS BINARY)));

-- erase every method
UPDATE `Sälj`.`customer` SET `Name`=NULL, `e-mail`=CASE WHEN (`Sälj`.`customer`.`e-mail` IS NOT NULL) THEN concat('gallrad-', CAST(`Sälj`.`customer`.`customer_id` AS CHAR), '@gallring.invalid') END, `note`=CASE WHEN (`Sälj`.`customer`.`note` IS NOT NULL) THEN %s END, `postcode`=substr(`Sälj`.`customer`.`postcode`, 1, %s), `born`=CAST(CONCAT(LPAD(YEAR(`Sälj`.`customer`.`born`), 4, '0'), '-01-01') AS DATE), `seen`=GREATEST(CAST(CONCAT(LPAD(YEAR(`Sälj`.`customer`.`seen`), 4, '0'), '-01-01 00:00:00') AS DATETIME), FROM_UNIXTIME(1)), `seen_local`=CAST(CONCAT(LPAD(YEAR(`Sälj`.`customer`.`seen_local`), 4, '0'), '-01-01 00:00:00') AS DATETIME), `birth_text`=CASE WHEN ((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin) REGEXP '(?s)^[0-9]{4}-[0-9]{2}-[0-9]{2}(?!.)') THEN concat(substr((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin), 1, 4), '-01-01') WHEN ((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin) REGEXP '(?s)^[0-9]{8}(?!.)') THEN concat(substr((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin), 1, 4), '0101') WHEN ((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin) REGEXP '(?s)^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].*[-+Z]') THEN concat(substr((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin), 1, 4), '-01-01', substr((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin), 11, 1), '00:00:00', 'Z') WHEN ((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin) REGEXP '(?s)^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]') THEN concat(substr((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin), 1, 4), '-01-01', substr((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin), 11, 1), '00:00:00') END, `income`=(FLOOR(`Sälj`.`customer`.`income`) - MOD(MOD(FLOOR(`Sälj`.`customer`.`income`), %s) + %s, %s)), `ratio`=(FLOOR(`Sälj`.`customer`.`ratio`) - MOD(MOD(FLOOR(`Sälj`.`customer`.`ratio`), %s) + %s, %s)), `company_id`=NULL WHERE `Sälj`.`customer`.`customer_id` IN (%s, %s) AND (`Sälj`.`customer`.`Name` IS NOT NULL OR NOT (CAST(CONVERT(`Sälj`.`customer`.`e-mail` USING utf8mb4) AS BINARY) <=> CAST(CONVERT(CASE WHEN (`Sälj`.`customer`.`e-mail` IS NOT NULL) THEN concat('gallrad-', CAST(`Sälj`.`customer`.`customer_id` AS CHAR), '@gallring.invalid') END USING utf8mb4) AS BINARY)) OR NOT (CAST(CONVERT(`Sälj`.`customer`.`note` USING utf8mb4) AS BINARY) <=> CAST(CONVERT(CASE WHEN (`Sälj`.`customer`.`note` IS NOT NULL) THEN %s END USING utf8mb4) AS BINARY)) OR NOT (CAST(CONVERT(`Sälj`.`customer`.`postcode` USING utf8mb4) AS BINARY) <=> CAST(CONVERT(substr(`Sälj`.`customer`.`postcode`, 1, %s) USING utf8mb4) AS BINARY)) OR NOT (`Sälj`.`customer`.`born` <=> CAST(CONCAT(LPAD(YEAR(`Sälj`.`customer`.`born`), 4, '0'), '-01-01') AS DATE)) OR NOT (`Sälj`.`customer`.`seen` <=> GREATEST(CAST(CONCAT(LPAD(YEAR(`Sälj`.`customer`.`seen`), 4, '0'), '-01-01 00:00:00') AS DATETIME), FROM_UNIXTIME(1))) OR NOT (`Sälj`.`customer`.`seen_local` <=> CAST(CONCAT(LPAD(YEAR(`Sälj`.`customer`.`seen_local`), 4, '0'), '-01-01 00:00:00') AS DATETIME)) OR NOT (CAST(CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) AS BINARY) <=> CAST(CONVERT(CASE WHEN ((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin) REGEXP '(?s)^[0-9]{4}-[0-9]{2}-[0-9]{2}(?!.)') THEN concat(substr((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin), 1, 4), '-01-01') WHEN ((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin) REGEXP '(?s)^[0-9]{8}(?!.)') THEN concat(substr((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin), 1, 4), '0101') WHEN ((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin) REGEXP '(?s)^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].*[-+Z]') THEN concat(substr((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin), 1, 4), '-01-01', substr((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin), 11, 1), '00:00:00', 'Z') WHEN ((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin) REGEXP '(?s)^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]') THEN concat(substr((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin), 1, 4), '-01-01', substr((CONVERT(`Sälj`.`customer`.`birth_text` USING utf8mb4) COLLATE utf8mb4_bin), 11, 1), '00:00:00') END USING utf8mb4) AS BINARY)) OR NOT (`Sälj`.`customer`.`income` <=> (FLOOR(`Sälj`.`customer`.`income`) - MOD(MOD(FLOOR(`Sälj`.`customer`.`income`), %s) + %s, %s))) OR NOT (`Sälj`.`customer`.`ratio` <=> (FLOOR(`Sälj`.`customer`.`ratio`) - MOD(MOD(FLOOR(`Sälj`.`customer`.`ratio`), %s) + %s, %s))) OR `Sälj`.`customer`.`company_id` IS NOT NULL) AND NOT (EXISTS (SELECT 1
FROM `Sälj`.`subscriber` AS referring
WHERE `Sälj`.`customer`.`e-mail` = referring.`email`));

-- erase with a composite key
UPDATE `Sälj`.`order` SET `text`=CASE WHEN (`Sälj`.`order`.`text` IS NOT NULL) THEN concat('gallrad-', replace(CAST(`Sälj`.`order`.`series` AS CHAR), '_', '_0'), '_1', replace(CAST(`Sälj`.`order`.`number` AS CHAR), '_', '_0'), '@gallring.invalid') END WHERE (`Sälj`.`order`.`series`, `Sälj`.`order`.`number`) IN ((%s, %s), (%s, %s)) AND NOT (CAST(CONVERT(`Sälj`.`order`.`text` USING utf8mb4) AS BINARY) <=> CAST(CONVERT(CASE WHEN (`Sälj`.`order`.`text` IS NOT NULL) THEN concat('gallrad-', replace(CAST(`Sälj`.`order`.`series` AS CHAR), '_', '_0'), '_1', replace(CAST(`Sälj`.`order`.`number` AS CHAR), '_', '_0'), '@gallring.invalid') END USING utf8mb4) AS BINARY));

-- delete what nothing refers to
DELETE FROM `Sälj`.`customer` WHERE `Sälj`.`customer`.`customer_id` IN (%s, %s) AND NOT (EXISTS (SELECT 1
FROM `Sälj`.`invoice` AS referring
WHERE `Sälj`.`customer`.`customer_id` = referring.`customer_id`)) AND NOT (EXISTS (SELECT 1
FROM `Sälj`.`subscriber` AS referring
WHERE `Sälj`.`customer`.`e-mail` = referring.`email`));

-- delete with a composite key, referring to itself
DELETE FROM `Sälj`.`order` WHERE (`Sälj`.`order`.`series`, `Sälj`.`order`.`number`) IN ((%s, %s), (%s, %s)) AND NOT (EXISTS (SELECT 1
FROM `Sälj`.`order` AS referring
WHERE `Sälj`.`order`.`series` = referring.`parent` AND `Sälj`.`order`.`number` = referring.`parent_no` AND NOT (`Sälj`.`order`.`series` = referring.`series` AND `Sälj`.`order`.`number` = referring.`number`)));

-- measure a deletion
SELECT count(*) AS count_1
FROM `Sälj`.`order`
WHERE (`Sälj`.`order`.`series`, `Sälj`.`order`.`number`) IN ((%s, %s), (%s, %s));

-- measure an erasure
SELECT count(*) AS count_1
FROM `Sälj`.`customer`
WHERE `Sälj`.`customer`.`customer_id` IN (%s, %s) AND (NOT (CAST(CONVERT(`Sälj`.`customer`.`ip` USING utf8mb4) AS BINARY) <=> CAST(CONVERT(CONCAT(NULLIF(REGEXP_SUBSTR((CONVERT(`Sälj`.`customer`.`ip` USING utf8mb4) COLLATE utf8mb4_bin), '(?s)^[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.](?=[0-9]{1,3}(?!.))'), ''), '0') USING utf8mb4) AS BINARY)) OR NOT (CAST(CONVERT(`Sälj`.`customer`.`ip_text` USING utf8mb4) AS BINARY) <=> CAST(CONVERT(CONCAT(NULLIF(REGEXP_SUBSTR((CONVERT(`Sälj`.`customer`.`ip_text` USING utf8mb4) COLLATE utf8mb4_bin), '(?s)^[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.](?=[0-9]{1,3}(?!.))'), ''), '0') USING utf8mb4) AS BINARY)));

-- candidates
SELECT `Sälj`.`customer`.`customer_id`
FROM `Sälj`.`customer`
WHERE NOT (CAST(CONVERT(`Sälj`.`customer`.`ip` USING utf8mb4) AS BINARY) <=> CAST(CONVERT(CONCAT(NULLIF(REGEXP_SUBSTR((CONVERT(`Sälj`.`customer`.`ip` USING utf8mb4) COLLATE utf8mb4_bin), '(?s)^[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.](?=[0-9]{1,3}(?!.))'), ''), '0') USING utf8mb4) AS BINARY)) OR NOT (CAST(CONVERT(`Sälj`.`customer`.`ip_text` USING utf8mb4) AS BINARY) <=> CAST(CONVERT(CONCAT(NULLIF(REGEXP_SUBSTR((CONVERT(`Sälj`.`customer`.`ip_text` USING utf8mb4) COLLATE utf8mb4_bin), '(?s)^[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.](?=[0-9]{1,3}(?!.))'), ''), '0') USING utf8mb4) AS BINARY));

-- read values to look inside
SELECT `Sälj`.`order`.`text` AS `in:text`, `Sälj`.`paper`.`body` AS `in:body`
FROM `Sälj`.`order`, `Sälj`.`paper`;

-- write an edited text
UPDATE `Sälj`.`order` SET `text`=%s WHERE `Sälj`.`order`.`series` = %s AND `Sälj`.`order`.`number` = %s AND CAST(CONVERT(`Sälj`.`order`.`text` USING utf8mb4) AS BINARY) = CAST(CONVERT(%s USING utf8mb4) AS BINARY);

-- write an edited document
UPDATE `Sälj`.`paper` SET `body`=%s WHERE `Sälj`.`paper`.`id` = %s AND CAST(CONVERT(`Sälj`.`paper`.`body` USING utf8mb4) AS BINARY) = CAST(CONVERT(%s USING utf8mb4) AS BINARY);

-- no keys
SELECT `Sälj`.`customer`.`customer_id`
FROM `Sälj`.`customer`
WHERE `Sälj`.`customer`.`customer_id` IN (NULL) AND (1 != 1);
