package operation

import (
	"context"
	"fmt"
	"time"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/giftcard"
)

func (g *IssueGiftCard) check(now time.Time) error {
	amount, err := coupon.ParseAmount(g.Amount)
	if err != nil || amount.Minor <= 0 {
		return errs.Field("amount", "%q is not an amount; write it like 25.00 EUR.", g.Amount)
	}
	_, err = giftcard.Gift{Sender: g.Sender, Message: g.Message}.Check(now)
	return err
}

// issue makes a gift card for the contact of a run and has it mailed.
func (s *Service) issue(ctx context.Context, r *Run, o *Operation, i int) (Step, error) {
	step, g := Step{Kind: ActionIssueGiftCard}, o.Actions[i].IssueGiftCard
	amount, err := coupon.ParseAmount(g.Amount)
	if err != nil {
		return step, err
	}
	email, name, err := s.Person(ctx, r.ContactID)
	if err != nil {
		return step, err
	}
	key := fmt.Sprintf("operation:%d:%d:%d", o.ID, i, r.ContactID)
	if g.EveryRun {
		key = fmt.Sprintf("run:%s:%d", r.PublicID, i)
	}
	card, _, err := s.Cards.Issue(ctx, giftcard.Draft{
		Amount: amount, Deliver: true, Source: giftcard.SourceOperation, Key: key, ContactID: r.ContactID,
		Gift: giftcard.Gift{RecipientEmail: email, RecipientName: name, Sender: g.Sender, Message: g.Message},
	})
	if err != nil {
		return step, err
	}
	step.Made = map[string]string{"gift_card": card.Mask}
	return step, nil
}
