package checkout

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"time"

	"github.com/tillside/tillside/server/errs"
)

// Whoever tests stolen cards tries many; a buyer whose card is refused tries a
// few. Stripe's advice on card testing asks for such limits:
// https://docs.stripe.com/disputes/prevention/card-testing
const (
	triesWithin     = time.Hour
	triesOfAnOrigin = 20
	triesOfAContact = 10
)

// OriginKey stands for an address without telling it: a keyed hash.
type OriginKey [16]byte

// originKey returns the key of an IPv4 address, or of the /64 of an IPv6
// address, which one household shares.
func (s *Service) originKey(address netip.Addr) OriginKey {
	address = address.Unmap()
	if !address.IsValid() {
		return OriginKey{}
	}
	bits := 32
	if address.Is6() {
		bits = 64
	}
	prefix, err := address.WithZone("").Prefix(bits)
	if err != nil {
		return OriginKey{}
	}
	mac := hmac.New(sha256.New, s.StatusKey)
	mac.Write([]byte("origin\n" + prefix.String()))
	return OriginKey(mac.Sum(nil)[:16])
}

// mayTry is errs.RateLimited when too many attempts from the same address, or
// for the same contact, were declined within the hour.
func (s *Service) mayTry(ctx context.Context, c *Checkout, origin OriginKey) error {
	ofOrigin, ofContact, err := s.Store.Declines(ctx, origin, c.ContactID, s.Now().Add(-triesWithin))
	if err != nil {
		return fmt.Errorf("declines of checkout %d: %w", c.ID, err)
	}
	if ofOrigin >= triesOfAnOrigin || ofContact >= triesOfAContact {
		return errs.New(errs.RateLimited, "Too many payments were declined. Please wait an hour, or write to us.")
	}
	return nil
}
