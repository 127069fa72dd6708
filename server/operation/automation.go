package operation

import (
	"context"
	"fmt"
	"slices"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// Plan is what a happening does to its contact: made from what the catalogue says
// before the transaction that carries it out.
type Plan struct {
	happening catalog.Happening
	change    contact.Change
	runs      []*Operation // that the automations name
	offer     *catalog.Offer
	products  []string // slugs of what is sold or was bought
	urgency   job.Priority
	// rivals are the automations of the offers that the contact has open
	// checkouts of, by their ids.
	rivals map[int64]catalog.Automations
}

// urgencies: what was bought and taken away goes before those who only began.
func urgencyOf(m catalog.Moment) job.Priority {
	switch m {
	case catalog.OnStarted:
		return job.PriorityEarly
	case catalog.OnAbandoned:
		return job.PriorityCode
	}
	return job.PriorityPurchase
}

// Plan returns what a happening does. An offer that is gone plans nothing.
func (s *Service) Plan(ctx context.Context, h catalog.Happening) (*Plan, error) {
	p := &Plan{happening: h, urgency: urgencyOf(h.Moment), change: contact.Change{
		ContactID: h.ContactID, Source: contact.SourceCheckout, Reason: h.Cause, Urgency: urgencyOf(h.Moment),
	}}
	if h.OrderID != 0 {
		p.change.Source = contact.SourceOrder
	}
	offer, err := s.Offers.OfferByID(ctx, h.OfferID)
	if errs.Is(err, errs.NotFound) {
		return p, nil
	}
	if err != nil {
		return nil, fmt.Errorf("plan %s: %w", h.Key, err)
	}
	p.offer = offer
	all := []catalog.Automations{offer.Automations}
	for _, item := range offer.Items {
		if h.Products == nil || slices.Contains(h.Products, item.Product.Slug) {
			p.takeProduct(&item.Product)
			all = append(all, item.Product.Automations)
		}
	}
	for _, slug := range h.Products { // bought from an offer that sells something else now
		if slices.Contains(p.products, slug) {
			continue
		}
		product, err := s.Products.Product(ctx, slug)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("plan %s: %w", h.Key, err)
		}
		p.takeProduct(product)
		all = append(all, product.Automations)
	}
	if h.Moment == catalog.OnPurchased {
		p.change.Remove = append(p.change.Remove, begun(offer.Automations)...)
		if p.rivals, err = s.rivals(ctx, h); err != nil {
			return nil, fmt.Errorf("plan %s: %w", h.Key, err)
		}
	}
	for _, automations := range all {
		if err := s.take(ctx, p, automations[h.Moment]); err != nil {
			return nil, fmt.Errorf("plan %s: %w", h.Key, err)
		}
	}
	return p, nil
}

func (s *Service) rivals(ctx context.Context, h catalog.Happening) (map[int64]catalog.Automations, error) {
	ids, err := s.Store.OpenOffers(ctx, h.ContactID)
	if err != nil {
		return nil, err
	}
	rivals := map[int64]catalog.Automations{}
	for _, id := range ids {
		offer, err := s.Offers.OfferByID(ctx, id)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		rivals[id] = offer.Automations
	}
	return rivals, nil
}

// begun returns the tags that say that somebody began to order, or left.
func begun(a catalog.Automations) []string {
	return slices.Concat(a.Tags(catalog.OnStarted), a.Tags(catalog.OnAbandoned))
}

// takeProduct plans what a product itself gives and takes: revoke beats access, so
// that what revoked it before must go when it is bought again.
func (p *Plan) takeProduct(product *catalog.Product) {
	p.products = append(p.products, product.Slug)
	switch p.happening.Moment {
	case catalog.OnPurchased:
		p.change.Add = append(p.change.Add, product.AccessTags...)
		p.change.Remove = append(p.change.Remove, product.RevokeTags...)
	case catalog.OnRevoked:
		p.change.Add = append(p.change.Add, product.RevokeTags...)
	}
}

func (s *Service) take(ctx context.Context, p *Plan, a catalog.Automation) error {
	p.change.Add = append(p.change.Add, a.Add...)
	p.change.Remove = append(p.change.Remove, a.Remove...)
	for _, slug := range a.Run {
		o, err := s.Store.Operation(ctx, slug)
		if errs.Is(err, errs.NotFound) {
			continue // deleted since; the catalogue's check names it
		}
		if err != nil {
			return err
		}
		p.runs = append(p.runs, o)
	}
	return nil
}

// CampaignTx is what carrying out a plan asks of checkouts.
type CampaignTx interface {
	Tx
	// IsPaid reports whether a checkout was paid.
	IsPaid(ctx context.Context, checkoutID int64) (bool, error)
	// Rivals returns the checkouts of a contact, or of its WordPress user, that
	// were left or are open and sell one of some products (nil: any), but for
	// one checkout.
	Rivals(ctx context.Context, contactID, checkoutID int64, products []string) ([]Rival, error)
	// EndRival notes that an order made a checkout needless.
	EndRival(ctx context.Context, checkoutID, orderID int64) error
}

// Rival is a checkout that an order of the same person makes needless.
type Rival struct {
	CheckoutID int64
	OfferID    int64
}

// Carry does what a plan says in the caller's transaction. A contact who has
// bought meanwhile did not just begin to order, and is not told to have left.
func (s *Service) Carry(ctx context.Context, tx CampaignTx, p *Plan) error {
	h := p.happening
	switch h.Moment {
	case catalog.OnStarted, catalog.OnAbandoned:
		if paid, err := tx.IsPaid(ctx, h.CheckoutID); err != nil || paid {
			return err
		}
	case catalog.OnPurchased:
		if err := s.stopCampaigns(ctx, tx, p); err != nil {
			return fmt.Errorf("stop campaigns of contact %d: %w", h.ContactID, err)
		}
	}
	if _, err := contact.Apply(ctx, tx, p.change, s.Now()); err != nil {
		return err
	}
	for _, o := range p.runs {
		if err := s.begin(ctx, tx, p, o, SourceAutomation); err != nil {
			return err
		}
	}
	return s.trigger(ctx, tx, p)
}

// trigger starts the operations that wait for such a moment of their own accord.
func (s *Service) trigger(ctx context.Context, tx Tx, p *Plan) error {
	kind := map[catalog.Moment]TriggerKind{
		catalog.OnStarted: TriggerStarted, catalog.OnAbandoned: TriggerAbandoned, catalog.OnPurchased: TriggerPurchase,
	}[p.happening.Moment]
	if kind == "" || p.offer == nil {
		return nil
	}
	found, err := tx.Triggered(ctx, kind, []string{p.offer.Slug})
	if err != nil {
		return err
	}
	for i := range found {
		if err := s.begin(ctx, tx, p, &found[i], SourceTrigger); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) begin(ctx context.Context, tx Tx, p *Plan, o *Operation, source Source) error {
	if o.Status != StatusActive {
		return nil
	}
	h := p.happening
	_, _, err := s.Enter(ctx, tx, Start{
		Operation: o, ContactID: h.ContactID, Source: source, Key: string(source) + ":" + h.Key, Cause: h.Cause, Urgency: p.urgency,
		CheckoutID: h.CheckoutID, OrderID: h.OrderID,
	})
	return err
}

// stopCampaigns ends what was begun to bring somebody back who has bought now:
// runs that wait, and the tags of checkouts that are needless.
func (s *Service) stopCampaigns(ctx context.Context, tx CampaignTx, p *Plan) error {
	h := p.happening
	found, err := tx.Rivals(ctx, h.ContactID, h.CheckoutID, p.rivalProducts())
	if err != nil {
		return err
	}
	for _, rival := range found {
		if err := tx.EndRival(ctx, rival.CheckoutID, h.OrderID); err != nil {
			return err
		}
		p.change.Remove = append(p.change.Remove, begun(p.rivals[rival.OfferID])...)
	}
	for _, id := range append([]int64{h.CheckoutID}, idsOf(found)...) {
		if _, err := tx.StopRuns(ctx, id, "The contact has bought."); err != nil {
			return err
		}
	}
	return nil
}

func (p *Plan) rivalProducts() []string {
	if p.products == nil {
		return []string{}
	}
	return p.products
}

func idsOf(rivals []Rival) []int64 {
	ids := make([]int64, len(rivals))
	for i, r := range rivals {
		ids[i] = r.CheckoutID
	}
	return ids
}

// LoggedIn starts the operations that wait for a login of a contact. key names the
// login, once.
func (s *Service) LoggedIn(ctx context.Context, contactID int64, key string) error {
	return s.Store.InTx(ctx, func(tx Tx) error {
		found, err := tx.Triggered(ctx, TriggerLogin, nil)
		if err != nil {
			return err
		}
		for i := range found {
			_, _, err := s.Enter(ctx, tx, Start{
				Operation: &found[i], ContactID: contactID, Source: SourceTrigger, Key: key, Cause: "login", Urgency: job.PriorityNormal,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Tagged starts, in the caller's transaction, the operations that tags of a change
// trigger.
func (s *Service) Tagged(ctx context.Context, tx Tx, c *contact.Changed) error {
	for kind, events := range map[TriggerKind][]contact.TagEvent{TriggerTag: c.Added, TriggerUntag: c.Removed} {
		if len(events) == 0 {
			continue
		}
		tags := make([]string, len(events))
		for i, e := range events {
			tags[i] = e.Tag
		}
		found, err := tx.Triggered(ctx, kind, tags)
		if err != nil {
			return err
		}
		for i := range found {
			if err := s.onTags(ctx, tx, c, &found[i], kind, events); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) onTags(ctx context.Context, tx Tx, c *contact.Changed, o *Operation, kind TriggerKind, events []contact.TagEvent) error {
	for _, e := range events {
		if !slices.ContainsFunc(o.Settings.Triggers, func(t Trigger) bool { return t.Kind == kind && t.Arg == e.Tag }) {
			continue
		}
		_, _, err := s.Enter(ctx, tx, Start{
			Operation: o, ContactID: c.ContactID, Source: SourceTrigger, Key: fmt.Sprintf("event:%d", e.Event), Cause: causeOfTag(e.Tag),
			Urgency: c.Urgent, Depth: c.Depth + 1,
		})
		if err != nil && !errs.Is(err, errs.Conflict) { // switched off meanwhile, or a circle that ends here
			return err
		}
	}
	return nil
}
