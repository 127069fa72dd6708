package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
)

type couponRow struct {
	ID        int64     `db:"id"`
	Slug      string    `db:"slug"`
	Name      string    `db:"name"`
	Kind      string    `db:"kind"`
	Status    string    `db:"status"`
	Revision  int64     `db:"revision"`
	Rules     string    `db:"rules"`
	CreatedAt time.Time `db:"created_at"`
	UpdatedAt time.Time `db:"updated_at"`
}

const selectCoupons = `
	SELECT id, slug, name, kind, status, revision, rules, created_at, updated_at
	FROM {coupons}`

func (r *couponRow) coupon() (*coupon.Coupon, error) {
	rules, err := parseRules(r.ID, r.Rules)
	return &coupon.Coupon{
		ID: r.ID, Slug: r.Slug, Name: r.Name, Kind: coupon.Kind(r.Kind), Status: coupon.Status(r.Status), Revision: r.Revision,
		Rules: rules, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}, err
}

// CreateCoupon implements coupon.BookStore.
func (s *CouponStore) CreateCoupon(ctx context.Context, c *coupon.Coupon, codes []coupon.Code) error {
	const insert = `
		INSERT INTO {coupons} (slug, name, kind, status, auto_apply, revision, rules, created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

	rules, err := json.Marshal(c.Rules)
	if err != nil {
		return fmt.Errorf("encode rules: %w", err)
	}
	return s.db.inTx(ctx, func(tx *tx) error {
		id, err := tx.insert(ctx, insert, c.Slug, c.Name, c.Kind, c.Status, c.Rules.AutoApply, c.Revision, string(rules),
			c.CreatedAt.UTC(), c.UpdatedAt.UTC())
		if isDuplicate(err) {
			return errs.New(errs.Conflict, "There is already a coupon %q.", c.Slug)
		}
		if err != nil {
			return fmt.Errorf("insert coupon: %w", err)
		}
		c.ID = id
		for i := range codes {
			codes[i].CouponID = id
		}
		return tx.addCodes(ctx, codes)
	})
}

// addCodes writes codes one by one, to say which one is taken.
func (t *tx) addCodes(ctx context.Context, codes []coupon.Code) error {
	const insert = `
		INSERT INTO {coupon_codes} (coupon_id, campaign_id, contact_id, is_bound, code, code_key, bits, max_uses, status, sent_at,
			starts_at, expires_at, created_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	for i := range codes {
		c := &codes[i]
		id, err := t.insert(ctx, insert, c.CouponID, orNull(c.CampaignID), orNull(c.ContactID), c.Bound, c.Text,
			[]byte(coupon.Normalize(c.Text)), c.Bits, orNull(int64(c.MaxUses)), c.Status, utc(c.SentAt), utc(c.StartsAt), utc(c.ExpiresAt), c.CreatedAt.UTC())
		if isDuplicate(err) {
			return errs.New(errs.Conflict, "There is already a code %q; letter case, spaces and hyphens do not count.", c.Text)
		}
		if err != nil {
			return fmt.Errorf("insert code: %w", err)
		}
		c.ID = id
	}
	return nil
}

// AddCodes implements coupon.BookStore.
func (s *CouponStore) AddCodes(ctx context.Context, codes []coupon.Code) error {
	return s.db.inTx(ctx, func(tx *tx) error { return tx.addCodes(ctx, codes) })
}

// UpdateCoupon implements coupon.BookStore.
func (s *CouponStore) UpdateCoupon(ctx context.Context, c *coupon.Coupon) error {
	const query = `
		UPDATE {coupons}
		SET name = ?, status = ?, auto_apply = ?, revision = revision + 1, rules = ?, updated_at = ?
		WHERE id = ? AND revision = ?`

	rules, err := json.Marshal(c.Rules)
	if err != nil {
		return fmt.Errorf("encode rules: %w", err)
	}
	defer s.recent.forget()
	n, err := s.db.exec(ctx, query, c.Name, c.Status, c.Rules.AutoApply, string(rules), s.db.now().UTC(), c.ID, c.Revision)
	if err != nil {
		return fmt.Errorf("update coupon %d: %w", c.ID, err)
	}
	if n == 0 {
		return errs.New(errs.Conflict, "The coupon was changed at the same time. Please look at it again.")
	}
	c.Revision++
	return nil
}

// Coupon implements coupon.BookStore.
func (s *CouponStore) Coupon(ctx context.Context, slug string) (*coupon.Coupon, error) {
	const query = selectCoupons + `
		WHERE slug = ?`

	missing := errs.New(errs.NotFound, "There is no coupon %q.", slug)
	if catalog.CheckSlug(slug) != "" { // SQL would pad it, or not even compare it
		return nil, missing
	}
	var row couponRow
	err := s.db.get(ctx, &row, query, slug)
	if isNoRows(err) {
		return nil, missing
	}
	if err != nil {
		return nil, fmt.Errorf("select coupon %s: %w", slug, err)
	}
	return row.coupon()
}

// FindCoupons implements coupon.BookStore.
func (s *CouponStore) FindCoupons(ctx context.Context) ([]coupon.Coupon, error) {
	const query = selectCoupons + `
		ORDER BY id DESC`

	var rows []couponRow
	if err := s.db.all(ctx, &rows, query); err != nil {
		return nil, fmt.Errorf("select coupons: %w", err)
	}
	found := make([]coupon.Coupon, len(rows))
	for i := range rows {
		c, err := rows[i].coupon()
		if err != nil {
			return nil, err
		}
		found[i] = *c
	}
	return found, nil
}

// CodeByKey implements coupon.BookStore.
func (s *CouponStore) CodeByKey(ctx context.Context, key string) (*coupon.Found, error) {
	found, err := s.CodesByKey(ctx, []string{key}, coupon.Holder{})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errs.New(errs.NotFound, "There is no such code.")
	}
	return &found[0].Found, nil
}

// SetCodeStatus implements coupon.BookStore.
func (s *CouponStore) SetCodeStatus(ctx context.Context, codeID int64, status coupon.Status) error {
	const query = `
		UPDATE {coupon_codes}
		SET status = ?
		WHERE id = ?`

	if _, err := s.db.exec(ctx, query, status, codeID); err != nil {
		return fmt.Errorf("set status of code %d: %w", codeID, err)
	}
	return nil
}

// CodesOf implements coupon.BookStore.
func (s *CouponStore) CodesOf(ctx context.Context, couponID int64, limit int) ([]coupon.Code, error) {
	const where = `
		WHERE k.coupon_id = ?
		ORDER BY k.id DESC
		LIMIT ?`

	found, err := s.codes(ctx, where, []any{couponID, limit}, coupon.Holder{})
	if err != nil {
		return nil, err
	}
	codes := make([]coupon.Code, len(found))
	for i := range found {
		codes[i] = found[i].Code
	}
	return codes, nil
}

// Totals implements coupon.BookStore.
func (s *CouponStore) Totals(ctx context.Context, couponID int64) (*coupon.Totals, error) {
	const codes = `
		SELECT COUNT(*)
		FROM {coupon_codes}
		WHERE coupon_id = ?`

	t := &coupon.Totals{}
	if err := s.db.get(ctx, &t.Codes, codes, couponID); err != nil {
		return nil, fmt.Errorf("count codes of coupon %d: %w", couponID, err)
	}
	return t, s.db.sumUses(ctx, t, "coupon_id", couponID)
}

// sumUses adds up the uses of a coupon or a campaign, whichever column names it.
func (q querier) sumUses(ctx context.Context, t *coupon.Totals, column string, id int64) error {
	states := `
		SELECT state, COUNT(*) AS uses
		FROM {redemptions}
		WHERE ` + column + ` = ?
		GROUP BY state`
	sums := `
		SELECT r.currency, SUM(r.amount) AS discount, SUM(o.total) AS revenue
		FROM {redemptions} r
		JOIN {orders} o ON o.id = r.order_id
		WHERE r.` + column + ` = ? AND r.state = 'committed'
		GROUP BY r.currency
		ORDER BY r.currency`

	var counts []struct {
		State string `db:"state"`
		Uses  int    `db:"uses"`
	}
	if err := q.all(ctx, &counts, states, id); err != nil {
		return fmt.Errorf("count uses: %w", err)
	}
	for _, c := range counts {
		switch coupon.State(c.State) {
		case coupon.StateReserved:
			t.Reserved = c.Uses
		case coupon.StateCommitted:
			t.Committed = c.Uses
		case coupon.StateReleased:
			t.Released = c.Uses
		case coupon.StateReturned:
			t.Returned = c.Uses
		}
	}
	var rows []struct {
		Currency string `db:"currency"`
		Discount int64  `db:"discount"`
		Revenue  int64  `db:"revenue"`
	}
	if err := q.all(ctx, &rows, sums, id); err != nil {
		return fmt.Errorf("sum uses: %w", err)
	}
	for _, row := range rows {
		t.Discount = append(t.Discount, money.New(row.Discount, money.Currency(row.Currency)))
		t.Revenue = append(t.Revenue, money.New(row.Revenue, money.Currency(row.Currency)))
	}
	return nil
}
