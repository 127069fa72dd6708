package server

import (
	"context"
	"io"

	"github.com/tillside/tillside/server/giftcard"
)

// cardDesk is the admin's gift cards as package api asks for them.
type cardDesk struct{ *Shop }

// FindCards implements api.CardDesk.
func (d *cardDesk) FindCards(ctx context.Context, email string, before int64, limit int) (any, error) {
	list, err := d.FindGiftCards(ctx, email, before, limit)
	return struct {
		GiftCards []*GiftCardDetails `json:"gift_cards"`
	}{list}, err
}

// Card implements api.CardDesk.
func (d *cardDesk) Card(ctx context.Context, ref string) (any, error) { return d.GiftCard(ctx, ref) }

// IssueCard implements api.CardDesk.
func (d *cardDesk) IssueCard(ctx context.Context, decode func(dest any) error) (any, error) {
	var r GiftCardRequest
	if err := decode(&r); err != nil {
		return nil, err
	}
	return d.IssueGiftCard(ctx, r, giftcard.SourceAdmin)
}

// AdjustCard implements api.CardDesk.
func (d *cardDesk) AdjustCard(ctx context.Context, ref, amount, note string) (any, error) {
	return d.AdjustGiftCard(ctx, ref, amount, note)
}

// SwitchCard implements api.CardDesk.
func (d *cardDesk) SwitchCard(ctx context.Context, ref string, on bool) (any, error) {
	return d.SwitchGiftCard(ctx, ref, on)
}

// ReplaceCard implements api.CardDesk.
func (d *cardDesk) ReplaceCard(ctx context.Context, ref, email string) (any, error) {
	return d.ReplaceGiftCard(ctx, ref, email)
}

// ExportCards implements api.CardDesk.
func (d *cardDesk) ExportCards(ctx context.Context, w io.Writer) error {
	return d.ExportGiftCards(ctx, w, func(int) {})
}

// CardLiability implements api.CardDesk.
func (d *cardDesk) CardLiability(ctx context.Context, until string) (any, error) {
	list, err := d.GiftCardLiability(ctx, until)
	return struct {
		Liability []LiabilityDetails `json:"liability"`
	}{list}, err
}

// CheckCards implements api.CardDesk.
func (d *cardDesk) CheckCards(ctx context.Context) (any, error) {
	faults, err := d.CheckGiftCards(ctx)
	return struct {
		Faults []GiftCardFault `json:"faults"`
	}{faults}, err
}

// CardSettings implements api.CardDesk.
func (d *cardDesk) CardSettings(ctx context.Context) (any, error) { return d.GiftCardSettings(ctx) }

// SetCardSettings implements api.CardDesk.
func (d *cardDesk) SetCardSettings(ctx context.Context, decode func(dest any) error) (any, error) {
	var settings giftcard.Settings
	if err := decode(&settings); err != nil {
		return nil, err
	}
	return d.SetGiftCardSettings(ctx, settings)
}
