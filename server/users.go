package server

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/money"
	"github.com/tillside/tillside/server/mysql"
	"github.com/tillside/tillside/server/order"
	"github.com/tillside/tillside/wpbridge"
	"github.com/tillside/tillside/wpbridge/wpdb"
)

// users implements order.Users on WordPress's tables and through the plugin.
type users struct {
	site  *site
	store *mysql.OrderStore
	db    *mysql.DB
	log   *slog.Logger
	now   func() time.Time
}

// Ensure implements order.Users. The account is made in SQL where that is as
// good as WordPress's own way, and by the plugin everywhere else.
func (u *users) Ensure(ctx context.Context, o *order.Order, follow func(order.AccessChange) []job.New) (order.AccessChange, error) {
	facts, _ := u.site.Facts()
	if facts.WPVersion == "" {
		return order.AccessChange{}, errs.New(errs.Unavailable, "WordPress has not answered yet.")
	}
	roles, err := u.safeRoles(ctx, o.Roles())
	if err != nil {
		return order.AccessChange{}, err
	}
	if reason := u.notInSQL(facts); reason != "" {
		return u.ensureThroughPlugin(ctx, o, roles, follow)
	}
	hash, err := wpdb.NewPassHash(facts.WPVersion)
	if err != nil {
		return order.AccessChange{}, fmt.Errorf("password hash: %w", err)
	}
	user := wpdb.NewUser{
		Email: o.Buyer.Email, FirstName: o.Buyer.FirstName, LastName: o.Buyer.LastName, Roles: roles,
		PassHash: hash, WPVersion: facts.WPVersion, Now: u.now(),
	}
	return u.store.EnsureUser(ctx, o.ID, user, func(c wpdb.Created) order.AccessChange {
		return accessOf(o, c.UserID, c.Created, c.PassFingerprint)
	}, follow)
}

// notInSQL says why the plugin must make the user; empty when SQL may.
func (u *users) notInSQL(facts wpbridge.SiteFacts) string {
	prefix := u.db.Prefix()
	switch {
	case facts.Multisite:
		return "multisite"
	case !wpdb.Tested(facts.WPVersion):
		return "WordPress " + facts.WPVersion + " is not tested"
	case len(facts.ForeignFilters) > 0:
		return "other plugins filter new users: " + facts.ForeignFilters[0]
	case facts.UsersTable != prefix+"users", facts.UsermetaTable != prefix+"usermeta":
		return "the users table has another name"
	case !u.site.Stored().UsersWritable():
		return "the users table is not InnoDB and utf8mb4"
	}
	return ""
}

func (u *users) ensureThroughPlugin(ctx context.Context, o *order.Order, roles []string, follow func(order.AccessChange) []job.New) (order.AccessChange, error) {
	created, err := u.site.client.CreateUser(ctx, wpbridge.CreateUserRequest{
		Key: "order:" + o.PublicID, Email: o.Buyer.Email, Login: o.Buyer.Email,
		FirstName: o.Buyer.FirstName, LastName: o.Buyer.LastName, Roles: roles,
	})
	if err != nil {
		return order.AccessChange{}, err
	}
	change := accessOf(o, created.UserID, created.Created, created.PassFingerprint)
	return change, u.store.InTx(ctx, func(tx order.Tx) error {
		if _, err := tx.LockOrder(ctx, o.ID); err != nil {
			return err
		}
		if err := tx.SetAccess(ctx, o.ID, change); err != nil {
			return err
		}
		for _, j := range follow(change) {
			if err := tx.Enqueue(ctx, j); err != nil {
				return err
			}
		}
		return nil
	})
}

// accessOf says what an account is to an order. Only who paid may see a
// password; an order that cost nothing leads to the welcome mail.
func accessOf(o *order.Order, userID int64, created bool, fingerprint string) order.AccessChange {
	change := order.AccessChange{UserID: userID, Access: order.AccessExisting, Credentials: order.CredentialsNone}
	if created {
		change.Access, change.PassFingerprint = order.AccessNew, fingerprint
		if !o.IsFree() {
			change.Credentials = order.CredentialsAvailable
		}
	}
	return change
}

// safeRoles leaves out roles that can run the site, and those that are gone.
func (u *users) safeRoles(ctx context.Context, wanted []string) ([]string, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	known, err := wpdb.Roles(ctx, u.db.WordPress(), u.db.Prefix())
	if err != nil {
		return nil, err
	}
	var safe []string
	for _, role := range known {
		if slices.Contains(wanted, role.Slug) && wpdb.RoleIsSafe(role) {
			safe = append(safe, role.Slug)
		}
	}
	if len(safe) < len(wanted) {
		u.log.WarnContext(ctx, "roles left out: unknown, or able to run the site", "wanted", wanted, "granted", safe)
	}
	return safe, nil
}

// Announce implements order.Users.
func (u *users) Announce(ctx context.Context, userID int64) error {
	_, twins, err := u.site.client.UserCreated(ctx, userID)
	if err == nil && len(twins) > 0 {
		u.log.ErrorContext(ctx, "two WordPress users have one e-mail address; merge them by hand", "user", userID, "others", twins)
	}
	return err
}

// GrantRoles implements order.Users.
func (u *users) GrantRoles(ctx context.Context, userID int64, roles []string) error {
	safe, err := u.safeRoles(ctx, roles)
	if err != nil || len(safe) == 0 {
		return err
	}
	_, err = u.site.client.SetRoles(ctx, userID, safe, nil)
	return err
}

// SetPassword implements order.Users.
func (u *users) SetPassword(ctx context.Context, r order.PasswordRequest) (*order.Credentials, error) {
	request := wpbridge.CredentialsRequest{PassFingerprint: r.Fingerprint, StartURL: r.StartPage, Order: r.OrderPublicID}
	if r.Own != "" {
		request.Password = &r.Own
	}
	got, err := u.site.client.Credentials(ctx, r.UserID, request)
	if err != nil {
		return nil, err
	}
	return &order.Credentials{
		UserLogin: got.UserLogin, Password: got.Password, LoginURL: got.Login.URL, LoginFields: got.Login.Fields,
		StartPage: r.StartPage, Fingerprint: got.PassFingerprint,
	}, nil
}

// orderEvent is what other plugins get with tillside_order_paid and its like.
type orderEvent struct {
	ID        string       `json:"id"`
	Number    string       `json:"number"`
	Status    order.Status `json:"status"`
	UserID    int64        `json:"user_id"`
	Email     string       `json:"email"`
	FirstName string       `json:"first_name"`
	LastName  string       `json:"last_name"`
	OfferID   int64        `json:"offer_id"`
	Offer     string       `json:"offer"`
	Products  []string     `json:"products"`
	Total     money.Amount `json:"total"`
	Refunded  money.Amount `json:"refunded"`
	CreatedAt time.Time    `json:"created_at"`
}

// Fire implements order.Users.
func (u *users) Fire(ctx context.Context, id, event string, o *order.Order) error {
	data := orderEvent{
		ID: o.PublicID, Number: o.NumberText(), Status: o.Status, UserID: o.UserID, Email: o.Buyer.Email,
		FirstName: o.Buyer.FirstName, LastName: o.Buyer.LastName, OfferID: o.Terms.OfferID, Offer: o.Terms.OfferSlug,
		Total: o.Terms.Total, Refunded: o.Refunded, CreatedAt: o.CreatedAt,
	}
	for _, item := range o.Terms.Items {
		data.Products = append(data.Products, item.ProductSlug)
	}
	return u.fire(ctx, id, event, data)
}

func (u *users) fire(ctx context.Context, id, event string, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("event %s: %w", event, err)
	}
	done, err := u.site.client.Events(ctx, []wpbridge.Event{{ID: id, Type: event, Data: raw}})
	if err == nil && !slices.Contains(done, id) {
		err = fmt.Errorf("WordPress did not take event %s", event)
	}
	return err
}
