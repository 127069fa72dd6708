-- +goose Up
ALTER TABLE {coupon_codes}
	DROP KEY ix_coupon_id_contact_id,
	DROP KEY ix_campaign_id,
	DROP KEY ix_contact_id,
	ADD KEY ix_coupon_id_campaign_id (coupon_id, campaign_id),
	ADD KEY ix_contact_id_coupon_id (contact_id, coupon_id);
