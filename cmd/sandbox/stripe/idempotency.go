package stripe

import (
	"crypto/sha256"
	"net/http"
	"time"
)

// keptFor is how long Stripe keeps an idempotency key at least.
const keptFor = 24 * time.Hour

// keptAnswer is what an idempotency key remembers: the request that first
// used it and, once done, its answer, also when that was an error.
type keptAnswer struct {
	request [sha256.Size]byte
	at      time.Time
	done    bool
	answer  answer
}

// claim returns what the call's idempotency key remembers. Without it, the
// caller performs the call and completes what is returned.
func (s *Server) claim(c *call, request string) (*keptAnswer, error) {
	sum := sha256.Sum256([]byte(request))
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	kept, ok := c.kept[c.key]
	switch {
	case !ok || now.Sub(kept.at) > keptFor:
		kept = &keptAnswer{request: sum, at: now}
		c.kept[c.key] = kept
		return kept, nil
	case kept.request != sum:
		return nil, &Error{
			Status: http.StatusBadRequest, Type: typeIdempotency,
			Message: "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '" + c.key + "' if you meant to execute a different request.",
		}
	case !kept.done:
		return nil, &Error{
			Status: http.StatusConflict, Type: typeIdempotency, Code: "idempotency_key_in_use",
			Message: "There is currently another in-progress request using this Stripe Idempotent Key (that probably means you submitted twice, and the other request is still going through): " + c.key + ". Please try again later.",
		}
	}
	// A copy, because the original is read without the lock.
	replay := *kept
	return &replay, nil
}
