-- +goose Up
ALTER TABLE {operation_runs}
	ADD actions MEDIUMTEXT NULL,
	ADD next INT NOT NULL DEFAULT 0,
	ADD wake_at DATETIME(6) NULL,
	ADD cause VARCHAR(190) NOT NULL DEFAULT '',
	ADD checkout_id BIGINT UNSIGNED NULL,
	ADD order_id BIGINT UNSIGNED NULL,
	ADD parent_id BIGINT UNSIGNED NULL,
	ADD depth INT NOT NULL DEFAULT 0,
	ADD problem TEXT NULL,
	ADD KEY ix_operation_id_id (operation_id, id),
	ADD KEY ix_checkout_id (checkout_id);
