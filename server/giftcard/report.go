package giftcard

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"github.com/tillside/tillside/server/coupon"
)

// csvHead are the columns of an export. Codes are not among them: they are not
// known any more.
var csvHead = []string{
	"number", "code_ends_with", "status", "currency", "issued", "balance", "held", "source", "order_id", "recipient_name", "recipient_email",
	"created_at", "delivered_at", "expires_at",
}

const exportBatch = 1000

// Export writes all cards as CSV, in the order in which they were made. It holds
// a thousand in memory at a time and says how many are written.
func (s *Service) Export(ctx context.Context, w io.Writer, progress func(written int)) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvHead); err != nil {
		return err
	}
	after, written := int64(0), 0
	for {
		cards, err := s.Store.CardsAfter(ctx, after, exportBatch)
		if err != nil {
			return err
		}
		for i := range cards {
			if err := out.Write(row(&cards[i])); err != nil {
				return err
			}
		}
		out.Flush()
		if err := out.Error(); err != nil || len(cards) == 0 {
			return err
		}
		after, written = cards[len(cards)-1].ID, written+len(cards)
		progress(written)
	}
}

func row(c *Card) []string {
	orderID := ""
	if c.OrderID != 0 {
		orderID = strconv.FormatInt(c.OrderID, 10)
	}
	return []string{
		strconv.FormatInt(c.ID, 10), c.Mask[len(maskDots):], string(c.Status), string(c.Currency), c.Issued.Major(), c.Balance.Major(),
		c.Held.Major(), string(c.Source), orderID, coupon.SafeCell(c.Gift.RecipientName), coupon.SafeCell(c.Gift.RecipientEmail),
		instant(&c.CreatedAt), instant(c.DeliveredAt), instant(c.ExpiresAt),
	}
}

func instant(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// Liability says what is owed to the holders of cards at a moment, a line a
// currency: the sum of all that was entered before it.
func (s *Service) Liability(ctx context.Context, until time.Time) ([]Liability, error) {
	return s.Store.Liability(ctx, until)
}

// Verify adds the ledgers up and compares them with balances, orders and holds.
// It returns what does not add up: nothing, or there is a fault in this program
// or a hand in the database.
func (s *Service) Verify(ctx context.Context) ([]Fault, error) { return s.Store.Faults(ctx) }

// SetSettings stores the owner's choices for cards that are made from now on.
func (s *Service) SetSettings(ctx context.Context, settings Settings) (Settings, error) {
	settings, err := settings.Check()
	if err != nil {
		return settings, err
	}
	return settings, s.Store.SetSettings(ctx, settings)
}
