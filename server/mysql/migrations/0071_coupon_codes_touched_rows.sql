-- +goose Up
UPDATE {coupon_codes}
SET touched = 1
WHERE id IN (SELECT subject_id FROM {limit_slots} WHERE kind = 'code');
