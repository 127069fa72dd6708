package mysql

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/operation"
)

// MarkAbandoned implements checkout.Tx.
func (t checkoutTx) MarkAbandoned(ctx context.Context, id int64, at time.Time) error {
	const query = `
		UPDATE {checkouts}
		SET abandoned_at = COALESCE(abandoned_at, ?)
		WHERE id = ?`

	if _, err := t.exec(ctx, query, at.UTC(), id); err != nil {
		return fmt.Errorf("abandon checkout %d: %w", id, err)
	}
	return nil
}

// IsPaid implements operation.CampaignTx.
func (t *tx) IsPaid(ctx context.Context, checkoutID int64) (bool, error) {
	const query = `
		SELECT EXISTS (SELECT 1 FROM {checkouts} WHERE id = ? AND status IN ('paid', 'processing'))`

	var paid bool
	if err := t.get(ctx, &paid, query, checkoutID); err != nil {
		return false, fmt.Errorf("checkout %d: %w", checkoutID, err)
	}
	return paid, nil
}

// Rivals implements operation.CampaignTx.
func (t *tx) Rivals(ctx context.Context, contactID, checkoutID int64, products []string) ([]operation.Rival, error) {
	const query = `
		SELECT DISTINCT c.id, c.offer_id, p.slug
		FROM {checkouts} c
		JOIN {offer_items} i ON i.offer_id = c.offer_id
		JOIN {prices} r ON r.id = i.price_id
		JOIN {products} p ON p.id = r.product_id
		WHERE c.contact_id = ? AND c.id <> ? AND c.status IN ('open', 'abandoned', 'expired') AND c.ended_by IS NULL
		ORDER BY c.id`

	var rows []struct {
		ID      int64  `db:"id"`
		OfferID int64  `db:"offer_id"`
		Slug    string `db:"slug"`
	}
	if err := t.all(ctx, &rows, query, contactID, checkoutID); err != nil {
		return nil, fmt.Errorf("other checkouts of contact %d: %w", contactID, err)
	}
	var rivals []operation.Rival
	for _, row := range rows {
		sold := products == nil
		for _, slug := range products {
			sold = sold || slug == row.Slug
		}
		if sold && (len(rivals) == 0 || rivals[len(rivals)-1].CheckoutID != row.ID) {
			rivals = append(rivals, operation.Rival{CheckoutID: row.ID, OfferID: row.OfferID})
		}
	}
	return rivals, nil
}

// EndRival implements operation.CampaignTx.
func (t *tx) EndRival(ctx context.Context, checkoutID, orderID int64) error {
	const query = `
		UPDATE {checkouts}
		SET ended_by = ?
		WHERE id = ?`

	if _, err := t.exec(ctx, query, orderID, checkoutID); err != nil {
		return fmt.Errorf("end checkout %d: %w", checkoutID, err)
	}
	return nil
}

// OpenOffers implements operation.Store.
func (s *OperationStore) OpenOffers(ctx context.Context, contactID int64) ([]int64, error) {
	const query = `
		SELECT DISTINCT offer_id
		FROM {checkouts}
		WHERE contact_id = ? AND status IN ('open', 'abandoned', 'expired') AND ended_by IS NULL`

	var ids []int64
	if err := s.db.all(ctx, &ids, query, contactID); err != nil {
		return nil, fmt.Errorf("open checkouts of contact %d: %w", contactID, err)
	}
	return ids, nil
}

// MoveMarks implements FollowTx: tags and fields that a contact has because of a
// checkout go to another contact, and the runs that wait with them.
func (t *tx) MoveMarks(ctx context.Context, m catalog.Moved) error {
	const names = `
		SELECT DISTINCT type, name
		FROM {contact_events}
		WHERE contact_id = ? AND type IN ('tag_added', 'field_set') AND (reason = ? OR reason LIKE ?)`
	const runs = `
		UPDATE {operation_runs}
		SET contact_id = ?
		WHERE checkout_id = ? AND status IN ('queued', 'running', 'waiting')`

	var rows []struct {
		Type string `db:"type"`
		Name string `db:"name"`
	}
	cause := catalog.OfCheckout(m.CheckoutID)
	if err := t.all(ctx, &rows, names, m.From, cause, "%, "+cause); err != nil {
		return fmt.Errorf("marks of checkout %d: %w", m.CheckoutID, err)
	}
	fields, err := t.Fields(ctx, m.From)
	if err != nil {
		return err
	}
	has, err := t.TagNames(ctx, m.From)
	if err != nil {
		return err
	}
	take := contact.Change{ContactID: m.From, Source: contact.SourceCheckout, Reason: "address corrected", Fields: map[string]string{}}
	give := contact.Change{ContactID: m.To, Source: contact.SourceCheckout, Reason: cause, Fields: map[string]string{}}
	for _, row := range rows {
		switch {
		case row.Type == string(contact.EventTagAdded) && slices.Contains(has, row.Name):
			take.Remove, give.Add = append(take.Remove, row.Name), append(give.Add, row.Name)
		case row.Type == string(contact.EventFieldSet) && fields[row.Name] != "":
			take.Fields[row.Name], give.Fields[row.Name] = "", fields[row.Name]
		}
	}
	for _, c := range []contact.Change{take, give} {
		if _, err := contact.Apply(ctx, t, c, t.now()); err != nil {
			return err
		}
	}
	if _, err := t.exec(ctx, runs, m.To, m.CheckoutID); err != nil {
		return fmt.Errorf("runs of checkout %d: %w", m.CheckoutID, err)
	}
	return nil
}
