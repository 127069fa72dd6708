package catalog

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// Store is what Service needs from storage. Package mysql implements it.
// Whatever does not exist is errs.NotFound.
type Store interface {
	// OfferBySlug and OfferByID return an offer with its items as one moment
	// saw them.
	OfferBySlug(ctx context.Context, slug string) (*Offer, error)
	OfferByID(ctx context.Context, id int64) (*Offer, error)
	// RevisionBySlug and RevisionByID return an offer's id and revision with
	// one look into an index.
	RevisionBySlug(ctx context.Context, slug string) (Version, error)
	RevisionByID(ctx context.Context, id int64) (Version, error)
	// ProductBySlug returns a product.
	ProductBySlug(ctx context.Context, slug string) (*Product, error)
	// Catalogue returns everything, ordered by slug.
	Catalogue(ctx context.Context) (*Catalogue, error)
	// InTx runs fn in a transaction that commits if fn returns nil.
	InTx(ctx context.Context, fn func(Tx) error) error
}

// Tx is a Store inside one transaction.
type Tx interface {
	// Catalogue returns everything, ordered by slug, and locks it.
	Catalogue(ctx context.Context) (*Catalogue, error)
	// SaveProduct, SavePrice and SaveOffer insert what has no id yet, and set
	// it, and update what has one. A slug that is taken is errs.Conflict.
	// SaveOffer replaces the offer's items and raises its revision.
	SaveProduct(ctx context.Context, p *Product) error
	SavePrice(ctx context.Context, p *Price) error
	SaveOffer(ctx context.Context, o *Offer) error
	// RaiseRevision marks that something changed in what an offer shows.
	RaiseRevision(ctx context.Context, o *Offer) error
	// Enqueue writes a job that runs once the transaction has committed.
	Enqueue(ctx context.Context, j job.New) error
}

// Version identifies what an offer showed at one time.
type Version struct {
	ID       int64
	Revision int64
}

// JobPurge is the job that makes the site forget its copies of offers. Its
// payload is a PurgeJob.
const JobPurge = "wordpress.purge"

// PurgeJob names the offers whose copies are outdated.
type PurgeJob struct {
	Offers []string `json:"offers"` // slugs
}

// Catalogue is all that is for sale or was.
type Catalogue struct {
	Products []*Product
	Prices   []*Price
	Offers   []*Offer
}

// Service reads and changes the catalogue.
type Service struct {
	store Store
	now   func() time.Time

	mu     sync.RWMutex
	offers map[int64]*Offer // each is checked against the stored revision before use
	recent map[string]recentOffer
}

// recentOffer is an offer as it was at a moment.
type recentOffer struct {
	offer *Offer
	at    time.Time
}

// recentAge is how old an offer may be that Recent returns.
const recentAge = time.Second

// NewService returns a Service. Tests pass a fixed clock.
func NewService(store Store, now func() time.Time) *Service {
	return &Service{store: store, now: now, offers: map[int64]*Offer{}, recent: map[string]recentOffer{}}
}

// Offer returns the offer with a slug, in any state. It always asks the store,
// but for the revision only while that is the one it knows.
func (s *Service) Offer(ctx context.Context, slug string) (*Offer, error) {
	if CheckSlug(slug) != "" {
		// The store cannot even compare it: its slugs are ASCII, and SQL pads them.
		return nil, errs.New(errs.NotFound, "There is no such offer.")
	}
	v, err := s.store.RevisionBySlug(ctx, slug)
	if err != nil {
		return nil, fmt.Errorf("offer %q: %w", slug, err)
	}
	if o := s.known(v); o != nil && o.Slug == slug {
		return o, nil
	}
	o, err := s.store.OfferBySlug(ctx, slug)
	if err != nil {
		return nil, fmt.Errorf("offer %q: %w", slug, err)
	}
	return s.keep(o), nil
}

// Recent returns an offer as Offer does, as it was at most a second ago: for
// totals that nobody pays yet. What this process changes shows at once.
func (s *Service) Recent(ctx context.Context, slug string) (*Offer, error) {
	now := s.now()
	s.mu.RLock()
	known := s.recent[slug]
	s.mu.RUnlock()
	if age := now.Sub(known.at); known.offer != nil && age >= 0 && age < recentAge {
		return known.offer, nil
	}
	o, err := s.Offer(ctx, slug)
	if err == nil {
		s.mu.Lock()
		s.recent[slug] = recentOffer{o, now}
		s.mu.Unlock()
	}
	return o, err
}

// forget makes Recent ask the store.
func (s *Service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.recent)
}

// OfferByID returns the offer with an id, in any state, as Offer does.
func (s *Service) OfferByID(ctx context.Context, id int64) (*Offer, error) {
	v, err := s.store.RevisionByID(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("offer %d: %w", id, err)
	}
	if o := s.known(v); o != nil {
		return o, nil
	}
	o, err := s.store.OfferByID(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("offer %d: %w", id, err)
	}
	return s.keep(o), nil
}

// Product returns a product by its slug, or errs.NotFound.
func (s *Service) Product(ctx context.Context, slug string) (*Product, error) {
	if CheckSlug(slug) != "" { // SQL would pad it, or not even compare it
		return nil, errs.New(errs.NotFound, "There is no product %q.", slug)
	}
	return s.store.ProductBySlug(ctx, slug)
}

// Catalogue returns everything, ordered by slug.
func (s *Service) Catalogue(ctx context.Context) (*Catalogue, error) {
	return s.store.Catalogue(ctx)
}

func (s *Service) known(v Version) *Offer {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if o := s.offers[v.ID]; o != nil && o.Revision == v.Revision {
		return o
	}
	return nil
}

func (s *Service) keep(o *Offer) *Offer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offers[o.ID] = o
	return o
}
