package order

import (
	"context"
	"fmt"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/failpoint"
	"github.com/tillside/tillside/server/job"
)

// Users is what fulfilment needs of WordPress's accounts.
type Users interface {
	// Ensure finds the account of the order's buyer or makes it, and stores
	// the outcome and the jobs of follow on the order in the same transaction:
	// a crash in between leaves neither. Called again it changes nothing.
	Ensure(ctx context.Context, o *Order, follow func(AccessChange) []job.New) (AccessChange, error)
	// Announce tells WordPress that the account was made behind its back.
	Announce(ctx context.Context, userID int64) error
	// GrantRoles adds roles to an account that existed before. Roles that can
	// run the site are never granted.
	GrantRoles(ctx context.Context, userID int64, roles []string) error
	// SetPassword gives the account a password and returns it with a form that
	// logs the browser in once. It refuses with errs.Conflict when the
	// password is not the one with that fingerprint any more.
	SetPassword(ctx context.Context, r PasswordRequest) (*Credentials, error)
	// Fire fires an action for other plugins.
	Fire(ctx context.Context, id, event string, o *Order) error
}

// Mailer sends an order's mails through WordPress. Every method may be called
// again; WordPress sends each mail once.
type Mailer interface {
	Receipt(ctx context.Context, o *Order) error
	Welcome(ctx context.Context, o *Order) error
	Existing(ctx context.Context, o *Order) error
	Sale(ctx context.Context, o *Order) error
}

// Handlers returns what does the jobs of this package.
func (s *Service) Handlers() map[string]job.Handler {
	return map[string]job.Handler{
		JobUser:        s.withOrder(s.ensureUser),
		JobAnnounce:    s.withOrder(s.announce),
		JobReceipt:     s.withOrder(func(ctx context.Context, o *Order) error { return s.mailer.Receipt(ctx, o) }),
		JobWelcome:     s.withOrder(func(ctx context.Context, o *Order) error { return s.mailer.Welcome(ctx, o) }),
		JobExisting:    s.withOrder(func(ctx context.Context, o *Order) error { return s.mailer.Existing(ctx, o) }),
		JobSale:        s.withOrder(func(ctx context.Context, o *Order) error { return s.mailer.Sale(ctx, o) }),
		JobEvent:       s.fire,
		JobSendRefund:  s.sendRefundJob,
		JobSyncRefunds: s.syncRefundsJob,
	}
}

func (s *Service) withOrder(do func(context.Context, *Order) error) job.Handler {
	return func(ctx context.Context, j job.Job) error {
		var p OrderJob
		if err := j.Decode(&p); err != nil {
			return err
		}
		o, err := s.store.Order(ctx, p.OrderID)
		if err != nil {
			return fmt.Errorf("order %d: %w", p.OrderID, err)
		}
		return do(ctx, o)
	}
}

// ensureUser does the job wordpress.user.
func (s *Service) ensureUser(ctx context.Context, o *Order) error {
	if o.Access != AccessPending {
		return nil
	}
	now := s.now()
	_, err := s.users.Ensure(ctx, o, func(a AccessChange) []job.New {
		mail := JobExisting
		if a.Access == AccessNew {
			mail = JobWelcome
		}
		return []job.New{
			{Kind: JobAnnounce, Priority: job.PriorityPurchase, Payload: OrderJob{o.ID}, RunAt: now},
			{Kind: mail, Priority: mailPriority, Payload: OrderJob{o.ID}, RunAt: now},
		}
	})
	if err != nil {
		return fmt.Errorf("user of order %d: %w", o.ID, err)
	}
	failpoint.Hit(failpoint.UserMade)
	return nil
}

// announce tells WordPress about a new account, or gives an old one its roles.
func (s *Service) announce(ctx context.Context, o *Order) error {
	var err error
	if o.Access == AccessNew {
		err = s.users.Announce(ctx, o.UserID)
	} else if roles := o.Roles(); len(roles) > 0 {
		err = s.users.GrantRoles(ctx, o.UserID, roles)
	}
	if err != nil {
		return fmt.Errorf("announce user %d: %w", o.UserID, err)
	}
	failpoint.Hit(failpoint.PluginCalled)
	return nil
}

func (s *Service) fire(ctx context.Context, j job.Job) error {
	var p EventJob
	if err := j.Decode(&p); err != nil {
		return err
	}
	o, err := s.store.Order(ctx, p.OrderID)
	if err != nil {
		return fmt.Errorf("order %d: %w", p.OrderID, err)
	}
	return s.users.Fire(ctx, fmt.Sprintf("job-%d", j.ID), p.Type, o)
}

// PasswordRequest asks WordPress for a password.
type PasswordRequest struct {
	OrderPublicID string
	UserID        int64
	Fingerprint   string
	Own           string // the buyer's own; empty for a generated one
	StartPage     string
}

// Credentials are shown in one answer and stored nowhere.
type Credentials struct {
	UserLogin   string
	Password    string
	LoginURL    string
	LoginFields map[string]string // of a form that logs the browser in, once
	StartPage   string
	Fingerprint string // of the password hash that WordPress stored
}

const (
	minPassword = 12
	maxPassword = 4096 // wp_check_password refuses longer ones
)

// Credentials gives the new buyer a way in: a generated password, once, or the
// buyer's own instead, within an hour of the order. It is errs.Conflict when
// this order made no account, cost nothing, is older, or when the password was
// changed elsewhere meanwhile.
func (s *Service) Credentials(ctx context.Context, o *Order, own string) (*Credentials, error) {
	if own != "" && (len([]rune(own)) < minPassword || len(own) > maxPassword) {
		return nil, errs.Field("password", "Please choose a password with at least %d characters.", minPassword)
	}
	if o.Access != AccessNew || o.IsFree() || s.now().Sub(o.CreatedAt) > credentialsLife {
		return nil, errs.New(errs.Conflict, "Please use the link in the welcome mail to set your password.")
	}
	to := CredentialsShown
	if own != "" {
		to = CredentialsChosen
	}
	from := o.Credentials
	if from != CredentialsAvailable && !(from == CredentialsShown && own != "") {
		return nil, errs.New(errs.Conflict, "The password was shown already. Please use the link in the welcome mail to set a new one.")
	}
	// Claimed before WordPress is asked: two browsers that ask at once get one
	// answer. From here on a closed tab stops nothing, so that the outcome is known.
	ctx = context.WithoutCancel(ctx)
	if err := s.moveCredentials(ctx, o.ID, from, to, o.PassFingerprint); err != nil {
		return nil, err
	}
	c, err := s.users.SetPassword(ctx, PasswordRequest{
		OrderPublicID: o.PublicID, UserID: o.UserID, Fingerprint: o.PassFingerprint, Own: own, StartPage: o.Terms.StartPage,
	})
	if err != nil {
		// WordPress refused or is away. If it did set a password after all, the
		// fingerprint no longer matches and the next try says so.
		if back := s.moveCredentials(ctx, o.ID, to, from, o.PassFingerprint); back != nil {
			s.log.WarnContext(ctx, "credentials not offered again", "order", o.ID, "error", back)
		}
		return nil, fmt.Errorf("password for order %d: %w", o.ID, err)
	}
	if err := s.moveCredentials(ctx, o.ID, to, to, c.Fingerprint); err != nil {
		s.log.WarnContext(ctx, "fingerprint not stored", "order", o.ID, "error", err)
	}
	failpoint.Hit(failpoint.CredentialsShown)
	return c, nil
}

func (s *Service) moveCredentials(ctx context.Context, orderID int64, from, to CredentialsState, fingerprint string) error {
	err := s.store.InTx(ctx, func(tx Tx) error {
		moved, err := tx.SetCredentials(ctx, orderID, from, to, fingerprint)
		if err == nil && !moved {
			err = errs.New(errs.Conflict, "The password was shown already. Please use the link in the welcome mail to set a new one.")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("credentials of order %d: %w", orderID, err)
	}
	return nil
}
