package operation

import (
	"context"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
)

// IssueGiftCard makes a gift card and mails it to the contact. Its code goes
// nowhere else: whoever has it has the money.
type IssueGiftCard struct {
	Amount  string `json:"amount"` // "25.00 EUR"
	Sender  string `json:"sender,omitempty"`
	Message string `json:"message,omitempty"`
	// EveryRun makes a card each time. Without it a contact gets one card from
	// the operation, however often a CRM calls.
	EveryRun bool `json:"every_run,omitempty"`
}

func (g *IssueGiftCard) check(now time.Time) error {
	amount, err := coupon.ParseAmount(g.Amount)
	if err != nil || amount.Minor <= 0 {
		return errs.Field("amount", "%q is not an amount; write it like 25.00 EUR.", g.Amount)
	}
	_, err = giftcard.Gift{Sender: g.Sender, Message: g.Message}.Check(now)
	return err
}

// issue makes a gift card for the contact of a run and has it mailed.
func (s *Service) issue(ctx context.Context, r *Run, o *Operation, a *Action) (Step, error) {
	step, g := Step{Kind: ActionIssueGiftCard}, a.IssueGiftCard
	amount, err := coupon.ParseAmount(g.Amount)
	if err != nil {
		return step, err
	}
	person, err := s.People.ContactByID(ctx, r.ContactID)
	if err != nil {
		return step, err
	}
	key := fmt.Sprintf("operation:%d:%d:%d", o.ID, r.Next, r.ContactID)
	if g.EveryRun {
		key = fmt.Sprintf("run:%s:%d", r.PublicID, r.Next)
	}
	card, _, err := s.Cards.Issue(ctx, giftcard.Draft{
		Amount: amount, Deliver: true, Source: giftcard.SourceOperation, Key: key, ContactID: r.ContactID,
		Gift: giftcard.Gift{RecipientEmail: person.Email, RecipientName: person.Name(), Sender: g.Sender, Message: g.Message},
	})
	if err != nil {
		return step, err
	}
	step.Made = map[string]string{"gift_card": card.Mask}
	return step, nil
}
