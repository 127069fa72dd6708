package server

import (
	"context"
	"fmt"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/mysql"
	"github.com/tillside/tillside/wpbridge/wpdb"
)

// people looks up what coupons ask about a person who is proven.
type people struct{ db *mysql.DB }

// Facts implements coupon.People. Tags are those of the person's own contacts:
// of the WordPress user who is logged in, and of the link that was opened; a
// purchase counts also when it was made with the address that was typed.
func (p *people) Facts(ctx context.Context, who coupon.Person) (*coupon.PersonFacts, error) {
	facts := &coupon.PersonFacts{}
	var err error
	if facts.Tags, err = p.db.TagsOf(ctx, who.UserID, who.LinkContactID); err != nil {
		return nil, err
	}
	if facts.HasBought, err = p.db.HasBought(ctx, who.UserID, who.ContactID, who.LinkContactID); err != nil {
		return nil, err
	}
	if who.UserID == 0 {
		return facts, nil
	}
	if facts.Roles, err = wpdb.RolesOf(ctx, p.db.WordPress(), p.db.Prefix(), who.UserID); err != nil {
		return nil, fmt.Errorf("roles of user %d: %w", who.UserID, err)
	}
	return facts, nil
}
