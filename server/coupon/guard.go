package coupon

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/tillside/tillside/server/errs"
)

// Whoever guesses codes is refused again and again; a buyer who mistypes one is
// refused a few times. Only refusals are written, so that a good code costs no
// commit.
const (
	sliceSeconds = 600 // refusals are counted in slices of ten minutes; two of them count

	refusalsOfAnAddress = 20
	refusalsOfANetwork  = 100 // an IPv4 /24, an IPv6 /48
	refusalsOfASession  = 10
	refusalsOfAContact  = 20

	// From so many refusals on, when nearly all codes are refused, somebody
	// guesses from many addresses: those that were refused before get a tenth
	// of their limits.
	attackRefusals = 300
	attackShare    = 9 // refusals for each code that was good

	quietFor = 2 * time.Second // how long "nobody was refused" is believed
)

// SeekerKey stands for an address, a session or a contact without telling it: a
// keyed hash.
type SeekerKey [16]byte

// RefusalStore keeps refusals. Package mysql implements it.
type RefusalStore interface {
	// Refusals returns how often each key was refused in a slice and those
	// after it; keys that never were are left out.
	Refusals(ctx context.Context, keys []SeekerKey, since int64) (map[SeekerKey]int, error)
	// AddRefusals counts n refusals of each key.
	AddRefusals(ctx context.Context, keys []SeekerKey, slice int64, n int) error
}

// Seeker is whoever has a code looked up.
type Seeker struct {
	Address   netip.Addr // the zero Addr when unknown
	Session   string     // a checkout's public id; empty before there is one
	ContactID int64
}

// Guard keeps codes from being guessed.
type Guard struct {
	store RefusalStore
	key   []byte
	now   func() time.Time

	mu         sync.Mutex
	quietUntil time.Time
	slice      int64
	good       int // codes that were good in this process, in the slice
	goodBefore int // and in the one before
}

// NewGuard returns a Guard. The key hides whom the store knows.
func NewGuard(store RefusalStore, key []byte, now func() time.Time) *Guard {
	return &Guard{store: store, key: key, now: now}
}

type seekerLimit struct {
	key   SeekerKey
	limit int
	place bool // an address or a network
}

// limits lists what a seeker is counted by.
func (g *Guard) limits(s Seeker) []seekerLimit {
	var list []seekerLimit
	if address := s.Address.Unmap().WithZone(""); address.IsValid() {
		bits, wide := 32, 24
		if address.Is6() {
			bits, wide = 64, 48 // what one household, and one customer of a provider, is given
		}
		near, _ := address.Prefix(bits) // fails for bits beyond the address only
		far, _ := address.Prefix(wide)
		list = append(list, seekerLimit{g.keyOf("address", near.String()), refusalsOfAnAddress, true},
			seekerLimit{g.keyOf("network", far.String()), refusalsOfANetwork, true})
	}
	if s.Session != "" {
		list = append(list, seekerLimit{g.keyOf("session", s.Session), refusalsOfASession, false})
	}
	if s.ContactID != 0 {
		list = append(list, seekerLimit{g.keyOf("contact", strconv.FormatInt(s.ContactID, 10)), refusalsOfAContact, false})
	}
	return list
}

func (g *Guard) keyOf(kind, value string) SeekerKey {
	mac := hmac.New(sha256.New, g.key)
	mac.Write([]byte("refusal\n" + kind + "\n" + value))
	return SeekerKey(mac.Sum(nil)[:16])
}

func (g *Guard) everybody() SeekerKey { return g.keyOf("everybody", "") }

// Allow is errs.RateLimited when the seeker was refused too often of late. It
// writes nothing, and reads nothing while nobody was refused.
func (g *Guard) Allow(ctx context.Context, s Seeker) error {
	now := g.now()
	g.mu.Lock()
	quiet := now.Before(g.quietUntil) && g.quietUntil.Sub(now) <= quietFor // a clock that was set back is not believed
	g.mu.Unlock()
	if quiet {
		return nil
	}
	limits := g.limits(s)
	keys := []SeekerKey{g.everybody()}
	for _, l := range limits {
		keys = append(keys, l.key)
	}
	counts, err := g.store.Refusals(ctx, keys, now.Unix()/sliceSeconds-1)
	if err != nil {
		return fmt.Errorf("refusals: %w", err)
	}
	all := counts[g.everybody()]
	if all == 0 {
		g.mu.Lock()
		g.quietUntil = now.Add(quietFor)
		g.mu.Unlock()
		return nil
	}
	attack := all >= attackRefusals && all >= attackShare*g.goodCodes(now)
	for _, l := range limits {
		limit := l.limit
		if attack && l.place {
			limit /= 10
		}
		if counts[l.key] >= limit {
			return errs.New(errs.RateLimited, "Too many codes were tried. Please wait a quarter of an hour, or go on without one.")
		}
	}
	return nil
}

// Refused counts n refused codes. Call it before the answer is sent.
func (g *Guard) Refused(ctx context.Context, s Seeker, n int) error {
	keys := []SeekerKey{g.everybody()}
	for _, l := range g.limits(s) {
		keys = append(keys, l.key)
	}
	g.mu.Lock()
	g.quietUntil = time.Time{}
	g.mu.Unlock()
	if err := g.store.AddRefusals(ctx, keys, g.now().Unix()/sliceSeconds, n); err != nil {
		return fmt.Errorf("count refusal: %w", err)
	}
	return nil
}

// Accepted notes a good code, in memory only.
func (g *Guard) Accepted() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turn(g.now())
	g.good++
}

func (g *Guard) goodCodes(now time.Time) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turn(now)
	return g.good + g.goodBefore
}

// turn begins a new slice when it is time. The lock is held.
func (g *Guard) turn(now time.Time) {
	slice := now.Unix() / sliceSeconds
	switch slice - g.slice {
	case 0:
		return
	case 1:
		g.good, g.goodBefore = 0, g.good
	default:
		g.good, g.goodBefore = 0, 0
	}
	g.slice = slice
}

// refusalTakes is how long a refusal takes at least, and in multiples of what:
// longer than any look-up, so that the time tells nothing about the code.
const refusalTakes = 250 * time.Millisecond

// RefusedIn counts the codes that were refused in a way that helps nobody who
// guesses: with one sentence, whatever was wrong.
func RefusedIn(notices []Notice) int {
	n := 0
	for i := range notices {
		if !notices[i].Plain {
			n++
		}
	}
	return n
}

// Pad waits until a refusal that was started at a time may be answered. It
// returns early when ctx ends.
func (g *Guard) Pad(ctx context.Context, started time.Time) {
	wait := refusalTakes - time.Since(started)%refusalTakes
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
