package coupon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// MaxCampaign is how many codes one campaign may have.
const MaxCampaign = 1_000_000

// StatusGenerating is a campaign whose codes are still being made.
const StatusGenerating Status = "generating"

// Campaign is many unique codes of one template, made at once.
type Campaign struct {
	ID        int64
	Slug      string
	Name      string
	CouponID  int64
	Coupon    string // the template's slug
	Status    Status // StatusGenerating, StatusActive or StatusRevoked
	Wanted    int
	Batch     Batch
	CreatedAt time.Time
	RevokedAt *time.Time
}

// Batch is what the codes of a campaign are like.
type Batch struct {
	Shape     Shape      `json:"shape"`
	MaxUses   int        `json:"max_uses"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// CampaignDraft asks for a campaign.
type CampaignDraft struct {
	Coupon   string // slug of a template
	Slug     string
	Name     string
	Count    int
	Shape    Shape
	Lifetime Lifetime
	MaxUses  int // of each code; 0 is 1
	// Follow is written with the campaign: the job that generates it; nil when
	// whoever asks does so.
	Follow *job.New
}

// CampaignStore keeps campaigns. Package mysql implements it. Whatever does not
// exist is errs.NotFound.
type CampaignStore interface {
	Coupon(ctx context.Context, slug string) (*Coupon, error)
	// AddCampaign writes a campaign, and a job unless it is nil, and sets its
	// id; a slug that is taken is errs.Conflict.
	AddCampaign(ctx context.Context, c *Campaign, follow *job.New) error
	Campaign(ctx context.Context, slug string) (*Campaign, error)
	// FindCampaigns lists all, newest first.
	FindCampaigns(ctx context.Context) ([]Campaign, error)
	// CountCodes counts a campaign's codes.
	CountCodes(ctx context.Context, campaignID int64) (int, error)
	// InsertCodes writes codes and returns how many: those whose text is taken
	// are left out.
	InsertCodes(ctx context.Context, c *Campaign, codes []string, now time.Time) (int, error)
	// SetCampaignStatus stores a campaign's status, and when it was revoked.
	SetCampaignStatus(ctx context.Context, id int64, s Status, revokedAt *time.Time) error
	// CampaignTotals sums up what became of its codes, and how many were sent.
	CampaignTotals(ctx context.Context, id int64) (t *Totals, sent int, err error)
	// CodesAfter lists codes of a campaign, or, with a zero campaign, of a
	// coupon, in the order in which they were made, from behind one on.
	CodesAfter(ctx context.Context, couponID, campaignID, after int64, limit int) ([]ExportedCode, error)
	// MarkSent notes that codes up to one were handed over.
	MarkSent(ctx context.Context, couponID, campaignID, upTo int64, now time.Time) error
}

// ExportedCode is a code as an export writes it.
type ExportedCode struct {
	Code
	Email string // of the contact whom it is for
	Uses  int    // committed
}

// Campaigns makes many codes at once.
type Campaigns struct {
	Store CampaignStore
	Zone  func() *time.Location
	Now   func() time.Time
}

// batchSize is how many codes one statement writes: fewer cost more statements,
// more hold locks longer and pass the server's packet size in the end.
const batchSize = 4000

// Start writes a campaign down; Generate makes its codes.
func (s *Campaigns) Start(ctx context.Context, d CampaignDraft) (*Campaign, error) {
	if fault := catalog.CheckSlug(d.Slug); fault != "" {
		return nil, errs.Field("campaign", "The campaign's %s.", fault)
	}
	if d.Count < 1 || d.Count > MaxCampaign {
		return nil, errs.Field("count", "A campaign has 1 to %d codes.", MaxCampaign)
	}
	shape, err := d.Shape.Check()
	if err != nil {
		return nil, err
	}
	if room := shape.Bits(); room < 40 && 1<<room < 8*d.Count {
		return nil, errs.Field("length", "Codes this short are too few, or found by guessing; make them longer.")
	}
	c, err := s.Store.Coupon(ctx, d.Coupon)
	if err != nil {
		return nil, err
	}
	if c.Kind != KindTemplate {
		return nil, errs.New(errs.Conflict, "The coupon %s is no template: its codes are not generated.", c.Slug)
	}
	now := s.Now()
	campaign := &Campaign{
		Slug: d.Slug, Name: strings.TrimSpace(d.Name), CouponID: c.ID, Coupon: c.Slug, Status: StatusGenerating, Wanted: d.Count,
		Batch: Batch{Shape: shape, MaxUses: max(1, d.MaxUses), ExpiresAt: d.Lifetime.Ends(now, s.Zone())}, CreatedAt: now,
	}
	if campaign.Name == "" {
		campaign.Name = campaign.Slug
	}
	return campaign, s.Store.AddCampaign(ctx, campaign, d.Follow)
}

// Generate makes what a campaign still lacks, batch by batch, and says how far
// it is. Ended at any moment it goes on where it was when it is called again; a
// campaign that is whole, or revoked, stays as it is.
func (s *Campaigns) Generate(ctx context.Context, c *Campaign, progress func(made int)) error {
	if c.Status != StatusGenerating {
		return nil
	}
	made, err := s.Store.CountCodes(ctx, c.ID)
	if err != nil {
		return err
	}
	batches, stop := s.texts(c)
	defer stop()
	for made < c.Wanted {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := s.insert(ctx, c, batches, c.Wanted-made)
		if err != nil {
			return fmt.Errorf("generate campaign %s: %w", c.Slug, err)
		}
		made += n
		progress(made)
	}
	c.Status = StatusActive
	return s.Store.SetCampaignStatus(ctx, c.ID, StatusActive, nil)
}

// writers is how many batches are written at once: while one waits for the disk
// the other one is sent.
const writers = 3

// insert writes a few batches side by side, of no more codes than are wanted, and
// returns how many were new.
func (s *Campaigns) insert(ctx context.Context, c *Campaign, batches <-chan []string, wanted int) (int, error) {
	var wg sync.WaitGroup
	var made [writers]int
	var failed [writers]error
	for i := range writers {
		texts := <-batches
		texts = texts[:min(len(texts), wanted)]
		if wanted -= len(texts); len(texts) == 0 {
			break
		}
		wg.Go(func() { made[i], failed[i] = s.Store.InsertCodes(ctx, c, texts, c.CreatedAt) })
	}
	wg.Wait()
	sum := 0
	for _, n := range made {
		sum += n
	}
	return sum, errors.Join(failed[:]...)
}

// texts makes batches of codes while the store writes the ones before.
func (s *Campaigns) texts(c *Campaign) (<-chan []string, func()) {
	batches, ended := make(chan []string, writers), make(chan struct{})
	go func() {
		for {
			texts := make([]string, batchSize)
			for i := range texts {
				texts[i] = c.Batch.Shape.Generate()
			}
			slices.Sort(texts) // neighbours go to the same pages of the index
			select {
			case batches <- texts:
			case <-ended:
				return
			}
		}
	}()
	return batches, func() { close(ended) }
}

// Revoke takes all codes of a campaign back for good: one row is written,
// however many there are. Uses that are reserved or committed stay.
func (s *Campaigns) Revoke(ctx context.Context, slug string) (*Campaign, error) {
	c, err := s.Store.Campaign(ctx, slug)
	if err != nil || c.Status == StatusRevoked {
		return c, err
	}
	now := s.Now()
	c.Status, c.RevokedAt = StatusRevoked, &now
	return c, s.Store.SetCampaignStatus(ctx, c.ID, StatusRevoked, &now)
}
