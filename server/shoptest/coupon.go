package shoptest

import (
	"net/http"
	"strings"
	"time"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/mysql/mysqltest"
)

// AddCoupon makes a coupon of its own for one code, with rules as JSON, by plain
// SQL. maxUses limits the code; 0 does not. It returns the code's id.
func (s *Stand) AddCoupon(rules, code string, maxUses int) int64 {
	s.tb.Helper()
	slug := strings.ToLower(code)
	s.Exec("INSERT INTO "+mysqltest.Prefix+`tillside_coupons (slug, name, kind, status, auto_apply, revision, rules, created_at, updated_at)
		VALUES (?, ?, 'shared', 'active', ?, 1, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`,
		slug, code+" sale", strings.Contains(rules, `"auto_apply":true`), rules)
	return s.AddCode(slug, code, maxUses, nil)
}

// AddCode adds a code to a coupon.
func (s *Stand) AddCode(slug, code string, maxUses int, expiresAt *time.Time) int64 {
	s.tb.Helper()
	var most any
	if maxUses > 0 {
		most = maxUses
	}
	bits := 0
	if len(code) > 20 { // as long as generated ones
		bits = coupon.StrongBits
	}
	result, err := s.SQL.Exec("INSERT INTO "+mysqltest.Prefix+`tillside_coupon_codes (coupon_id, code, code_key, bits, max_uses, status,
		expires_at, created_at) VALUES ((SELECT id FROM `+mysqltest.Prefix+`tillside_coupons WHERE slug = ?), ?, ?, ?, ?, 'active', ?, UTC_TIMESTAMP(6))`,
		slug, code, []byte(coupon.Normalize(code)), bits, most, expiresAt)
	if err != nil {
		s.tb.Fatal(err)
	}
	id, err := result.LastInsertId()
	if err != nil {
		s.tb.Fatal(err)
	}
	return id
}

// UseCode enters a coupon code and takes the new total over when it applied.
func (b *Buyer) UseCode(code string) Answer {
	a := b.Do(http.MethodPut, "/v1/checkouts/"+b.ID+"/coupon", map[string]string{"code": code})
	if a.Code == http.StatusOK {
		b.Take(a.Map("quote"))
	}
	return a
}

// DropCode takes a code off again.
func (b *Buyer) DropCode(code string) Answer {
	a := b.Do(http.MethodDelete, "/v1/checkouts/"+b.ID+"/coupon", map[string]string{"code": code})
	if a.Code == http.StatusOK {
		b.Take(a.Map("quote"))
	}
	return a
}

// Take makes a quote's total the one that the buyer expects.
func (b *Buyer) Take(quote map[string]any) {
	due, _ := quote["due_today"].(map[string]any)
	if amount, isNumber := due["amount"].(float64); isNumber {
		b.Total = int64(amount)
	}
}
