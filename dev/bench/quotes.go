package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/mysql/mysqltest"
	"github.com/tillside/tillside/server/shoptest"
)

// floorAnswer has the shape and the size of a quote.
type floorAnswer struct {
	Currency string      `json:"currency"`
	Lines    []floorLine `json:"lines"`
	Subtotal floorAmount `json:"subtotal"`
	Discount floorAmount `json:"discount"`
	Tax      floorAmount `json:"tax"`
	TaxLines []string    `json:"tax_lines"`
	Total    floorAmount `json:"total"`
	DueToday floorAmount `json:"due_today"`
}

type floorLine struct {
	Name     string      `json:"name"`
	Quantity int64       `json:"quantity"`
	Unit     floorAmount `json:"unit"`
	Discount floorAmount `json:"discount"`
	Tax      floorAmount `json:"tax"`
	Total    floorAmount `json:"total"`
}

type floorAmount struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Text     string `json:"text"`
}

// bareGin is a handler that decodes the same body, reads one row by a unique
// key, and answers as many bytes. It checks nothing.
func bareGin(db *sql.DB, answer floorAnswer) http.Handler {
	const query = "SELECT id, revision FROM " + mysqltest.Prefix + "tillside_offers WHERE slug = ?"
	r := gin.New()
	r.POST("/v1/quotes", func(c *gin.Context) {
		var in struct {
			FormToken string `json:"form_token"`
			Items     []struct {
				Price    string `json:"price"`
				Quantity int64  `json:"quantity"`
			} `json:"items"`
		}
		if err := json.NewDecoder(c.Request.Body).Decode(&in); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		var id, revision int64
		if err := db.QueryRowContext(c.Request.Context(), query, "course").Scan(&id, &revision); err != nil {
			c.Status(http.StatusInternalServerError)
			return
		}
		c.JSON(http.StatusOK, answer)
	})
	return r
}

// quotes measures POST /v1/quotes against bareGin, both over HTTP on loopback.
func quotes(s *shoptest.Stand, p *shoptest.Process, o options) (outcome, error) {
	body, err := json.Marshal(map[string]any{"form_token": s.NewBuyer(p, "course").FormToken()})
	if err != nil {
		return outcome{}, err
	}
	first, err := dial(p.URL)
	if err != nil {
		return outcome{}, err
	}
	status, text, err := first.do(http.MethodPost, "/v1/quotes", "", body)
	if err != nil || status != http.StatusOK {
		return outcome{}, fmt.Errorf("quote: %d %s: %w", status, text, err)
	}
	var answer floorAnswer
	if err := json.Unmarshal(text, &answer); err != nil {
		return outcome{}, err
	}
	if again, err := json.Marshal(answer); err != nil || len(again) != len(text) {
		return outcome{}, fmt.Errorf("the floor answers %d bytes instead of %d: %w", len(again), len(text), err)
	}
	db, err := openFloor(s)
	if err != nil {
		return outcome{}, err
	}
	defer db.Close() //nolint:errcheck // nothing is under way
	floor := httptest.NewServer(bareGin(db, answer))
	defer floor.Close()

	ask := func(url string) (func(int) error, error) {
		clients, err := dialAll(o.workers, url)
		return func(worker int) error {
			status, text, err := clients[worker].do(http.MethodPost, "/v1/quotes", "", body)
			if err == nil && status != http.StatusOK {
				err = fmt.Errorf("%d %s", status, text)
			}
			return err
		}, err
	}
	c := contest{workers: o.workers, lasts: 2 * time.Second}
	if c.floor, err = ask(floor.URL); err != nil {
		return outcome{}, err
	}
	if c.subject, err = ask(p.URL); err != nil {
		return outcome{}, err
	}
	return c.run(o.rounds)
}
