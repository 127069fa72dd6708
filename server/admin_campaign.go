package server

import (
	"context"
	"io"
)

// campaignDesk is the admin's campaigns as package api asks for them.
type campaignDesk struct{ *Shop }

// FindCampaigns implements api.CampaignDesk.
func (d *campaignDesk) FindCampaigns(ctx context.Context) (any, error) {
	list, err := d.Shop.FindCampaigns(ctx)
	return struct {
		Campaigns []CampaignDetails `json:"campaigns"`
	}{list}, err
}

// StartCampaign implements api.CampaignDesk.
func (d *campaignDesk) StartCampaign(ctx context.Context, decode func(dest any) error) (any, error) {
	var r CampaignRequest
	if err := decode(&r); err != nil {
		return nil, err
	}
	return d.Shop.StartCampaign(ctx, r, true)
}

// Campaign implements api.CampaignDesk.
func (d *campaignDesk) Campaign(ctx context.Context, slug string) (any, error) {
	return d.Shop.Campaign(ctx, slug)
}

// RevokeCampaign implements api.CampaignDesk.
func (d *campaignDesk) RevokeCampaign(ctx context.Context, slug string) (any, error) {
	return d.Shop.RevokeCampaign(ctx, slug)
}

// ExportCodes implements api.CampaignDesk.
func (d *campaignDesk) ExportCodes(ctx context.Context, slug string, w io.Writer) error {
	return d.Shop.ExportCodes(ctx, slug, w, func(int) {})
}
