package server

import (
	"context"

	"github.com/tillside/tillside/server/api"
	"github.com/tillside/tillside/server/contact"
	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/crm"
	"github.com/tillside/tillside/server/hook"
	"github.com/tillside/tillside/server/operation"
)

// operationDesk is the admin's operations and links as package api asks for them.
type operationDesk struct{ *Shop }

// FindOperations implements api.OperationDesk.
func (d *operationDesk) FindOperations(ctx context.Context) (any, error) {
	list, err := d.Shop.FindOperations(ctx)
	return struct {
		Operations []OperationDetails `json:"operations"`
	}{list}, err
}

// CreateOperation implements api.OperationDesk.
func (d *operationDesk) CreateOperation(ctx context.Context, decode func(dest any) error) (any, error) {
	var draft OperationDraft
	if err := decode(&draft); err != nil {
		return nil, err
	}
	return d.Shop.CreateOperation(ctx, draft)
}

// Operation implements api.OperationDesk.
func (d *operationDesk) Operation(ctx context.Context, slug string) (any, error) {
	o, runs, err := d.Shop.Operation(ctx, slug)
	return struct {
		Operation *OperationDetails `json:"operation"`
		Runs      []RunDetails      `json:"runs"`
	}{o, runs}, err
}

// SwitchOperation implements api.OperationDesk.
func (d *operationDesk) SwitchOperation(ctx context.Context, slug string, on bool) (any, error) {
	return d.Shop.SwitchOperation(ctx, slug, on)
}

// RunOperation implements api.OperationDesk.
func (d *operationDesk) RunOperation(ctx context.Context, slug, email string) (any, error) {
	return d.Shop.RunOperation(ctx, slug, email, operation.SourceAdmin)
}

// NewHook implements api.OperationDesk.
func (d *operationDesk) NewHook(ctx context.Context, slug string) (any, error) {
	return d.Shop.NewHook(ctx, slug)
}

// FindLinks implements api.OperationDesk.
func (d *operationDesk) FindLinks(ctx context.Context) (any, error) {
	list, err := d.Shop.FindLinks(ctx)
	return struct {
		Links []LinkDetails `json:"links"`
	}{list}, err
}

// MakeLink implements api.OperationDesk.
func (d *operationDesk) MakeLink(ctx context.Context, decode func(dest any) error) (any, error) {
	var r LinkRequest
	if err := decode(&r); err != nil {
		return nil, err
	}
	return d.Shop.MakeLink(ctx, r)
}

// RevokeLink implements api.OperationDesk.
func (d *operationDesk) RevokeLink(ctx context.Context, id int64) (any, error) {
	return struct {
		Revoked bool `json:"revoked"`
	}{true}, d.Shop.RevokeLink(ctx, id)
}

// hooks takes what CRMs send, as package api asks for it.
type hooks struct{ *Shop }

// ReceiveHook implements api.Hooks.
func (h *hooks) ReceiveHook(ctx context.Context, publicID, secret string, c api.HookCall) (string, error) {
	return idOf(h.Shop.ReceiveHook(ctx, publicID, secret, crm.Delivery(c)))
}

// ReceiveCRM implements api.Hooks.
func (h *hooks) ReceiveCRM(ctx context.Context, connection, secret string, c api.HookCall) (string, error) {
	return idOf(h.Shop.ReceiveCRM(ctx, connection, secret, crm.Delivery(c)))
}

func idOf(d *hook.Delivery, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return d.PublicID, nil
}

// followedLinks opens magic links, as package api asks for it.
type followedLinks struct{ *Shop }

// Open implements api.Links.
func (l *followedLinks) Open(ctx context.Context, token string) (*coupon.Link, error) {
	return l.links.Open(ctx, token)
}

// Contact implements api.Links.
func (l *followedLinks) Contact(ctx context.Context, id int64) (*contact.Contact, error) {
	return l.db.ContactByID(ctx, id)
}
