package mysql

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tillside/tillside/server/coupon"
)

// CouponStore implements coupon.Store.
type CouponStore struct {
	db    *DB
	rules sync.Map // couponVersion → coupon.Rules: parsed once

	recent recentCoupons
}

type couponVersion struct{ id, revision int64 }

// NewCouponStore returns a CouponStore that reads and writes db.
func NewCouponStore(db *DB) *CouponStore {
	s := &CouponStore{db: db}
	s.recent.forget()
	return s
}

type codeRow struct {
	ID         int64      `db:"id"`
	CouponID   int64      `db:"coupon_id"`
	CampaignID *int64     `db:"campaign_id"`
	ContactID  *int64     `db:"contact_id"`
	Bound      bool       `db:"is_bound"`
	Code       string     `db:"code"`
	Bits       int        `db:"bits"`
	MaxUses    *int64     `db:"max_uses"`
	Touched    bool       `db:"is_touched"`
	Status     string     `db:"status"`
	SentAt     *time.Time `db:"sent_at"`
	StartsAt   *time.Time `db:"starts_at"`
	ExpiresAt  *time.Time `db:"expires_at"`
	CreatedAt  time.Time  `db:"created_at"`

	ofCoupon
	Campaign string `db:"campaign_status"`
}

// ofCoupon is what a code's coupon adds to its row.
type ofCoupon struct {
	Slug          string    `db:"slug"`
	Name          string    `db:"name"`
	Kind          string    `db:"kind"`
	CouponStatus  string    `db:"coupon_status"`
	Revision      int64     `db:"revision"`
	CouponCreated time.Time `db:"coupon_created_at"`
}

const codeColumns = `k.id, k.coupon_id, k.campaign_id, k.contact_id, k.is_bound, k.code, k.bits, k.max_uses, k.touched > 0 AS is_touched, k.status,
		k.sent_at, k.starts_at, k.expires_at, k.created_at`

const couponColumns = `c.slug, c.name, c.kind, c.status AS coupon_status, c.revision, c.created_at AS coupon_created_at`

// selectCodes reads codes with their coupon and their campaign's status.
const selectCodes = `
	SELECT ` + codeColumns + `, ` + couponColumns + `, COALESCE(g.status, 'active') AS campaign_status
	FROM {coupon_codes} k
	JOIN {coupons} c ON c.id = k.coupon_id
	LEFT JOIN {coupon_campaigns} g ON g.id = k.campaign_id`

// selectCodesAlone reads codes without those, which are known from a moment ago.
const selectCodesAlone = `
	SELECT ` + codeColumns + `
	FROM {coupon_codes} k`

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
	}
}

// CodesByKey implements coupon.Store.
func (s *CouponStore) CodesByKey(ctx context.Context, keys []string, who coupon.Holder) ([]coupon.Stored, error) {
	args := make([]any, len(keys))
	for i, key := range keys {
		args[i] = []byte(key)
	}
	return s.codes(ctx, `
	WHERE k.code_key IN (`+marks(len(keys))+`)`, args, who)
}

// CodesByID implements coupon.Store.
func (s *CouponStore) CodesByID(ctx context.Context, ids []int64, who coupon.Holder) ([]coupon.Stored, error) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return s.codes(ctx, `
	WHERE k.id IN (`+marks(len(ids))+`)`, args, who)
}

// marks returns n question marks for an IN list. There are few different n, so
// that the texts of statements stay few.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

func (s *CouponStore) codes(ctx context.Context, where string, args []any, who coupon.Holder) ([]coupon.Stored, error) {
	query := selectCodes + where
	if who.Recent {
		query = selectCodesAlone + where
	}
	var rows []codeRow
	if err := s.db.all(ctx, &rows, query, args...); err != nil {
		return nil, fmt.Errorf("select codes: %w", err)
	}
	own, err := s.ownCodes(ctx, who.CheckoutID)
	if err != nil {
		return nil, err
	}
	found := make([]coupon.Stored, len(rows))
	for i := range rows {
		row := &rows[i]
		if who.Recent {
			if err := s.complete(ctx, row); err != nil {
				return nil, err
			}
		}
		rules, err := s.rulesOf(ctx, row.CouponID, row.Revision)
		if err != nil {
			return nil, err
		}
		found[i] = row.stored(rules)
		if err := s.fullness(ctx, &found[i], row.Touched, slices.Contains(own, row.ID), who); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// ownCodes lists the codes of which a checkout holds a use; 0 holds none.
func (s *CouponStore) ownCodes(ctx context.Context, checkoutID int64) ([]int64, error) {
	const query = `
		SELECT code_id
		FROM {redemptions}
		WHERE checkout_id = ? AND state = 'reserved'`

	if checkoutID == 0 {
		return nil, nil
	}
	var ids []int64
	if err := s.db.all(ctx, &ids, query, checkoutID); err != nil {
		return nil, fmt.Errorf("uses of checkout %d: %w", checkoutID, err)
	}
	return ids, nil
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

// fullness looks at the limits of a code, and at those that its coupon has over
// all codes.
func (s *CouponStore) fullness(ctx context.Context, f *coupon.Stored, touched, own bool, who coupon.Holder) error {
	l := f.Coupon.Rules.Limits
	var err error
	if f.Code.MaxUses > 0 && touched && !own { // a code that nobody took a use of is not full
		if f.Full.Code, err = s.db.isFull(ctx, limitKey{limitCode, f.Code.ID, 0}, f.Code.MaxUses); err != nil {
			return err
		}
	}
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
