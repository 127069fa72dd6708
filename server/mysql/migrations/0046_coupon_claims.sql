-- +goose Up
CREATE TABLE {coupon_claims} (
	coupon_id BIGINT UNSIGNED NOT NULL,
	person_key BINARY(16) NOT NULL,
	slot INT UNSIGNED NOT NULL,
	redemption_id BIGINT UNSIGNED NOT NULL,
	PRIMARY KEY (coupon_id, person_key, slot),
	KEY ix_redemption_id (redemption_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
