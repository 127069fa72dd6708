package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

type campaignRow struct {
	ID        int64      `db:"id"`
	Slug      string     `db:"slug"`
	CouponID  int64      `db:"coupon_id"`
	Coupon    string     `db:"coupon"`
	Name      string     `db:"name"`
	Status    string     `db:"status"`
	Wanted    int        `db:"wanted"`
	Shape     string     `db:"shape"`
	CreatedAt time.Time  `db:"created_at"`
	RevokedAt *time.Time `db:"revoked_at"`
}

const selectCampaigns = `
	SELECT g.id, g.slug, g.coupon_id, c.slug AS coupon, g.name, g.status, g.wanted, g.shape, g.created_at, g.revoked_at
	FROM {coupon_campaigns} g
	JOIN {coupons} c ON c.id = g.coupon_id`

func (r *campaignRow) campaign() (*coupon.Campaign, error) {
	c := &coupon.Campaign{
		ID: r.ID, Slug: r.Slug, Name: r.Name, CouponID: r.CouponID, Coupon: r.Coupon, Status: coupon.Status(r.Status), Wanted: r.Wanted,
		CreatedAt: r.CreatedAt, RevokedAt: r.RevokedAt,
	}
	if err := json.Unmarshal([]byte(r.Shape), &c.Batch); err != nil {
		return nil, fmt.Errorf("shape of campaign %s: %w", r.Slug, err)
	}
	return c, nil
}

// AddCampaign implements coupon.CampaignStore.
func (s *CouponStore) AddCampaign(ctx context.Context, c *coupon.Campaign, follow *job.New) error {
	const query = `
		INSERT INTO {coupon_campaigns} (slug, coupon_id, name, status, wanted, shape, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

	shape, err := json.Marshal(c.Batch)
	if err != nil {
		return fmt.Errorf("encode shape: %w", err)
	}
	at := c.CreatedAt.UTC()
	return s.db.inTx(ctx, func(tx *tx) error {
		c.ID, err = tx.insert(ctx, query, c.Slug, c.CouponID, c.Name, c.Status, c.Wanted, string(shape), at, at)
		if isDuplicate(err) {
			return errs.New(errs.Conflict, "There is already a campaign %q.", c.Slug)
		}
		if err != nil {
			return fmt.Errorf("insert campaign: %w", err)
		}
		if follow == nil {
			return nil
		}
		return tx.Enqueue(ctx, *follow)
	})
}

// Campaign implements coupon.CampaignStore.
func (s *CouponStore) Campaign(ctx context.Context, slug string) (*coupon.Campaign, error) {
	const query = selectCampaigns + `
		WHERE g.slug = ?`

	missing := errs.New(errs.NotFound, "There is no campaign %q.", slug)
	if catalog.CheckSlug(slug) != "" {
		return nil, missing
	}
	var row campaignRow
	err := s.db.get(ctx, &row, query, slug)
	if isNoRows(err) {
		return nil, missing
	}
	if err != nil {
		return nil, fmt.Errorf("select campaign %s: %w", slug, err)
	}
	return row.campaign()
}

// FindCampaigns implements coupon.CampaignStore.
func (s *CouponStore) FindCampaigns(ctx context.Context) ([]coupon.Campaign, error) {
	const query = selectCampaigns + `
		ORDER BY g.id DESC`

	var rows []campaignRow
	if err := s.db.all(ctx, &rows, query); err != nil {
		return nil, fmt.Errorf("select campaigns: %w", err)
	}
	found := make([]coupon.Campaign, len(rows))
	for i := range rows {
		c, err := rows[i].campaign()
		if err != nil {
			return nil, err
		}
		found[i] = *c
	}
	return found, nil
}

// CountCodes implements coupon.CampaignStore.
func (s *CouponStore) CountCodes(ctx context.Context, campaignID int64) (int, error) {
	const query = `
		SELECT COUNT(*)
		FROM {coupon_codes}
		WHERE coupon_id = (SELECT coupon_id FROM {coupon_campaigns} WHERE id = ?) AND campaign_id = ?`

	var n int
	if err := s.db.get(ctx, &n, query, campaignID, campaignID); err != nil {
		return 0, fmt.Errorf("count codes of campaign %d: %w", campaignID, err)
	}
	return n, nil
}

// InsertCodes implements coupon.CampaignStore, with one statement of many rows.
func (s *CouponStore) InsertCodes(ctx context.Context, c *coupon.Campaign, codes []string, now time.Time) (int, error) {
	const (
		head = `
		INSERT IGNORE INTO {coupon_codes} (coupon_id, campaign_id, code, code_key, bits, max_uses, status, expires_at, created_at)
		VALUES `
		row = `(?, ?, ?, ?, ?, ?, 'active', ?, ?)`
	)
	query := head + strings.Repeat(row+", ", len(codes)-1) + row
	args := make([]any, 0, 8*len(codes))
	bits, ends, at := c.Batch.Shape.Bits(), utc(c.Batch.ExpiresAt), now.UTC()
	for _, code := range codes {
		args = append(args, c.CouponID, c.ID, code, []byte(strings.ReplaceAll(code, "-", "")), bits, c.Batch.MaxUses, ends, at)
	}
	made := int64(0)
	err := s.db.inTx(ctx, func(tx *tx) error { // which is run again when two batches block each other
		var err error
		made, err = tx.exec(ctx, query, args...)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("insert codes: %w", err)
	}
	return int(made), nil
}

// SetCampaignStatus implements coupon.CampaignStore.
func (s *CouponStore) SetCampaignStatus(ctx context.Context, id int64, status coupon.Status, revokedAt *time.Time) error {
	const query = `
		UPDATE {coupon_campaigns}
		SET status = CASE WHEN status = 'revoked' THEN status ELSE ? END, revoked_at = COALESCE(revoked_at, ?), updated_at = ?
		WHERE id = ?`

	defer s.recent.forget()
	if _, err := s.db.exec(ctx, query, status, utc(revokedAt), s.db.now().UTC(), id); err != nil {
		return fmt.Errorf("set status of campaign %d: %w", id, err)
	}
	return nil
}

// CampaignTotals implements coupon.CampaignStore.
func (s *CouponStore) CampaignTotals(ctx context.Context, id int64) (*coupon.Totals, int, error) {
	const query = `
		SELECT COUNT(*) AS codes, COUNT(sent_at) AS sent
		FROM {coupon_codes}
		WHERE coupon_id = (SELECT coupon_id FROM {coupon_campaigns} WHERE id = ?) AND campaign_id = ?`

	var row struct {
		Codes int `db:"codes"`
		Sent  int `db:"sent"`
	}
	if err := s.db.get(ctx, &row, query, id, id); err != nil {
		return nil, 0, fmt.Errorf("count codes of campaign %d: %w", id, err)
	}
	t := &coupon.Totals{Codes: row.Codes}
	return t, row.Sent, s.db.sumUses(ctx, t, "campaign_id", id)
}

// CodesAfter implements coupon.CampaignStore.
func (s *CouponStore) CodesAfter(ctx context.Context, couponID, campaignID, after int64, limit int) ([]coupon.ExportedCode, error) {
	const query = `
		SELECT k.id, k.code, k.max_uses, k.starts_at, k.expires_at, k.status,
			COALESCE((SELECT p.email FROM {contacts} p WHERE p.id = k.contact_id), '') AS email,
			(SELECT COUNT(*) FROM {redemptions} r WHERE r.code_id = k.id AND r.state = 'committed') AS uses
		FROM {coupon_codes} k
		WHERE k.coupon_id = ? AND k.id > ? AND (? = 0 OR k.campaign_id = ?)
		ORDER BY k.id
		LIMIT ?`

	var rows []struct {
		ID        int64      `db:"id"`
		Code      string     `db:"code"`
		MaxUses   *int64     `db:"max_uses"`
		StartsAt  *time.Time `db:"starts_at"`
		ExpiresAt *time.Time `db:"expires_at"`
		Status    string     `db:"status"`
		Email     string     `db:"email"`
		Uses      int        `db:"uses"`
	}
	if err := s.db.all(ctx, &rows, query, couponID, after, campaignID, campaignID, limit); err != nil {
		return nil, fmt.Errorf("select codes: %w", err)
	}
	codes := make([]coupon.ExportedCode, len(rows))
	for i, r := range rows {
		codes[i] = coupon.ExportedCode{
			Code: coupon.Code{
				ID: r.ID, Text: r.Code, MaxUses: int(orZero(r.MaxUses)), StartsAt: r.StartsAt, ExpiresAt: r.ExpiresAt, Status: coupon.Status(r.Status),
			},
			Email: r.Email, Uses: r.Uses,
		}
	}
	return codes, nil
}

const markBatch = 20_000

// MarkSent implements coupon.CampaignStore, a few thousand rows at a time.
func (s *CouponStore) MarkSent(ctx context.Context, couponID, campaignID, upTo int64, now time.Time) error {
	const query = `
		UPDATE {coupon_codes}
		SET sent_at = ?
		WHERE coupon_id = ? AND (? = 0 OR campaign_id = ?) AND id <= ? AND sent_at IS NULL
		LIMIT ?`

	for {
		n, err := s.db.exec(ctx, query, now.UTC(), couponID, campaignID, campaignID, upTo, markBatch)
		if err != nil {
			return fmt.Errorf("mark codes as sent: %w", err)
		}
		if n < markBatch {
			return nil
		}
	}
}

// TakenCodes implements coupon.Importer.
func (s *CouponStore) TakenCodes(ctx context.Context, lines []coupon.ImportLine) ([]int, error) {
	return s.db.takenCodes(ctx, lines)
}

func (q querier) takenCodes(ctx context.Context, lines []coupon.ImportLine) ([]int, error) {
	query := `
		SELECT code_key
		FROM {coupon_codes}
		WHERE code_key IN (` + marks(len(lines)) + `)`

	args := make([]any, len(lines))
	for i := range lines {
		args[i] = []byte(coupon.Normalize(lines[i].Code.Text))
	}
	var keys [][]byte
	if err := q.all(ctx, &keys, query, args...); err != nil {
		return nil, fmt.Errorf("look codes up: %w", err)
	}
	known := make(map[string]bool, len(keys))
	for _, key := range keys {
		known[string(key)] = true
	}
	var taken []int
	for i := range lines {
		if known[string(args[i].([]byte))] {
			taken = append(taken, i)
		}
	}
	return taken, nil
}

// ImportCodes implements coupon.Importer.
func (s *CouponStore) ImportCodes(ctx context.Context, lines []coupon.ImportLine) ([]int, error) {
	var taken []int
	err := s.db.inTx(ctx, func(tx *tx) error {
		var err error
		if taken, err = tx.takenCodes(ctx, lines); err != nil {
			return err
		}
		skip := make(map[int]bool, len(taken))
		for _, i := range taken {
			skip[i] = true
		}
		codes := make([]coupon.Code, 0, len(lines))
		for i := range lines {
			if skip[i] {
				continue
			}
			code := lines[i].Code
			if lines[i].Email != "" {
				person, err := tx.upsertContact(ctx, contact.Contact{PublicID: contact.NewPublicID(), Email: lines[i].Email, CreatedAt: tx.now()})
				if err != nil {
					return err
				}
				code.ContactID, code.Bound = person.ID, true
			}
			codes = append(codes, code)
		}
		return tx.insertMany(ctx, codes)
	})
	return taken, err
}

// insertMany writes codes that are known to be free with one statement.
func (t *tx) insertMany(ctx context.Context, codes []coupon.Code) error {
	const (
		head = `
		INSERT INTO {coupon_codes} (coupon_id, contact_id, is_bound, code, code_key, bits, max_uses, status, starts_at, expires_at, created_at)
		VALUES `
		row = `(?, ?, ?, ?, ?, 0, ?, 'active', ?, ?, ?)`
	)
	if len(codes) == 0 {
		return nil
	}
	args := make([]any, 0, 9*len(codes))
	for i := range codes {
		c := &codes[i]
		args = append(args, c.CouponID, orNull(c.ContactID), c.Bound, c.Text, []byte(coupon.Normalize(c.Text)), orNull(int64(c.MaxUses)),
			utc(c.StartsAt), utc(c.ExpiresAt), c.CreatedAt.UTC())
	}
	if _, err := t.exec(ctx, head+strings.Repeat(row+", ", len(codes)-1)+row, args...); err != nil {
		return fmt.Errorf("insert codes: %w", err)
	}
	return nil
}
