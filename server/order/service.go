package order

import (
	"context"

	"github.com/tillside/tillside/server/giftcard"
)

// Order returns an order with its items and payments.
func (s *Service) Order(ctx context.Context, id int64) (*Order, error) { return s.store.Order(ctx, id) }

// OrderByPublicID returns the order that a browser names.
func (s *Service) OrderByPublicID(ctx context.Context, publicID string) (*Order, error) {
	return s.store.OrderByPublicID(ctx, publicID)
}

// OrderByNumber returns the order that a person names.
func (s *Service) OrderByNumber(ctx context.Context, number int64) (*Order, error) {
	return s.store.OrderByNumber(ctx, number)
}

// GiftCards lists the gift cards that an order bought.
func (s *Service) GiftCards(ctx context.Context, orderID int64) ([]giftcard.Card, error) {
	return s.store.GiftCards(ctx, orderID)
}

// FindOrders lists orders, newest first.
func (s *Service) FindOrders(ctx context.Context, f Filter) ([]Order, error) {
	return s.store.FindOrders(ctx, f)
}

// Refunds lists an order's refunds, oldest first.
func (s *Service) Refunds(ctx context.Context, orderID int64) ([]Refund, error) {
	return s.store.Refunds(ctx, orderID)
}
