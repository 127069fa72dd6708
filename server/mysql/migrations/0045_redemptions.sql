-- +goose Up
CREATE TABLE {redemptions} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	coupon_id BIGINT UNSIGNED NOT NULL,
	code_id BIGINT UNSIGNED NOT NULL,
	campaign_id BIGINT UNSIGNED NULL,
	checkout_id BIGINT UNSIGNED NOT NULL,
	contact_id BIGINT UNSIGNED NOT NULL,
	offer_id BIGINT UNSIGNED NOT NULL,
	order_id BIGINT UNSIGNED NULL,
	state VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	amount BIGINT NOT NULL,
	currency CHAR(3) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
	created_at DATETIME(6) NOT NULL,
	updated_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_checkout_id_code_id (checkout_id, code_id),
	KEY ix_coupon_id_state (coupon_id, state),
	KEY ix_code_id_state (code_id, state),
	KEY ix_campaign_id_state (campaign_id, state),
	KEY ix_contact_id (contact_id),
	KEY ix_order_id (order_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
