package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tillside/tillside/server/coupon"
)

// CouponStore implements coupon.Store.
type CouponStore struct {
	db    *DB
	rules sync.Map // couponVersion → coupon.Rules: parsed once
}

type couponVersion struct{ id, revision int64 }

// NewCouponStore returns a CouponStore that reads and writes db.
func NewCouponStore(db *DB) *CouponStore { return &CouponStore{db: db} }

type codeRow struct {
	ID            int64      `db:"id"`
	CouponID      int64      `db:"coupon_id"`
	CampaignID    *int64     `db:"campaign_id"`
	ContactID     *int64     `db:"contact_id"`
	Bound         bool       `db:"is_bound"`
	Code          string     `db:"code"`
	Bits          int        `db:"bits"`
	MaxUses       *int64     `db:"max_uses"`
	Status        string     `db:"status"`
	SentAt        *time.Time `db:"sent_at"`
	StartsAt      *time.Time `db:"starts_at"`
	ExpiresAt     *time.Time `db:"expires_at"`
	CreatedAt     time.Time  `db:"created_at"`
	Slug          string     `db:"slug"`
	Name          string     `db:"name"`
	Kind          string     `db:"kind"`
	CouponStatus  string     `db:"coupon_status"`
	Revision      int64      `db:"revision"`
	CouponCreated time.Time  `db:"coupon_created_at"`
	Campaign      string     `db:"campaign_status"`
	Taken         bool       `db:"is_taken"`
	Own           bool       `db:"is_own"`
}

// selectCodes reads codes with their coupon, their campaign's status, and
// whether the code's own limit is used up; the first argument is the checkout
// whose own use does not count.
const selectCodes = `
	SELECT k.id, k.coupon_id, k.campaign_id, k.contact_id, k.is_bound, k.code, k.bits, k.max_uses, k.status, k.sent_at, k.starts_at,
		k.expires_at, k.created_at, c.slug, c.name, c.kind, c.status AS coupon_status, c.revision, c.created_at AS coupon_created_at,
		COALESCE((SELECT g.status FROM {coupon_campaigns} g WHERE g.id = k.campaign_id), 'active') AS campaign_status,
		k.max_uses IS NOT NULL
			AND COALESCE((SELECT MAX(s.slot) FROM {limit_slots} s
				WHERE s.kind = 'code' AND s.subject_id = k.id AND s.scope_id = 0), 0) >= k.max_uses
			AND NOT EXISTS (SELECT 1 FROM {limit_slots} s
				WHERE s.kind = 'code' AND s.subject_id = k.id AND s.scope_id = 0 AND s.holder_id IS NULL AND s.slot <= k.max_uses)
			AS is_taken,
		EXISTS (SELECT 1 FROM {redemptions} r WHERE r.checkout_id = ? AND r.code_id = k.id AND r.state = 'reserved') AS is_own
	FROM {coupon_codes} k
	JOIN {coupons} c ON c.id = k.coupon_id`

func (r *codeRow) stored(rules coupon.Rules) coupon.Stored {
	campaign := coupon.StatusActive
	if r.Campaign == string(coupon.StatusRevoked) {
		campaign = coupon.StatusRevoked
	}
	return coupon.Stored{
		Found: coupon.Found{
			Code: coupon.Code{
				ID: r.ID, CouponID: r.CouponID, CampaignID: orZero(r.CampaignID), ContactID: orZero(r.ContactID), Bound: r.Bound, Text: r.Code,
				Bits: r.Bits, MaxUses: int(orZero(r.MaxUses)), Status: coupon.Status(r.Status), SentAt: r.SentAt,
				StartsAt: r.StartsAt, ExpiresAt: r.ExpiresAt, CreatedAt: r.CreatedAt,
			},
			Coupon: coupon.Coupon{
				ID: r.CouponID, Slug: r.Slug, Name: r.Name, Kind: coupon.Kind(r.Kind), Status: coupon.Status(r.CouponStatus),
				Revision: r.Revision, Rules: rules, CreatedAt: r.CouponCreated,
			},
			Campaign: campaign,
		},
		Full: coupon.Full{Code: r.Taken && !r.Own},
	}
}

// CodesByKey implements coupon.Store.
func (s *CouponStore) CodesByKey(ctx context.Context, keys []string, who coupon.Holder) ([]coupon.Stored, error) {
	args := []any{who.CheckoutID}
	for _, key := range keys {
		args = append(args, []byte(key))
	}
	return s.codes(ctx, selectCodes+`
	WHERE k.code_key IN (`+marks(len(keys))+`)`, args, who)
}

// CodesByID implements coupon.Store.
func (s *CouponStore) CodesByID(ctx context.Context, ids []int64, who coupon.Holder) ([]coupon.Stored, error) {
	args := []any{who.CheckoutID}
	for _, id := range ids {
		args = append(args, id)
	}
	return s.codes(ctx, selectCodes+`
	WHERE k.id IN (`+marks(len(ids))+`)`, args, who)
}

// marks returns n question marks for an IN list. There are few different n, so
// that the texts of statements stay few.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

func (s *CouponStore) codes(ctx context.Context, query string, args []any, who coupon.Holder) ([]coupon.Stored, error) {
	var rows []codeRow
	if err := s.db.all(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("select codes: %w", err)
	}
	found := make([]coupon.Stored, len(rows))
	for i := range rows {
		rules, err := s.rulesOf(ctx, rows[i].CouponID, rows[i].Revision)
		if err != nil {
			return nil, err
		}
		found[i] = rows[i].stored(rules)
		if err := s.fullness(ctx, &found[i], rows[i].Own, who); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// rulesOf returns a coupon's rules. They change with the revision, so that one
// revision is read and parsed once.
func (s *CouponStore) rulesOf(ctx context.Context, couponID, revision int64) (coupon.Rules, error) {
	const query = `
		SELECT rules
		FROM {coupons}
		WHERE id = ?`

	version := couponVersion{couponID, revision}
	if known, ok := s.rules.Load(version); ok {
		return known.(coupon.Rules), nil
	}
	var text string
	if err := s.db.get(ctx, &text, query, couponID); err != nil {
		return coupon.Rules{}, fmt.Errorf("rules of coupon %d: %w", couponID, err)
	}
	rules, err := parseRules(couponID, text)
	if err != nil {
		return rules, err
	}
	s.rules.Delete(couponVersion{couponID, revision - 1})
	s.rules.Store(version, rules)
	return rules, nil
}

func parseRules(couponID int64, text string) (coupon.Rules, error) {
	var rules coupon.Rules
	if err := json.Unmarshal([]byte(text), &rules); err != nil {
		return rules, fmt.Errorf("rules of coupon %d: %w", couponID, err)
	}
	return rules, nil
}

// fullness looks at the limits that a coupon has over all its codes.
func (s *CouponStore) fullness(ctx context.Context, f *coupon.Stored, own bool, who coupon.Holder) error {
	l := f.Coupon.Rules.Limits
	var err error
	if l.Uses > 0 && !own {
		if f.Full.Coupon, err = s.db.isFull(ctx, limitKey{limitCoupon, f.Coupon.ID, 0}, l.Uses); err != nil {
			return err
		}
	}
	if l.PerOffer > 0 && !own {
		if f.Full.Offer, err = s.db.isFull(ctx, limitKey{limitOffer, f.Coupon.ID, who.OfferID}, l.PerOffer); err != nil {
			return err
		}
	}
	if l.PerPerson > 0 {
		keys := coupon.PersonKeys(who.UserID, who.Email, l.OneMailbox)
		f.Full.Person, err = s.db.hasClaimed(ctx, f.Coupon.ID, keys, l.PerPerson, who.CheckoutID)
	}
	return err
}

// AutoCodes implements coupon.Store.
func (s *CouponStore) AutoCodes(ctx context.Context) ([]int64, error) {
	const query = `
		SELECT MIN(k.id)
		FROM {coupons} c
		JOIN {coupon_codes} k ON k.coupon_id = c.id AND k.status = 'active'
		WHERE c.auto_apply = 1 AND c.status = 'active'
		GROUP BY c.id
		ORDER BY c.id`

	ids := []int64{}
	if err := s.db.all(ctx, &ids, query); err != nil {
		return nil, fmt.Errorf("select automatic coupons: %w", err)
	}
	return ids, nil
}

// StartedAt implements coupon.Store.
func (s *CouponStore) StartedAt(ctx context.Context, contactID, offerID int64) (time.Time, error) {
	const query = `
		SELECT MIN(created_at)
		FROM {checkouts}
		WHERE contact_id = ? AND offer_id = ?`

	var at *time.Time
	if err := s.db.get(ctx, &at, query, contactID, offerID); err != nil {
		return time.Time{}, fmt.Errorf("first checkout of contact %d: %w", contactID, err)
	}
	if at == nil {
		return time.Time{}, nil
	}
	return *at, nil
}
