package coupon

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
)

// Offers is what coupons need of the catalogue: a coupon may lead to another
// offer.
type Offers interface {
	Offer(ctx context.Context, slug string) (*catalog.Offer, error)
}

// Options sets a Service up.
type Options struct {
	Store  Store
	People People
	Offers Offers
	// Minimum returns the least amount that the payment provider charges.
	Minimum func(money.Currency) money.Amount
	Now     func() time.Time
}

// Service holds codes against carts and quotes what they are worth.
type Service struct {
	Options

	mu       sync.Mutex
	auto     []int64 // codes that apply by themselves
	autoRead time.Time
}

// NewService returns a Service.
func NewService(o Options) *Service { return &Service{Options: o} }

// Wish is a code that a buyer brings: typed, by id where it is known already.
type Wish struct {
	CodeID int64
	Text   string
	Source Source
}

// QuoteRequest asks what an offer costs with codes.
type QuoteRequest struct {
	Offer      *catalog.Offer
	Items      []catalog.Item
	Wishes     []Wish
	Person     Person
	CheckoutID int64     // whose own uses are not in its way; 0 before there is one
	At         time.Time // the moment that is asked about; zero is now
	// Refused are codes that must not be used, whatever the store says: their
	// reservation was refused a moment ago.
	Refused map[int64]Reason
}

// Quoted is what an offer costs, and which codes do not apply.
type Quoted struct {
	Offer   *catalog.Offer // another than asked for after a coupon that switches
	Quote   catalog.Quote
	Notices []Notice
}

// Notice says of a code that it does not apply, and why.
type Notice struct {
	CodeID int64  // 0: there is no such code
	Code   string // as it was typed, or as the owner wrote it
	Reason Reason
	At     *time.Time // since when, or from when on: expired, not yet
	// Plain is set when the reason may be told: to the holder of a code that
	// cannot be guessed, or of a link that the store knows. All others get one
	// sentence, whatever is wrong.
	Plain  bool
	Source Source
}

// NoticeOf returns the notice of a code, or nil when it applies.
func (q *Quoted) NoticeOf(codeID int64, text string) *Notice {
	for i := range q.Notices {
		n := &q.Notices[i]
		if codeID != 0 && n.CodeID == codeID || codeID == 0 && Normalize(n.Code) == Normalize(text) {
			return n
		}
	}
	return nil
}

// maxWishes is how many codes are looked at at once.
const maxWishes = 10

// Quote computes what the offer costs with the best of the codes, and of those
// that apply by themselves. A code that does not apply costs nothing but a
// notice. It reads, and changes nothing.
func (s *Service) Quote(ctx context.Context, r QuoteRequest) (*Quoted, error) {
	base, err := catalog.NewQuote(r.Offer, r.Items)
	if err != nil {
		return nil, err
	}
	out := &Quoted{Offer: r.Offer, Quote: base, Notices: []Notice{}}
	stored, err := s.load(ctx, r, out)
	if err != nil || len(stored) == 0 {
		return out, err
	}
	cart := &Cart{Offer: r.Offer, Quote: base, Person: r.Person, Now: s.at(r)}
	if err := s.fill(ctx, cart, stored); err != nil {
		return nil, err
	}
	switched, rest, err := s.switchOffer(ctx, r, cart, stored, out)
	if err != nil {
		return nil, err
	}
	usable := s.usable(r, cart, rest, out)
	quote, left, err := apply(cart, usable, s.Minimum(cart.Quote.Currency))
	if err != nil {
		return nil, err
	}
	for _, c := range left {
		if c.isExplicit() {
			out.Notices = append(out.Notices, noticeOf(c.found, c.source, ReasonReplaced, nil))
		}
	}
	if switched != nil {
		leads := switched.quoted(cart.StartedAt)
		leads.Amount = money.New(0, quote.Currency)
		quote.Coupons = append([]catalog.QuoteCoupon{leads}, quote.Coupons...)
	}
	out.Quote = quote
	return out, nil
}

func (s *Service) at(r QuoteRequest) time.Time {
	if r.At.IsZero() {
		return s.Now()
	}
	return r.At
}

// wished is a stored code with how it came.
type wished struct {
	Stored
	source Source
}

// load reads the codes that are asked for and those that apply by themselves,
// each once. Texts that are no code get their notice.
func (s *Service) load(ctx context.Context, r QuoteRequest, out *Quoted) ([]wished, error) {
	who := Holder{CheckoutID: r.CheckoutID, OfferID: r.Offer.ID, UserID: r.Person.UserID, Email: r.Person.Email, Recent: r.CheckoutID == 0}
	wishes := r.Wishes
	if len(wishes) > maxWishes {
		wishes = wishes[:maxWishes]
	}
	auto, err := s.autoCodes(ctx)
	if err != nil {
		return nil, err
	}
	ids, keys := slices.Clone(auto), []string{}
	for _, w := range wishes {
		switch key := Normalize(w.Text); {
		case w.CodeID != 0:
			ids = append(ids, w.CodeID)
		case key != "":
			keys = append(keys, key)
		}
	}
	var known []Stored
	if len(ids) > 0 {
		if known, err = s.Store.CodesByID(ctx, ids, who); err != nil {
			return nil, err
		}
	}
	if len(keys) > 0 {
		byKey, err := s.Store.CodesByKey(ctx, keys, who)
		if err != nil {
			return nil, err
		}
		known = append(known, byKey...)
	}
	var all []wished
	take := func(found *Stored, source Source) {
		if !slices.ContainsFunc(all, func(w wished) bool { return w.Code.ID == found.Code.ID }) {
			all = append(all, wished{*found, source})
		}
	}
	for _, w := range wishes {
		i := slices.IndexFunc(known, func(k Stored) bool { return w.is(&k.Code) })
		if i < 0 {
			if w.Source != SourceForm {
				out.Notices = append(out.Notices, Notice{Code: w.Text, Reason: ReasonRefused, Source: w.Source})
			}
			continue
		}
		take(&known[i], w.Source)
	}
	for _, id := range auto {
		if i := slices.IndexFunc(known, func(k Stored) bool { return k.Code.ID == id }); i >= 0 {
			take(&known[i], SourceAuto)
		}
	}
	return all, nil
}

func (w Wish) is(c *Code) bool {
	if w.CodeID != 0 {
		return c.ID == w.CodeID
	}
	return Normalize(w.Text) == Normalize(c.Text)
}

// autoMayAge is how long the list of coupons that apply by themselves is kept.
const autoMayAge = 5 * time.Second

func (s *Service) autoCodes(ctx context.Context) ([]int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if age := now.Sub(s.autoRead); !s.autoRead.IsZero() && age >= 0 && age < autoMayAge {
		return s.auto, nil
	}
	ids, err := s.Store.AutoCodes(ctx)
	if err != nil {
		return nil, fmt.Errorf("coupons that apply by themselves: %w", err)
	}
	s.auto, s.autoRead = ids, now
	return ids, nil
}

// fill adds to a cart what the rules of the codes ask for, and nothing else.
func (s *Service) fill(ctx context.Context, cart *Cart, codes []wished) error {
	var facts, started bool
	for i := range codes {
		rules := &codes[i].Coupon.Rules
		facts = facts || rules.NeedsPerson()
		started = started || rules.When.AfterHours > 0 || rules.When.WithinHours > 0
	}
	var err error
	if facts && cart.Person.IsProven() {
		if cart.Person.Facts, err = s.People.Facts(ctx, cart.Person); err != nil {
			return fmt.Errorf("facts of contact %d: %w", cart.Person.ContactID, err)
		}
	}
	if started && cart.Person.ContactID != 0 {
		if cart.StartedAt, err = s.Store.StartedAt(ctx, cart.Person.ContactID, cart.Offer.ID); err != nil {
			return fmt.Errorf("start of contact %d: %w", cart.Person.ContactID, err)
		}
	}
	return nil
}

// switchOffer turns the cart to another offer when a code that holds leads
// there: the first of those entered. It returns that one and all codes that do
// not lead anywhere.
func (s *Service) switchOffer(ctx context.Context, r QuoteRequest, cart *Cart, codes []wished, out *Quoted) (*candidate, []wished, error) {
	var leads, rest []wished
	for _, w := range codes {
		if w.Coupon.Rules.Discount.Kind == DiscountSwitch {
			leads = append(leads, w)
		} else {
			rest = append(rest, w)
		}
	}
	usable := s.usable(r, cart, leads, out)
	for i := range usable {
		c := &usable[i]
		next, err := s.Offers.Offer(ctx, c.found.Coupon.Rules.Discount.Offer)
		if errs.Is(err, errs.NotFound) || err == nil && next.State(cart.Now) != catalog.StateOpen {
			out.Notices = append(out.Notices, noticeOf(c.found, c.source, ReasonRefused, nil))
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if cart.Quote, err = catalog.NewQuote(next, nil); err != nil {
			return nil, nil, err
		}
		cart.Offer, out.Offer = next, next
		return c, rest, nil
	}
	return nil, rest, nil
}

// usable returns the codes whose rules all hold; the others that the buyer
// brought get a notice.
func (s *Service) usable(r QuoteRequest, cart *Cart, codes []wished, out *Quoted) []candidate {
	var hold []candidate
	for i := range codes {
		w := &codes[i]
		reason, at := ReasonRefused, (*time.Time)(nil)
		if refused, isRefused := r.Refused[w.Code.ID]; isRefused {
			reason = refused
		} else if failed := firstFailed(w.Checks(cart, w.Full)); failed == nil {
			hold = append(hold, candidate{&w.Found, w.source})
			continue
		} else {
			reason = failed.Reason
		}
		if reason == ReasonExpired {
			at = w.ExpiresAt(cart.StartedAt)
		}
		if w.source != SourceAuto && w.source != SourceForm { // nobody entered those
			out.Notices = append(out.Notices, noticeOf(&w.Found, w.source, reason, at))
		}
	}
	return hold
}

func noticeOf(f *Found, source Source, reason Reason, at *time.Time) Notice {
	return Notice{
		CodeID: f.Code.ID, Code: f.Code.Text, Reason: reason, At: at, Source: source,
		Plain: f.Code.Bits >= StrongBits || source == SourceLink || reason == ReasonReplaced,
	}
}
