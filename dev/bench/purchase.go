package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/tillside/tillside/server/shoptest"
)

// buyer makes purchases over one connection: step 1, details, pay.
type buyer struct {
	http *client
	form string                // the form token, the same for every visitor
	card func() (token string) // makes a token for the means of payment
	code string                // of a coupon; empty for none
	paid func(time.Duration)   // is told how long each payment took; nil for nobody
}

// buy makes one purchase and fails unless it was paid.
func (b *buyer) buy() error {
	raw := fmt.Sprintf(`{"form_token":%q,"contact":{"email":"%s@example.com","first_name":"Erika","last_name":"Muster"},`+
		`"page_url":"","referrer":"","utm":{"source":"letter"},"partner":""%s}`, b.form, randomHex(), b.brings())
	var started struct {
		ID    string `json:"id"`
		Token string `json:"checkout_token"`
	}
	if err := b.ask(http.MethodPost, "/v1/checkouts", "", raw, http.StatusCreated, &started); err != nil {
		return fmt.Errorf("step 1: %w", err)
	}
	path, header := "/v1/checkouts/"+started.ID, "X-Tillside-Checkout: "+started.Token+"\r\n"
	var detailed struct {
		Quote struct {
			DueToday struct {
				Amount   int64  `json:"amount"`
				Currency string `json:"currency"`
			} `json:"due_today"`
		} `json:"quote"`
	}
	raw = `{"version":1,"details":{"country":"DE","postal_code":"10115"},"step":3}`
	if err := b.ask(http.MethodPatch, path, header, raw, http.StatusOK, &detailed); err != nil {
		return fmt.Errorf("details: %w", err)
	}
	due := detailed.Quote.DueToday
	raw = fmt.Sprintf(`{"gateway":"stripe","token":%q,"expected_total":{"amount":%d,"currency":%q}}`, b.card(), due.Amount, due.Currency)
	var paid struct {
		Status string `json:"status"`
	}
	began := time.Now()
	err := b.ask(http.MethodPost, path+"/pay", header+"Idempotency-Key: "+randomHex()+"\r\n", raw, http.StatusOK, &paid)
	if err != nil {
		return fmt.Errorf("pay: %w", err)
	}
	if paid.Status != "succeeded" {
		return fmt.Errorf("pay: the answer is %q", paid.Status)
	}
	if b.paid != nil {
		b.paid(time.Since(began))
	}
	return nil
}

func (b *buyer) brings() string {
	if b.code == "" {
		return ""
	}
	return fmt.Sprintf(`,"coupons":[%q]`, b.code)
}

func (b *buyer) ask(method, path, headers, body string, want int, answer any) error {
	status, text, err := b.http.do(method, path, headers, []byte(body))
	if err != nil {
		return err
	}
	if status != want {
		return fmt.Errorf("%d %s", status, text)
	}
	return json.Unmarshal(text, answer)
}

// newBuyers opens n connections to a process.
func newBuyers(n int, s *shoptest.Stand, p *shoptest.Process, card func() string, code string) ([]*buyer, error) {
	clients, err := dialAll(n, p.URL)
	if err != nil {
		return nil, err
	}
	buyers, form := make([]*buyer, n), s.NewBuyer(p, "course").FormToken()
	for i, c := range clients {
		buyers[i] = &buyer{http: c, form: form, card: card, code: code}
	}
	return buyers, nil
}

// settles measures whole purchases against their own statements in a single
// transaction of a bare program.
func settles(s *shoptest.Stand, p *shoptest.Process, script *script, o options, code string) (outcome, error) {
	buyers, err := newBuyers(o.workers, s, p, randomHex, code)
	if err != nil {
		return outcome{}, err
	}
	db, err := openFloor(s)
	if err != nil {
		return outcome{}, err
	}
	defer db.Close() //nolint:errcheck // nothing is under way
	c := contest{
		workers: o.workers, lasts: 3 * time.Second,
		floor:   func(int) error { return script.play(db) },
		subject: func(worker int) error { return buyers[worker].buy() },
	}

	before := counts(s, code)
	result, err := c.run(o.rounds)
	if err != nil {
		return result, err
	}
	after := counts(s, code)
	for table, n := range after {
		// A floor that left something out would be no floor.
		if orders := after["orders"] - before["orders"]; n-before[table] != orders {
			return result, fmt.Errorf("%d rows in %s for %d orders", n-before[table], table, orders)
		}
	}
	return result, nil
}

func counts(s *shoptest.Stand, code string) map[string]int {
	rows := map[string]int{}
	for _, table := range []string{"contacts", "checkouts", "attempts", "customers", "orders", "order_items", "payments"} {
		rows[table] = s.Count("SELECT COUNT(*) FROM {" + table + "}")
	}
	if code != "" {
		rows["redemptions"] = s.Count("SELECT COUNT(*) FROM {redemptions} WHERE state = 'committed'")
		rows["coupon_claims"] = s.Count("SELECT COUNT(*) FROM {coupon_claims}")
	}
	rows["checkouts, paid"] = s.Count("SELECT COUNT(*) FROM {checkouts} WHERE status = 'paid' AND intent_id IS NOT NULL")
	rows["attempts, succeeded"] = s.Count("SELECT COUNT(*) FROM {attempts} WHERE status = 'succeeded'")
	return rows
}

// play runs the script once, as a program would that has nothing but a driver.
func (s *script) play(db *sql.DB) error {
	values := s.newValues()
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // a no-op once committed
	for i, statement := range s.statements {
		text := statement.fill(values)
		if statement.reads {
			if err := readAll(tx, text); err != nil {
				return fmt.Errorf("statement %d %s: %w", i, text, err)
			}
			continue
		}
		result, err := tx.Exec(text)
		if err != nil {
			return fmt.Errorf("statement %d %s: %w", i, text, err)
		}
		if statement.makes >= 0 {
			id, err := result.LastInsertId()
			if err != nil {
				return err
			}
			values[statement.makes] = fmt.Sprint(id)
		}
	}
	return tx.Commit()
}

func readAll(tx *sql.Tx, query string) error {
	rows, err := tx.Query(query)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err tells
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, dest := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
	for i := range values {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
	}
	return rows.Err()
}
