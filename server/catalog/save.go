package catalog

import (
	"context"
	"slices"

	"github.com/tillside/tillside/server/job"
)

// saver stores what differs between a catalogue and a draft of it.
type saver struct {
	tx      Tx
	before  *Catalogue
	after   *draft
	report  Report
	changed map[any]bool // pointers of the draft
	stale   []string     // slugs of the offers that show a change
}

// save stores what differs, and says what that is. The revision of every offer
// that shows something of it grows.
func (s *Service) save(ctx context.Context, tx Tx, before *Catalogue, after *draft, dryRun bool) (Report, error) {
	v := &saver{
		tx: tx, before: before, after: after,
		report: Report{DryRun: dryRun, Changes: []Change{}}, changed: map[any]bool{},
	}
	for _, step := range []func(context.Context) error{v.products, v.prices, v.offers} {
		if err := step(ctx); err != nil {
			return v.report, err
		}
	}
	return v.report, s.purge(ctx, tx, v.stale)
}

// purge lets the site forget its copies of offers.
func (s *Service) purge(ctx context.Context, tx Tx, slugs []string) error {
	if len(slugs) == 0 {
		return nil
	}
	return tx.Enqueue(ctx, job.New{Kind: JobPurge, Payload: PurgeJob{slugs}, RunAt: s.now()})
}

// note reports what happens to a thing and returns whether to store it.
func (v *saver) note(thing any, kind, slug string, isNew bool, fields []string) bool {
	c := Change{Kind: kind, Slug: slug, Action: ActionUnchanged}
	switch {
	case isNew:
		c.Action = ActionCreated
	case len(fields) > 0:
		c.Action, c.Fields = ActionUpdated, fields
	}
	v.report.Changes = append(v.report.Changes, c)
	v.changed[thing] = c.Action != ActionUnchanged
	return v.changed[thing] && !v.report.DryRun
}

func (v *saver) products(ctx context.Context) error {
	for _, p := range v.after.Products {
		var fields []string
		if p.ID != 0 {
			fields = differences(documentOf(v.before.product(p.Slug)), documentOf(p))
		}
		if !v.note(p, kindProduct, p.Slug, p.ID == 0, fields) {
			continue
		}
		if err := v.tx.SaveProduct(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (v *saver) prices(ctx context.Context) error {
	for _, p := range v.after.Prices {
		var fields []string
		if p.ID != 0 {
			fields = differences(documentOfPrice(v.before.price(p.Slug)), documentOfPrice(p))
		}
		p.ProductID = v.after.productOf[p].ID // a new product has it by now
		if !v.note(p, kindPrice, p.Slug, p.ID == 0, fields) {
			continue
		}
		if err := v.tx.SavePrice(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (v *saver) offers(ctx context.Context) error {
	for _, o := range v.after.Offers {
		var fields []string
		if o.ID != 0 {
			fields = differences(documentOfOffer(v.before.offer(o.Slug)), documentOfOffer(o))
		}
		store := v.tx.RaiseRevision
		if v.note(o, kindOffer, o.Slug, o.ID == 0, fields) {
			store = v.tx.SaveOffer
		} else if v.report.DryRun || !v.shows(o) {
			continue
		}
		v.after.resolve(o) // products and prices have their ids by now
		if err := store(ctx, o); err != nil {
			return err
		}
		v.stale = append(v.stale, o.Slug)
	}
	return nil
}

// shows reports whether one of the changed products and prices is in an offer.
func (v *saver) shows(o *Offer) bool {
	return slices.ContainsFunc(o.Items, func(item OfferItem) bool {
		price := v.after.price(item.Price.Slug)
		return v.changed[price] || v.changed[v.after.productOf[price]]
	})
}
