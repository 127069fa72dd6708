-- +goose Up
CREATE TABLE {coupon_codes} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	coupon_id BIGINT UNSIGNED NOT NULL,
	campaign_id BIGINT UNSIGNED NULL,
	contact_id BIGINT UNSIGNED NULL,
	is_bound TINYINT(1) NOT NULL DEFAULT 0,
	code VARCHAR(100) NOT NULL,
	code_key VARBINARY(200) NOT NULL,
	bits SMALLINT NOT NULL,
	max_uses INT NULL,
	status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	sent_at DATETIME(6) NULL,
	starts_at DATETIME(6) NULL,
	expires_at DATETIME(6) NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_code_key (code_key),
	KEY ix_coupon_id_contact_id (coupon_id, contact_id),
	KEY ix_campaign_id (campaign_id),
	KEY ix_contact_id (contact_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
