package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/tillside/tillside/server/catalog"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/order"
)

// ImportError lists what is wrong in a catalogue file.
type ImportError = catalog.ImportError

// Import reads a catalogue file into the database; with dryRun it only reports.
func (s *Shop) Import(ctx context.Context, r io.Reader, name string, dryRun bool) (catalog.Report, error) {
	return s.Catalog.ImportFile(ctx, r, name, catalog.ImportOptions{DryRun: dryRun, Home: s.site.Home()})
}

// OrderSummary is an order as a list shows it.
type OrderSummary struct {
	Number    string    `json:"number"`
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	Status    string    `json:"status"`
	Total     string    `json:"total"` // "49.00 EUR"
	Refunded  string    `json:"refunded"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Country   string    `json:"country"`
	Offer     string    `json:"offer"`
}

// OrderDetails is an order as one person looks at it.
type OrderDetails struct {
	OrderSummary
	Account  string           `json:"account"`
	Origin   string           `json:"origin,omitempty"`
	Items    []ItemDetails    `json:"items"`
	Payments []PaymentDetails `json:"payments"`
	Refunds  []RefundDetails  `json:"refunds"`
}

// ItemDetails is a line of an order.
type ItemDetails struct {
	Name     string `json:"name"`
	Product  string `json:"product"`
	Quantity int64  `json:"quantity"`
	Total    string `json:"total"`
}

// PaymentDetails is money that came in.
type PaymentDetails struct {
	Gateway string `json:"gateway"`
	ID      string `json:"id"`
	Mode    string `json:"mode"`
	Amount  string `json:"amount"`
	Tender  string `json:"tender"`
}

// RefundDetails is money that was given back.
type RefundDetails struct {
	ID        string    `json:"id"`
	Amount    string    `json:"amount"`
	To        string    `json:"to"` // "payment" or "gift_card"
	Status    string    `json:"status"`
	Source    string    `json:"source"`
	Reason    string    `json:"reason,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

// RefundReport is what a refund did, a part for each thing that the order was
// paid with.
type RefundReport struct {
	Order  string          `json:"order"`
	Amount string          `json:"amount"`
	Status string          `json:"status"`
	Parts  []RefundDetails `json:"parts"`
}

// QuarantineDetails is a payment that fits no order.
type QuarantineDetails struct {
	Gateway   string    `json:"gateway"`
	Payment   string    `json:"payment"`
	Amount    string    `json:"amount"`
	Reason    string    `json:"reason"`
	Details   string    `json:"details"`
	CreatedAt time.Time `json:"created_at"`
}

func amountText(a money.Amount) string { return a.Major() + " " + string(a.Currency) }

func summarize(o *order.Order) OrderSummary {
	return OrderSummary{
		Number: o.NumberText(), ID: o.PublicID, CreatedAt: o.CreatedAt, Status: string(o.Status), Total: amountText(o.Terms.Total),
		Refunded: amountText(o.Refunded), Email: o.Buyer.Email, Name: o.Buyer.Name(), Country: o.Buyer.Country, Offer: o.Terms.OfferSlug,
	}
}

func describeRefund(r order.Refund) RefundDetails {
	to := "payment"
	if r.CardID != 0 {
		to = "gift_card"
	}
	return RefundDetails{
		ID: r.PublicID, Amount: amountText(r.Amount), To: to, Status: string(r.Status), Source: string(r.Source), Reason: r.Reason, CreatedAt: r.CreatedAt,
	}
}

// FindOrders lists orders, newest first; of one e-mail address, or below a
// number, when these are given.
func (s *Shop) FindOrders(ctx context.Context, email string, before int64, limit int) ([]OrderSummary, error) {
	orders, err := s.Orders.FindOrders(ctx, order.Filter{Email: email, Before: before, Limit: limit})
	if err != nil {
		return nil, err
	}
	found := make([]OrderSummary, len(orders))
	for i := range orders {
		found[i] = summarize(&orders[i])
	}
	return found, nil
}

func (s *Shop) byNumber(ctx context.Context, number string) (*order.Order, error) {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil, errs.New(errs.Invalid, "%q is not an order number.", number)
	}
	o, err := s.Orders.OrderByNumber(ctx, n)
	if errs.Is(err, errs.NotFound) {
		return nil, errs.New(errs.NotFound, "There is no order %s.", number)
	}
	return o, err
}

// Order returns the order of a number.
func (s *Shop) Order(ctx context.Context, number string) (*OrderDetails, error) {
	o, err := s.byNumber(ctx, number)
	if err != nil {
		return nil, err
	}
	refunds, err := s.Orders.Refunds(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	d := &OrderDetails{
		OrderSummary: summarize(o), Account: string(o.Access), Origin: firstOf(o.Origin.UTM.Source, o.Origin.Partner, o.Origin.Referrer),
		Items: []ItemDetails{}, Payments: []PaymentDetails{}, Refunds: []RefundDetails{},
	}
	if o.UserID != 0 {
		d.Account = fmt.Sprintf("%s, user %d", o.Access, o.UserID)
	}
	for _, item := range o.Terms.Items {
		d.Items = append(d.Items, ItemDetails{Name: item.Name, Product: item.ProductSlug, Quantity: item.Quantity, Total: amountText(item.Total)})
	}
	for _, p := range o.Payments {
		d.Payments = append(d.Payments, PaymentDetails{
			Gateway: p.Account.Gateway, ID: p.GatewayID, Mode: string(p.Account.Mode), Amount: amountText(p.Amount),
			Tender: o.TenderText(s.site.tongue.For("en_US").T),
		})
	}
	for _, r := range refunds {
		d.Refunds = append(d.Refunds, describeRefund(r))
	}
	return d, nil
}

// Refund gives back an amount in major units, or all that is left when it is
// empty, and waits for the provider's word. What was paid with gift cards and
// with money is refunded in parts.
func (s *Shop) Refund(ctx context.Context, number, amount, reason string) (*RefundReport, error) {
	if s.fence.Up() {
		return nil, errs.New(errs.Conflict, "Decide first whether this site moved or is a copy: tillside doctor --decide")
	}
	o, err := s.byNumber(ctx, number)
	if err != nil {
		return nil, err
	}
	request := order.RefundRequest{OrderID: o.ID, Reason: reason}
	if amount != "" {
		parsed, err := money.ParseMajor(amount, o.Terms.Total.Currency)
		if err != nil {
			return nil, errs.Field("amount", "%q is not an amount; write it like 12.50.", amount)
		}
		request.Amount = &parsed
	}
	parts, err := s.Orders.RequestRefund(ctx, request)
	if err != nil {
		return nil, err
	}
	report := &RefundReport{Order: o.NumberText(), Status: string(order.RefundSucceeded)}
	sum := money.New(0, o.Terms.Total.Currency)
	for i := range parts {
		sent, err := s.Orders.SendRefund(ctx, parts[i].ID)
		if err != nil {
			return nil, err
		}
		report.Parts = append(report.Parts, describeRefund(*sent))
		sum.Minor += sent.Amount.Minor
	}
	for _, part := range report.Parts {
		if part.Status != string(order.RefundSucceeded) {
			report.Status = part.Status
		}
	}
	report.Amount = amountText(sum)
	return report, nil
}

// Quarantine lists the payments that fit no order.
func (s *Shop) Quarantine(ctx context.Context) ([]QuarantineDetails, error) {
	found, err := s.Orders.FindQuarantine(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]QuarantineDetails, len(found))
	for i := range found {
		list[i] = describeQuarantine(&found[i])
	}
	return list, nil
}

func describeQuarantine(q *order.Quarantine) QuarantineDetails {
	return QuarantineDetails{
		Gateway: q.Account.Gateway, Payment: q.GatewayID, Amount: amountText(q.Amount), Reason: string(q.Reason),
		Details: q.Details, CreatedAt: q.CreatedAt,
	}
}

// Resolve takes a payment out of quarantine; with giveBack its buyer gets the
// money back first.
func (s *Shop) Resolve(ctx context.Context, payment string, giveBack bool) (*QuarantineDetails, error) {
	if err := s.fence.Selling(); err != nil {
		return nil, err
	}
	q, err := s.Orders.Resolve(ctx, payment, giveBack)
	if err != nil {
		return nil, err
	}
	d := describeQuarantine(q)
	return &d, nil
}

// ReconcileReport is what Reconcile did.
type ReconcileReport struct {
	Events     int `json:"events"`
	Jobs       int `json:"jobs"`
	Quarantine int `json:"quarantine"`
}

// Reconcile reads the provider's events, finishes attempts that were left open,
// and runs the jobs that are due.
func (s *Shop) Reconcile(ctx context.Context) (*ReconcileReport, error) {
	if s.fence.Up() {
		return nil, errs.New(errs.Conflict, "Decide first whether this site moved or is a copy: tillside doctor --decide")
	}
	var report ReconcileReport
	var err error
	if report.Events, err = s.Poll(ctx); err != nil {
		return nil, err
	}
	failed := errors.Join(s.Checkout.Reconcile(ctx), s.Checkout.Expire(ctx))
	if report.Jobs, err = s.Worker.RunDue(ctx); err != nil {
		return nil, errors.Join(failed, err)
	}
	quarantine, err := s.Orders.FindQuarantine(ctx)
	report.Quarantine = len(quarantine)
	return &report, errors.Join(failed, err)
}
