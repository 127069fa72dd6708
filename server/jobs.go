package server

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	"encoding/json"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/checkout"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/mysql"
	"github.com/tillside/tillside/wpbridge"
	"github.com/tillside/tillside/wpbridge/wpdb"
)

// The jobs that belong to no domain package.
const (
	jobPoll   = "payment.poll"
	jobOutbox = "wordpress.outbox"
	jobPurge  = "tillside.purge"

	jobGenerate = "coupon.generate" // makes the codes of a campaign
	jobWaiting  = "seats.waiting"   // tells those who wait for a seat
)

// schedules are the jobs that come again and again.
var schedules = []job.Schedule{
	{Name: "expire", Kind: checkout.JobExpire, Every: time.Minute},
	{Name: "reconcile", Kind: checkout.JobReconcile, Every: 2 * time.Minute},
	{Name: "poll", Kind: jobPoll, Every: 20 * time.Second},
	{Name: "outbox", Kind: jobOutbox, Every: 10 * time.Second},
	{Name: "waiting", Kind: jobWaiting, Every: time.Minute},
	{Name: "gift_cards", Kind: giftcard.JobExpire, Every: time.Hour},
	{Name: "purge", Kind: jobPurge, Every: time.Hour},
}

func (s *Shop) handlers() map[string]job.Handler {
	all := map[string]job.Handler{
		jobPoll:            s.poll,
		jobOutbox:          s.readOutbox,
		jobPurge:           func(ctx context.Context, _ job.Job) error { return s.db.Purge(ctx) },
		checkout.JobEvent:  s.checkoutEvent,
		checkout.JobFailed: s.mailFailed,
		catalog.JobPurge:   s.purgeOffers,
		jobGenerate:        s.generateJob,
		jobWaiting:         s.tellWaiting,
		jobTags:            s.tellTags,
		jobRoles:           s.tagRoles,
	}
	maps.Copy(all, s.Orders.Handlers())
	maps.Copy(all, s.Checkout.Handlers())
	maps.Copy(all, s.GiftCards.Handlers())
	return all
}

// lostEventsEvery is how often events are listed where webhooks arrive: only
// to find the lost ones.
const lostEventsEvery = 10 * time.Minute

// poll reads the provider's events: often where no webhook can reach us, else
// now and then.
func (s *Shop) poll(ctx context.Context, _ job.Job) error {
	const setting = "poll.last"
	if s.gateways.hasWebhook() {
		text, err := s.db.Setting(ctx, setting)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		if last, _ := strconv.ParseInt(text, 10, 64); s.now().Sub(time.Unix(last, 0)) < lostEventsEvery {
			return nil
		}
		if err := s.db.SetSetting(ctx, setting, strconv.FormatInt(s.now().Unix(), 10)); err != nil {
			return err
		}
	}
	_, err := s.Poll(ctx)
	return err
}

const outboxBatch = 100

// readOutbox handles what WordPress wrote for us: hooks that fired there.
func (s *Shop) readOutbox(ctx context.Context, _ job.Job) error {
	for {
		events, err := wpdb.Events(ctx, s.db.WordPress(), s.db.Prefix(), outboxBatch)
		if err != nil || len(events) == 0 {
			return err
		}
		done := make([]int64, 0, len(events))
		for _, e := range events {
			if err := s.wordpressEvent(ctx, e); err != nil {
				return err
			}
			done = append(done, e.ID)
		}
		if err := wpdb.DeleteEvents(ctx, s.db.WordPress(), s.db.Prefix(), done); err != nil {
			return err
		}
	}
}

func (s *Shop) wordpressEvent(ctx context.Context, e wpdb.Event) error {
	var p struct {
		UserID int64  `json:"user_id"`
		PostID int64  `json:"post_id"`
		URL    string `json:"url"`
		Offer  string `json:"offer"`
	}
	if err := json.Unmarshal(e.Payload, &p); err != nil {
		s.log.WarnContext(ctx, "event of WordPress not understood", "event", e.ID, "type", e.Type)
		return nil
	}
	switch {
	case e.Type == "user.deleted" && p.UserID > 0:
		return s.db.ForgetUser(ctx, p.UserID)
	case e.Type == "user.updated" && p.UserID > 0:
		return s.followUser(ctx, p.UserID)
	case e.Type == "user.login" && p.UserID > 0:
		return s.loggedIn(ctx, p.UserID, e.ID)
	case e.Type == "page.shown" && catalog.SameSite(s.site.Home(), p.URL) && catalog.CheckSlug(p.Offer) == "":
		return s.db.SawOfferPage(ctx, p.Offer, p.URL, p.PostID)
	case e.Type == "page.gone" && p.PostID > 0:
		return s.db.ForgetPage(ctx, p.PostID)
	}
	return nil // users are read afresh wherever they matter
}

// followUser takes over the address that a WordPress user has now. One that we
// would not take from a buyer, and a user who is gone, change nothing.
func (s *Shop) followUser(ctx context.Context, userID int64) error {
	user, err := wpdb.UserByID(ctx, s.db.WordPress(), s.db.Prefix(), userID)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	email, err := contact.CheckEmail(user.Email)
	if err != nil {
		return nil
	}
	return s.db.FollowUser(ctx, userID, email)
}

// loggedIn starts what waits for a member's login. Who has no contact has ordered
// nothing, and nothing waits.
func (s *Shop) loggedIn(ctx context.Context, userID, event int64) error {
	c, err := s.db.ContactOfUser(ctx, userID)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Operations.LoggedIn(ctx, c.ID, fmt.Sprintf("login:%d", event))
}

// checkoutEvent tells other plugins of a checkout.
func (s *Shop) checkoutEvent(ctx context.Context, j job.Job) error {
	var p checkout.EventJob
	if err := j.Decode(&p); err != nil {
		return err
	}
	c, err := mysql.NewCheckoutStore(s.db).CheckoutByID(ctx, p.CheckoutID)
	if err != nil {
		return err
	}
	return s.users.fire(ctx, fmt.Sprintf("job-%d", j.ID), p.Type, map[string]any{
		"id": c.PublicID, "offer_id": c.OfferID, "email": c.Buyer.Email, "first_name": c.Buyer.FirstName,
		"last_name": c.Buyer.LastName, "user_id": c.UserID, "partner": c.Origin.Partner, "page_url": c.Origin.PageURL,
	})
}

// purgeOffers makes the site forget its copies of changed offers.
func (s *Shop) purgeOffers(ctx context.Context, j job.Job) error {
	var p catalog.PurgeJob
	if err := j.Decode(&p); err != nil {
		return err
	}
	_, err := s.site.client.PurgeCache(ctx, wpbridge.Purge{Offers: p.Offers})
	return err
}

// mailFailed writes to a buyer whose bank refused days later, unless the order
// was paid another way meanwhile.
func (s *Shop) mailFailed(ctx context.Context, j job.Job) error {
	var p checkout.AttemptJob
	if err := j.Decode(&p); err != nil {
		return err
	}
	store := mysql.NewCheckoutStore(s.db)
	a, err := store.Attempt(ctx, p.AttemptID)
	if err != nil {
		return err
	}
	c, err := store.CheckoutByID(ctx, a.CheckoutID)
	if err != nil || c.Status == checkout.StatusPaid {
		return err
	}
	return s.mailer.Failed(ctx, c, a)
}
