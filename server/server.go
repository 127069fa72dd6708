// Package server wires everything: it finds the site, opens the database, and
// runs the HTTP listeners and the worker.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/tillside/tillside/server/api"
	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/checkout"
	"github.com/tillside/tillside/server/config"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/giftcard"
	"github.com/tillside/tillside/server/hook"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/mysql"
	"github.com/tillside/tillside/server/operation"
	"github.com/tillside/tillside/server/order"
	"github.com/tillside/tillside/server/payment/stripe"
)

// Shop is one site's shop, opened: everything but the listeners.
type Shop struct {
	Catalog    *catalog.Service
	Coupons    *coupon.Service
	Checkout   *checkout.Service
	Orders     *order.Service
	Operations *operation.Service
	CRMs       *crm.Service
	GiftCards  *giftcard.Service
	Worker     *job.Worker

	cfg         *config.Config
	log         *slog.Logger
	now         func() time.Time
	db          *mysql.DB
	jobs        *mysql.JobStore
	site        *site
	fence       *fence
	gateways    *gateways
	users       *users
	mailer      *mailer
	guard       *coupon.Guard
	book        *coupon.Book
	links       *coupon.Links
	campaigns   *coupon.Campaigns
	couponStore *mysql.CouponStore
	individuals *coupon.Individuals
	inbox       *hook.Inbox
}

// Options sets a Shop up.
type Options struct {
	Config *config.Config
	Log    *slog.Logger
	Now    func() time.Time // nil: time.Now
	// Verb is set for a command beside the process that serves: it does not
	// tell WordPress where Tillside listens.
	Verb bool
}

// Open finds the site, migrates its tables and wires the shop. It fails with
// what is missing: call it again later. Close what it returns.
func Open(ctx context.Context, o Options) (*Shop, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	db, site, err := openDatabase(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &Shop{cfg: o.Config, log: o.Log, now: o.Now, db: db, site: site, jobs: mysql.NewJobStore(db)}
	if err := s.wire(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

func openDatabase(ctx context.Context, o Options) (*mysql.DB, *site, error) {
	dsn, prefix, found, err := findSite(o.Config)
	if err != nil {
		return nil, nil, err
	}
	db, err := mysql.Open(ctx, mysql.Options{DSN: dsn, Prefix: prefix, Pool: o.Config.Pool, Now: o.Now})
	if err != nil {
		return nil, nil, err
	}
	settings := *o.Config
	if o.Verb {
		settings.URL = ""
	}
	site, err := openSite(ctx, &settings, db, found, o.Log, o.Now)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	applied, err := db.Migrate(ctx, o.Log)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	if len(applied) > 0 {
		o.Log.InfoContext(ctx, "tables brought up to date", "migrations", len(applied))
	}
	return db, site, nil
}

// wire builds the services on the open database.
func (s *Shop) wire(ctx context.Context) error {
	var err error
	if s.fence, err = openFence(ctx, s.db, s.site.Home()); err != nil {
		return err
	}
	if err := s.site.remember(ctx); err != nil {
		return err
	}
	statusKey, err := s.site.Keys().Derive("tillside/v1/status")
	if err != nil {
		return err
	}
	s.gateways = &gateways{cfg: s.cfg, db: s.db, site: s.site, fence: s.fence, log: s.log, now: s.now}
	orderStore := mysql.NewOrderStore(s.db)
	s.users = &users{site: s.site, store: orderStore, db: s.db, log: s.log, now: s.now}
	s.mailer = &mailer{site: s.site, tongue: s.site.tongue}
	s.Catalog = catalog.NewService(mysql.NewCatalogStore(s.db), s.now)
	maker := giftcard.Maker{Seal: s.site.seal, Open: s.site.unseal, Zone: s.site.TimeZone, Now: s.now}
	s.GiftCards = giftcard.NewService(giftcard.Options{
		Store: mysql.NewGiftCardStore(s.db), Maker: maker, Mailer: s.mailer, Now: s.now,
	})
	s.Orders = order.NewService(order.Options{
		Store: orderStore, Gateways: s.gateways.Gateway, Users: s.users,
		Mailer: s.mailer, Cards: maker, Log: s.log, Now: s.now,
	})
	couponStore := mysql.NewCouponStore(s.db)
	s.book = &coupon.Book{Store: couponStore, Catalogue: s.Catalog, Now: s.now}
	s.couponStore = couponStore
	s.campaigns = &coupon.Campaigns{Store: couponStore, Zone: s.site.TimeZone, Now: s.now}
	s.links = &coupon.Links{Store: couponStore, Now: s.now}
	s.individuals = &coupon.Individuals{Store: couponStore, Zone: s.site.TimeZone, Now: s.now}
	s.Operations = operation.NewService(operation.Options{
		Store: mysql.NewOperationStore(s.db), Coupons: s.individuals, Cards: s.GiftCards, Offers: s.Catalog, Products: s.Catalog, People: s.db,
		Users: s.users, Sender: newSender(s.mailer, s.cfg.AllowHosts), Page: s.offerPage,
		Date: func(at time.Time) string { return s.site.Locale().DateTime(at, s.site.TimeZone()) }, Zone: s.site.TimeZone, Now: s.now,
	})
	s.CRMs = s.newCRMs()
	s.inbox = hook.NewInbox(hook.Options{Store: mysql.NewHookStore(s.db), Do: s.deliver, Now: s.now})
	s.Coupons = coupon.NewService(coupon.Options{
		Store: couponStore, People: &people{s.db}, Offers: s.Catalog, Minimum: money.StripeMinimum, Now: s.now,
	})
	s.guard = coupon.NewGuard(mysql.NewRefusalStore(s.db), statusKey, s.now)
	s.Checkout = checkout.NewService(checkout.Options{
		Store: mysql.NewCheckoutStore(s.db), Offers: s.Catalog, Orders: s.Orders, Coupons: s.Coupons, Guard: s.guard, Gateways: s.gateways.Gateway,
		Minimum: money.StripeMinimum, Zone: s.site.TimeZone, Site: s.fence.SiteID, Home: s.site.Home, Selling: s.fence.Selling, FollowUp: s.FollowUp, StatusKey: statusKey, Log: s.log, Now: s.now,
	})
	s.gateways.inbox = s.Checkout
	s.Worker = job.NewWorker(job.Options{
		Store: s.jobs, Handlers: s.handlers(), Destinations: s.destinations(), Schedules: schedules, Log: s.log, Now: s.now,
		Paused: func(context.Context) bool { return s.fence.Up() },
	})
	s.db.OnEnqueue(s.Worker.Wake)
	return s.registerDestinations(ctx)
}

// Close waits for payments under way, then closes the database.
func (s *Shop) Close(ctx context.Context) error {
	s.Checkout.Wait(ctx)
	return s.db.Close()
}

// Poll reads the gateways' events into the inbox.
func (s *Shop) Poll(ctx context.Context) (int, error) {
	if _, err := s.gateways.Gateway(stripe.Name); err != nil {
		return 0, nil // nothing is set up, or this is a copy
	}
	return s.Checkout.Poll(ctx, stripe.Name)
}

// Handler returns the public routes.
func (s *Shop) Handler() http.Handler {
	return api.New(api.Options{
		Offers: s.Catalog, Checkouts: s.Checkout, Coupons: s.Coupons, Guard: s.guard, Orders: s.Orders, Site: s.site, Gateways: s.gateways, Admin: &admin{s}, Desk: &desk{s},
		Links: &followedLinks{s}, Hooks: &hooks{s}, OperationDesk: &operationDesk{s}, CampaignDesk: &campaignDesk{s}, OfferDesk: &offerDesk{s}, GiftCards: s.GiftCards, CardDesk: &cardDesk{s}, OfferPage: s.offerPage,
		Selling: s.fence.Selling, TakeJTI: s.db.TakeJTI, Log: s.log, Now: s.now, Version: Version,
	})
}

// Migrate brings the tables up to date and returns the migrations it applied.
func Migrate(ctx context.Context, o Options) ([]string, error) {
	dsn, prefix, _, err := findSite(o.Config)
	if err != nil {
		return nil, err
	}
	db, err := mysql.Open(ctx, mysql.Options{DSN: dsn, Prefix: prefix, Pool: 2, Now: o.Now})
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // nothing is under way
	applied, err := db.Migrate(ctx, o.Log)
	if err != nil {
		return applied, fmt.Errorf("migrate %s: %w", prefix, err)
	}
	return applied, nil
}
