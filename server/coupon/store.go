package coupon

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/tillside/tillside/server/catalog"
)

// Store is what Service needs from storage. Package mysql implements it.
type Store interface {
	// CodesByKey returns the codes with these keys, with their coupons, and
	// which of their limits others than a checkout (0: everybody) have used
	// up; of each person limit only when Persons is not empty. Keys that no
	// code has are left out.
	CodesByKey(ctx context.Context, keys []string, who Holder) ([]Stored, error)
	// CodesByID does so by our own ids.
	CodesByID(ctx context.Context, ids []int64, who Holder) ([]Stored, error)
	// AutoCodes returns the id of one code of each active coupon that applies
	// by itself.
	AutoCodes(ctx context.Context) ([]int64, error)
	// StartedAt returns when the contact's first checkout of an offer began;
	// zero when there is none.
	StartedAt(ctx context.Context, contactID, offerID int64) (time.Time, error)
	// CodesOfUser returns the ids of the newest codes that were made for the
	// contacts of a WordPress user and have not expired.
	CodesOfUser(ctx context.Context, userID int64, limit int) ([]int64, error)
}

// Stored is a code as the store knows it at one moment.
type Stored struct {
	Found
	Full Full
}

// Holder is the checkout for which limits are looked at: what it holds itself
// is not held by others.
type Holder struct {
	CheckoutID int64
	OfferID    int64
	UserID     int64
	Email      string
	// Recent asks for coupons and campaigns as they were at most a second ago:
	// for totals that nobody pays yet.
	Recent bool
}

// People looks up what is known of a proven person.
type People interface {
	Facts(ctx context.Context, p Person) (*PersonFacts, error)
}

// Use is one use of a code by a checkout that is about to be paid.
type Use struct {
	CouponID   int64
	Revision   int64 // of the rules that the quote was made with
	CodeID     int64
	CampaignID int64
	CheckoutID int64
	ContactID  int64
	OfferID    int64
	UserID     int64
	Email      string
	Amount     int64 // minor units that it takes off
	Currency   string
}

// RefusedError says that a use could not be reserved: the code was used up by
// others, or changed, after the quote was made.
type RefusedError struct {
	CodeID int64
	Reason Reason
}

// Error implements error.
func (e *RefusedError) Error() string { return "coupon refused: " + string(e.Reason) }

// UseOf returns the use that a quote makes of a coupon, without who makes it.
func UseOf(c catalog.QuoteCoupon) Use {
	return Use{
		CouponID: c.CouponID, Revision: c.Revision, CodeID: c.CodeID, CampaignID: c.CampaignID, Amount: c.Amount.Minor,
		Currency: string(c.Amount.Currency),
	}
}

// SortUses puts uses into the order in which every transaction takes them, so
// that two that take the same ones wait for each other only once.
func SortUses(uses []Use) {
	slices.SortFunc(uses, func(a, b Use) int {
		return cmp.Or(cmp.Compare(a.CouponID, b.CouponID), cmp.Compare(a.CodeID, b.CodeID))
	})
}
