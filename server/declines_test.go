package server_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/tillside/tillside/server/shoptest"
)

// decline clicks with a bad card from an address, as a web server in front says.
func decline(t *testing.T, s *shoptest.Stand, p *shoptest.Process, email, address string) shoptest.Answer {
	t.Helper()
	b := s.NewBuyer(p, "course")
	b.Header.Set("X-Forwarded-For", address)
	b.Start(email)
	return b.Pay(cardDeclined)
}

func TestPay_CardTestingIsStopped(t *testing.T) {
	tests := []struct {
		name  string
		limit int
		try   func(i int) (email, address string)
		// other is somebody else, whom the limit must not meet.
		otherEmail, otherAddress string
	}{
		{
			name: "from one address", limit: 20, otherEmail: "other@example.com", otherAddress: "198.51.100.9",
			try: func(i int) (string, string) { return fmt.Sprintf("bot%d@example.com", i), "203.0.113.7" },
		},
		{
			name: "from one household's IPv6", limit: 20, otherEmail: "other@example.com", otherAddress: "2001:db8:0:2::1",
			try: func(i int) (string, string) {
				return fmt.Sprintf("bot%d@example.com", i), fmt.Sprintf("2001:db8:0:1::%x", i+1)
			},
		},
		{
			name: "for one contact", limit: 10, otherEmail: "other@example.com", otherAddress: "203.0.113.1",
			try: func(i int) (string, string) { return "bot@example.com", fmt.Sprintf("203.0.113.%d", i+1) },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, p := open(t)
			for i := range tt.limit {
				email, address := tt.try(i)
				if a := decline(t, s, p, email, address); a.String("status") != "declined" {
					t.Fatalf("try %d: %d %s, want a decline", i+1, a.Code, a.Raw)
				}
			}
			asked := s.Stripe.Calls("POST /v1/payment_intents/*/confirm")
			email, address := tt.try(0)
			if a := decline(t, s, p, email, address); a.Code != http.StatusTooManyRequests {
				t.Errorf("one more: %d %s, want too many", a.Code, a.Raw)
			}
			if n := s.Stripe.Calls("POST /v1/payment_intents/*/confirm"); n != asked {
				t.Errorf("the provider was asked %d times more", n-asked)
			}
			if a := decline(t, s, p, tt.otherEmail, tt.otherAddress); a.String("status") != "declined" {
				t.Errorf("somebody else: %d %s", a.Code, a.Raw)
			}
			s.Age(61 * time.Minute)
			if a := decline(t, s, p, email, address); a.String("status") != "declined" {
				t.Errorf("an hour later: %d %s, want another try", a.Code, a.Raw)
			}
		})
	}
}
