-- +goose Up
CREATE TABLE {wait_list} (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	offer_id BIGINT UNSIGNED NOT NULL,
	contact_id BIGINT UNSIGNED NOT NULL,
	told_at DATETIME(6) NULL,
	created_at DATETIME(6) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uq_offer_id_contact_id (offer_id, contact_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE {collation};
