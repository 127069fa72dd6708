package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/mysql/mysqltest"
	"github.com/tillside/tillside/server/shoptest"
)

// floorAnswer has the shape and the size of a quote.
type floorAnswer struct {
	Currency  string        `json:"currency"`
	Lines     []floorLine   `json:"lines"`
	Subtotal  floorAmount   `json:"subtotal"`
	Discount  floorAmount   `json:"discount"`
	Tax       floorAmount   `json:"tax"`
	TaxLines  []string      `json:"tax_lines"`
	Total     floorAmount   `json:"total"`
	GiftCard  floorAmount   `json:"gift_card"`
	DueToday  floorAmount   `json:"due_today"`
	Offer     floorOffer    `json:"offer"`
	Coupons   []floorCoupon `json:"coupons"`
	GiftCards []string      `json:"gift_cards"`
	Notices   []string      `json:"notices"`
	Now       string        `json:"now"`
}

type floorLine struct {
	Name     string      `json:"name"`
	Quantity int64       `json:"quantity"`
	Unit     floorAmount `json:"unit"`
	Subtotal floorAmount `json:"subtotal"`
	Discount floorAmount `json:"discount"`
	Tax      floorAmount `json:"tax"`
	Total    floorAmount `json:"total"`
}

type floorAmount struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Text     string `json:"text"`
}

type floorOffer struct {
	ID   int64  `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

type floorCoupon struct {
	Code      string      `json:"code"`
	Name      string      `json:"name"`
	Amount    floorAmount `json:"amount"`
	TrialDays int         `json:"trial_days"`
	Auto      bool        `json:"auto"`
	ExpiresAt *string     `json:"expires_at"`
}

// bareGin is a handler that decodes the same body, reads one row by a unique
// key, of the offer or of the code if there is one, and answers as many bytes.
// It checks nothing.
func bareGin(db *sql.DB, answer floorAnswer) http.Handler {
	const ofOffer = "SELECT id, revision FROM " + mysqltest.Prefix + "tillside_offers WHERE slug = ?"
	const ofCode = "SELECT id, coupon_id FROM " + mysqltest.Prefix + "tillside_coupon_codes WHERE code_key = ?"
	r := gin.New()
	r.POST("/v1/quotes", func(c *gin.Context) {
		var in struct {
			FormToken string `json:"form_token"`
			Items     []struct {
				Price    string `json:"price"`
				Quantity int64  `json:"quantity"`
			} `json:"items"`
			Coupons []string `json:"coupons"`
		}
		if err := json.NewDecoder(c.Request.Body).Decode(&in); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		query, key := ofOffer, any("course")
		if len(in.Coupons) > 0 {
			query, key = ofCode, []byte(strings.ReplaceAll(in.Coupons[0], "-", ""))
		}
		var id, other int64
		if err := db.QueryRowContext(c.Request.Context(), query, key).Scan(&id, &other); err != nil {
			c.Status(http.StatusInternalServerError)
			return
		}
		c.JSON(http.StatusOK, answer)
	})
	return r
}

// quotes measures POST /v1/quotes against bareGin, both over HTTP on loopback.
// bodies are what is asked, in turn.
func quotes(s *shoptest.Stand, p *shoptest.Process, o options, bodies [][]byte) (outcome, error) {
	answer, err := sampleQuote(p.URL, bodies[0])
	if err != nil {
		return outcome{}, err
	}
	db, err := openFloor(s)
	if err != nil {
		return outcome{}, err
	}
	defer db.Close() //nolint:errcheck // nothing is under way
	floor := httptest.NewServer(bareGin(db, answer))
	defer floor.Close()
	c := contest{workers: o.workers, lasts: 2 * time.Second}
	if c.floor, err = asking(o.workers, floor.URL, bodies); err != nil {
		return outcome{}, err
	}
	if c.subject, err = asking(o.workers, p.URL, bodies); err != nil {
		return outcome{}, err
	}
	return c.run(o.rounds)
}

// sampleQuote returns a quote as the floor answers it: with all of its bytes.
func sampleQuote(url string, body []byte) (floorAnswer, error) {
	var answer floorAnswer
	first, err := dial(url)
	if err != nil {
		return answer, err
	}
	status, text, err := first.do(http.MethodPost, "/v1/quotes", "", body)
	if err != nil || status != http.StatusOK {
		return answer, fmt.Errorf("quote: %d %s: %w", status, text, err)
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return answer, err
	}
	if again, err := json.Marshal(answer); err != nil || len(again) != len(text) {
		return answer, fmt.Errorf("the floor answers %d bytes instead of %d: %w", len(again), len(text), err)
	}
	return answer, nil
}

// asking sends quotes to one side, each worker over a connection of its own.
func asking(workers int, url string, bodies [][]byte) (func(int) error, error) {
	clients, err := dialAll(workers, url)
	next := make([]int, workers)
	for i := range next {
		next[i] = i * 7919 // apart from each other
	}
	return func(worker int) error {
		next[worker]++
		status, text, err := clients[worker].do(http.MethodPost, "/v1/quotes", "", bodies[next[worker]%len(bodies)])
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%d %s", status, text)
		}
		return err
	}, err
}
