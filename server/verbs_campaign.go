package server

import (
	"context"
	"io"
	"time"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
)

// CampaignRequest asks for many unique codes of a template.
type CampaignRequest struct {
	Coupon   string `json:"coupon"`
	Campaign string `json:"campaign"` // its slug
	Name     string `json:"name"`
	Count    int    `json:"count"`
	Prefix   string `json:"prefix"`
	Length   int    `json:"length"`
	Alphabet string `json:"alphabet"`
	Lifetime string `json:"lifetime"`
	MaxUses  int    `json:"max_uses"`
}

// CampaignDetails is a campaign and what became of it.
type CampaignDetails struct {
	Campaign  string        `json:"campaign"`
	Name      string        `json:"name"`
	Coupon    string        `json:"coupon"`
	Status    coupon.Status `json:"status"`
	Wanted    int           `json:"wanted"`
	Made      int           `json:"made"`
	Sent      int           `json:"sent"`
	Reserved  int           `json:"reserved"`
	Redeemed  int           `json:"redeemed"`
	Revenue   []string      `json:"revenue"`
	Discount  []string      `json:"discount"`
	ExpiresAt *time.Time    `json:"expires_at"`
	CreatedAt time.Time     `json:"created_at"`
	RevokedAt *time.Time    `json:"revoked_at"`
}

// Progress is told how far long work is.
type Progress func(done int)

// StartCampaign writes a campaign down. Its codes are made by GenerateCampaign,
// or by a job when later is set.
func (s *Shop) StartCampaign(ctx context.Context, r CampaignRequest, later bool) (*CampaignDetails, error) {
	lifetime, err := coupon.ParseLifetime(r.Lifetime)
	if err != nil {
		return nil, err
	}
	draft := coupon.CampaignDraft{
		Coupon: r.Coupon, Slug: r.Campaign, Name: r.Name, Count: r.Count, Lifetime: lifetime, MaxUses: r.MaxUses,
		Shape: coupon.Shape{Prefix: r.Prefix, Length: r.Length, Alphabet: r.Alphabet},
	}
	if later {
		draft.Follow = &job.New{
			Kind: jobGenerate, Priority: job.PriorityBulk, RunAt: s.now(), UniqueKey: "campaign:" + r.Campaign, Payload: campaignJob{r.Campaign},
		}
	}
	c, err := s.campaigns.Start(ctx, draft)
	if err != nil {
		return nil, err
	}
	return s.campaignDetails(ctx, c)
}

type campaignJob struct {
	Campaign string `json:"campaign"`
}

func (s *Shop) generateJob(ctx context.Context, j job.Job) error {
	var p campaignJob
	if err := j.Decode(&p); err != nil {
		return err
	}
	_, err := s.GenerateCampaign(ctx, p.Campaign, func(int) {})
	return err
}

// GenerateCampaign makes what a campaign still lacks. Ended at any moment it goes
// on where it was.
func (s *Shop) GenerateCampaign(ctx context.Context, slug string, progress Progress) (*CampaignDetails, error) {
	c, err := s.campaigns.Store.Campaign(ctx, slug)
	if err != nil {
		return nil, err
	}
	if err := s.campaigns.Generate(ctx, c, progress); err != nil {
		return nil, err
	}
	return s.campaignDetails(ctx, c)
}

// FindCampaigns lists campaigns, newest first.
func (s *Shop) FindCampaigns(ctx context.Context) ([]CampaignDetails, error) {
	all, err := s.campaigns.Store.FindCampaigns(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]CampaignDetails, len(all))
	for i := range all {
		d, err := s.campaignDetails(ctx, &all[i])
		if err != nil {
			return nil, err
		}
		list[i] = *d
	}
	return list, nil
}

// Campaign returns one campaign with its report.
func (s *Shop) Campaign(ctx context.Context, slug string) (*CampaignDetails, error) {
	c, err := s.campaigns.Store.Campaign(ctx, slug)
	if err != nil {
		return nil, err
	}
	return s.campaignDetails(ctx, c)
}

// RevokeCampaign takes all its codes back for good.
func (s *Shop) RevokeCampaign(ctx context.Context, slug string) (*CampaignDetails, error) {
	c, err := s.campaigns.Revoke(ctx, slug)
	if err != nil {
		return nil, err
	}
	return s.campaignDetails(ctx, c)
}

func (s *Shop) campaignDetails(ctx context.Context, c *coupon.Campaign) (*CampaignDetails, error) {
	t, sent, err := s.campaigns.Store.CampaignTotals(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	return &CampaignDetails{
		Campaign: c.Slug, Name: c.Name, Coupon: c.Coupon, Status: c.Status, Wanted: c.Wanted, Made: t.Codes, Sent: sent, Reserved: t.Reserved,
		Redeemed: t.Committed, Revenue: amountTexts(t.Revenue), Discount: amountTexts(t.Discount), ExpiresAt: c.Batch.ExpiresAt,
		CreatedAt: c.CreatedAt, RevokedAt: c.RevokedAt,
	}, nil
}

// ExportCodes writes the codes of a campaign, or of a whole coupon, as CSV.
// Afterwards they count as sent.
func (s *Shop) ExportCodes(ctx context.Context, slug string, w io.Writer, progress Progress) error {
	c, err := s.campaigns.Store.Campaign(ctx, slug)
	if err == nil {
		return s.campaigns.Export(ctx, c.CouponID, c.ID, w, progress)
	}
	if !errs.Is(err, errs.NotFound) {
		return err
	}
	all, err := s.book.Store.Coupon(ctx, slug)
	if errs.Is(err, errs.NotFound) {
		return errs.New(errs.NotFound, "There is no campaign and no coupon %q.", slug)
	}
	if err != nil {
		return err
	}
	return s.campaigns.Export(ctx, all.ID, 0, w, progress)
}

// CodesImport is what an import of codes did.
type CodesImport struct {
	Lines    int              `json:"lines"`
	Imported int              `json:"imported"`
	Faults   int              `json:"faults"`
	Problems []coupon.Problem `json:"problems"` // the first thousand
}

// ImportCodes reads codes of a coupon from CSV. What is wrong is reported with
// its line, and the rest is imported; with dryRun nothing is.
func (s *Shop) ImportCodes(ctx context.Context, slug string, r io.Reader, dryRun bool, progress Progress) (*CodesImport, error) {
	c, err := s.book.Store.Coupon(ctx, slug)
	if err != nil {
		return nil, err
	}
	report, err := s.campaigns.Import(ctx, s.couponStore, c, r, dryRun, progress)
	if err != nil {
		return nil, err
	}
	return &CodesImport{Lines: report.Lines, Imported: report.Imported, Faults: report.Faults, Problems: report.Problems}, nil
}
