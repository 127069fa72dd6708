// Package coupon knows the rules of coupons, the codes that carry them, and
// what each use takes from a limit. A code lowers a quote or leads to another
// offer; a use is reserved when its buyer pays, committed when the order is
// settled, and released when the payment's intent has ended without money.
package coupon

import "time"

// Status says whether a coupon or a code may be used.
type Status string

// The states of coupons, codes and campaigns. Nothing is deleted: orders name
// them.
const (
	StatusActive   Status = "active"
	StatusDisabled Status = "disabled" // switched off by the owner, and on again at will
	StatusRevoked  Status = "revoked"  // codes and campaigns: taken back for good
)

// Kind is what a coupon is made for.
type Kind string

// The kinds.
const (
	KindShared   Kind = "shared"   // the owner's own codes, for everybody
	KindTemplate Kind = "template" // the rules of codes that are generated
)

// Coupon is a set of rules. Its codes are rows of their own: one or a few that
// the owner chose, or up to millions that were generated.
type Coupon struct {
	ID        int64
	Slug      string // how the owner names it
	Name      string // what buyers read beside the discount
	Kind      Kind
	Status    Status
	Revision  int64 // grows with each change of the rules
	Rules     Rules
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Code is one code of a coupon.
type Code struct {
	ID         int64
	CouponID   int64
	CampaignID int64 // 0: of no campaign
	ContactID  int64 // whom it was made for; 0: nobody in particular
	Bound      bool  // only that contact may use it
	Text       string
	// Bits is how hard the code is to guess; 0 for one that a person thought
	// up. The holder of a code of StrongBits is told why it cannot be used: it
	// was not found by guessing.
	Bits      int
	MaxUses   int // 0: only the coupon's own limits
	Status    Status
	SentAt    *time.Time // when it was handed over: mailed, written to a CRM, exported
	StartsAt  *time.Time
	ExpiresAt *time.Time
	CreatedAt time.Time
}

// StrongBits is the strength from which on a code cannot be found by guessing.
const StrongBits = 80

// Found is a code with the coupon that it belongs to.
type Found struct {
	Code     Code
	Coupon   Coupon
	Campaign Status // StatusActive where there is no campaign
}

// Source is how a code came to a checkout.
type Source string

// The sources.
const (
	SourceTyped Source = "typed" // also by a link that only names codes
	SourceLink  Source = "link"  // a link whose token the store knows
	SourceForm  Source = "form"  // fixed by the author of the page
	SourceAuto  Source = "auto"  // applied by itself
)

// State is how far a use is.
type State string

// The states of a redemption. Only reserved and committed ones count.
const (
	StateReserved  State = "reserved"
	StateCommitted State = "committed"
	StateReleased  State = "released" // the payment did not come
	StateReturned  State = "returned" // given back with a refund
)
