package server

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/job"
	"github.com/tillside/tillside/server/payment"
)

// Check is one thing that doctor looked at.
type Check struct {
	Name    string `json:"name"`
	Status  string `json:"status"` // ok, warning, error
	Message string `json:"message"`
	Mend    string `json:"mend,omitempty"` // what to do about it
}

func ok(name, format string, args ...any) Check {
	return Check{Name: name, Status: "ok", Message: fmt.Sprintf(format, args...)}
}

func warning(name, mend, format string, args ...any) Check {
	return Check{Name: name, Status: "warning", Message: fmt.Sprintf(format, args...), Mend: mend}
}

func bad(name, mend, format string, args ...any) Check {
	return Check{Name: name, Status: "error", Message: fmt.Sprintf(format, args...), Mend: mend}
}

// Checkup looks at everything that can be wrong between us, the database,
// WordPress and the payment provider.
func (s *Shop) Checkup(ctx context.Context) []Check {
	var all []Check
	for _, look := range []func(context.Context) []Check{
		s.checkDatabase, s.checkUsersTable, s.checkKeys, s.checkFence, s.checkWordPress, s.checkGateway, s.checkJobs,
	} {
		all = append(all, look(ctx)...)
	}
	return all
}

const (
	slowRoundTrip = 20 * time.Millisecond
	roundTrips    = 5
)

func (s *Shop) checkDatabase(ctx context.Context) []Check {
	facts, err := s.db.ServerFacts(ctx)
	if err != nil {
		return []Check{bad("database", "Start MariaDB or MySQL and look at its log.", "The database does not answer: %v", err)}
	}
	checks := []Check{checkVersion(facts.Version)}
	if err := s.db.CanWrite(ctx); err != nil {
		checks = append(checks, bad("database rights", "Grant CREATE, ALTER, DROP, INDEX, SELECT, INSERT, UPDATE and DELETE on the site's database.", "A table cannot be made: %v", err))
	} else {
		checks = append(checks, ok("database rights", "Tables can be made and written."))
	}
	if 2*facts.Pool > facts.MaxConnections {
		checks = append(checks, warning("connections", "Lower TILLSIDE_POOL or raise max_connections.",
			"We may take %d of the database's %d connections; WordPress needs the others.", facts.Pool, facts.MaxConnections))
	} else {
		checks = append(checks, ok("connections", "At most %d of the database's %d connections.", facts.Pool, facts.MaxConnections))
	}
	start := time.Now()
	for range roundTrips {
		if err := s.db.Ping(ctx); err != nil {
			return append(checks, bad("round trip", "Look at the network to the database.", "The database stopped answering: %v", err))
		}
	}
	trip := time.Since(start) / roundTrips
	if trip > slowRoundTrip {
		return append(checks, warning("round trip", "Run Tillside nearer to the database.", "One round trip to the database takes %s.", trip.Round(time.Millisecond)))
	}
	return append(checks, ok("round trip", "One round trip to the database takes %s.", trip.Round(10*time.Microsecond)))
}

// checkVersion refuses servers without SKIP LOCKED: MariaDB before 10.6, MySQL
// before 8.0.
func checkVersion(version string) Check {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, _ := strconv.Atoi(major)
	b, _ := strconv.Atoi(minor)
	maria := strings.Contains(strings.ToLower(version), "mariadb")
	if maria && (a < 10 || a == 10 && b < 6) || !maria && a < 8 {
		return bad("database version", "Use MariaDB 10.6 or newer, or MySQL 8.0 or newer.", "%s is too old: jobs need SKIP LOCKED.", version)
	}
	return ok("database version", "%s", version)
}

func (s *Shop) checkUsersTable(context.Context) []Check {
	stored := s.site.Stored()
	if stored.UsersWritable() {
		return []Check{ok("users table", "%s is %s with %s.", stored.Users.Name, stored.Users.Engine, stored.Users.Collation)}
	}
	return []Check{warning("users table", "Convert wp_users and wp_usermeta to InnoDB and utf8mb4; until then WordPress makes new accounts itself, a little slower.",
		"%s is %s with %s.", firstOf(stored.Users.Name, "The users table"), stored.Users.Engine, stored.Users.Collation)}
}

func (s *Shop) checkKeys(context.Context) []Check {
	keys := s.site.Keys()
	if s.site.Stored().Keys != "" && s.cfg.Keys == "" && s.site.foundKeys() == "" {
		return []Check{warning("keys", "Move the option tillside_keys into wp-config.php as TILLSIDE_KEYS: then a copy of the database alone opens nothing.",
			"The keys (%s signs) are in the database.", keys.Newest())}
	}
	return []Check{ok("keys", "The key %s signs.", keys.Newest())}
}

func (s *Shop) checkFence(context.Context) []Check {
	if !s.fence.Up() {
		return []Check{ok("site", "This is %s, as remembered.", s.site.Home())}
	}
	remembered, now := s.fence.Sides()
	return []Check{bad("site", "Decide under Tillside, Status in wp-admin, or with: tillside doctor --decide moved (or copy).",
		"Remembered: %s, database %s on %s. Now: %s, database %s on %s. Nothing leaves this machine.",
		remembered.Home, remembered.Database, remembered.Host, now.Home, now.Database, now.Host)}
}

const maxSkew = 10 * time.Second

func (s *Shop) checkWordPress(ctx context.Context) []Check {
	if s.fence.Up() && !s.fence.Moved() {
		return []Check{warning("WordPress", "Decide first whether this is a copy.", "Not asked: under its old address the original would answer.")}
	}
	if err := s.site.greet(ctx); err != nil {
		mend := "Activate the plugin Tillside, and look whether " + s.site.Home() + " answers from this machine; if not, set TILLSIDE_WORDPRESS_URL."
		return []Check{bad("WordPress", mend, "The plugin does not answer: %v", err)}
	}
	facts, _ := s.site.Facts()
	checks := []Check{ok("WordPress", "WordPress %s, PHP %s, plugin %s.", facts.WPVersion, facts.PHPVersion, facts.PluginVersion)}
	if skew, known := s.site.client.ClockSkew(); known && skew.Abs() > maxSkew {
		checks = append(checks, bad("clock", "Set both clocks by NTP: tokens live for 60 seconds.", "WordPress's clock is %s off ours.", skew))
	} else {
		checks = append(checks, ok("clock", "Both clocks agree."))
	}
	switch reason := s.users.notInSQL(facts); {
	case reason == "":
		checks = append(checks, ok("accounts", "New buyers' accounts are made in the database."))
	default:
		checks = append(checks, ok("accounts", "WordPress makes new buyers' accounts itself: %s.", reason))
	}
	if facts.Mode == "" {
		return append(checks, warning("way in", "Open Tillside, Status in wp-admin and probe again.", "The plugin does not know yet how browsers reach us."))
	}
	return append(checks, ok("way in", "Browsers reach us by %s.", facts.Mode))
}

func (s *Shop) checkGateway(ctx context.Context) []Check {
	if s.fence.Up() {
		return nil
	}
	v := s.gateways.view(ctx)
	if v.Mode == "" {
		return []Check{warning("Stripe", "Enter the keys under Tillside, Status in wp-admin, or set TILLSIDE_STRIPE_SECRET_KEY and TILLSIDE_STRIPE_PUBLISHABLE_KEY.", "No keys yet: only free offers can be taken.")}
	}
	if v.Account == "" {
		return []Check{bad("Stripe", "Look whether the key was revoked, and whether this machine reaches api.stripe.com.", "Stripe does not answer for the stored %s key.", v.Mode)}
	}
	checks := []Check{ok("Stripe", "Account %s in %s mode.", v.Account, v.Mode)}
	if v.Mode == payment.ModeTest {
		checks[0] = warning("Stripe", "Enter live keys before you sell.", "Account %s in test mode: no money moves.", v.Account)
	}
	if v.Webhook == "ok" {
		return append(checks, ok("webhook", "Stripe calls %s.", v.WebhookURL))
	}
	return append(checks, warning("webhook", "Nothing to do on a trial site. On a public one save the keys again.",
		"Stripe cannot call %s; events are fetched every %s instead.", s.site.Home(), schedules[2].Every))
}

func (s *Shop) checkJobs(ctx context.Context) []Check {
	waiting, dead, err := s.jobs.Counts(ctx)
	if err != nil {
		return []Check{bad("jobs", "Run: tillside migrate", "The jobs cannot be counted: %v", err)}
	}
	destinations, err := s.jobs.Destinations(ctx)
	if err != nil {
		return []Check{bad("jobs", "Run: tillside migrate", "The destinations of jobs cannot be read: %v", err)}
	}
	quarantine, err := s.Orders.FindQuarantine(ctx)
	if err != nil {
		return []Check{bad("payments", "Run: tillside migrate", "The payments in quarantine cannot be read: %v", err)}
	}
	var checks []Check
	for _, d := range destinations {
		switch d.State {
		case job.DestinationHalted:
			checks = append(checks, bad("crm", "Connect it again: tillside crm connect", "%s refuses us, and %d contacts wait: %s", d.Name, d.Waiting, d.Reason))
		case job.DestinationPaused:
			checks = append(checks, warning("jobs", "tillside job resume "+d.Name, "Nothing is sent to %s: it is paused, and %d wait.", d.Name, d.Waiting))
		}
	}
	if dead > 0 {
		checks = append(checks, bad("jobs", "See why: tillside job dead. Try them again: tillside job replay.", "%d jobs were given up, %d wait.", dead, waiting))
	} else {
		checks = append(checks, ok("jobs", "%d wait, none was given up.", waiting))
	}
	if len(quarantine) > 0 {
		checks = append(checks, bad("payments", "Look at each with: tillside order list --quarantine; give it back with: tillside order resolve --refund PAYMENT.", "%d payments fit no order.", len(quarantine)))
	}
	return checks
}

// Decide lowers the clone fence: "moved" or "copy".
func (s *Shop) Decide(ctx context.Context, decision string) error {
	return s.fence.decide(ctx, decision)
}

// admin implements api.Admin.
type admin struct{ *Shop }

type adminStatus struct {
	Version  string         `json:"version"`
	Database databaseStatus `json:"database"`
	Gateway  StripeView     `json:"gateway"`
	Fence    fenceStatus    `json:"fence"`
	Jobs     jobStatus      `json:"jobs"`
	Checks   []Check        `json:"checks"`
}

type databaseStatus struct {
	Version string `json:"version"`
	Prefix  string `json:"prefix"`
}

type fenceStatus struct {
	State      string        `json:"state"` // ok, mismatch
	Remembered fenceIdentity `json:"remembered"`
	Now        fenceIdentity `json:"now"`
}

type fenceIdentity struct {
	Home     string `json:"home"`
	Database string `json:"database"`
	Host     string `json:"host"`
}

type jobStatus struct {
	Waiting int `json:"waiting"`
	Dead    int `json:"dead"`
}

// Status implements api.Admin.
func (a *admin) Status(ctx context.Context) (any, error) {
	facts, err := a.db.ServerFacts(ctx)
	if err != nil {
		return nil, err
	}
	v := adminStatus{
		Version: Version, Database: databaseStatus{Version: facts.Version, Prefix: a.db.Prefix()},
		Gateway: a.gateways.view(ctx), Fence: fenceStatus{State: "ok"}, Checks: a.Checkup(ctx),
	}
	remembered, now := a.fence.Sides()
	v.Fence.Remembered = fenceIdentity{remembered.Home, remembered.Database, remembered.Host}
	v.Fence.Now = fenceIdentity{now.Home, now.Database, now.Host}
	if a.fence.Up() {
		v.Fence.State = "mismatch"
	}
	v.Jobs.Waiting, v.Jobs.Dead, err = a.jobs.Counts(ctx)
	return v, err
}

// SaveStripe implements api.Admin.
func (a *admin) SaveStripe(ctx context.Context, secretKey, publishableKey string) (any, error) {
	if a.cfg.StripeSecretKey != "" {
		return nil, errs.New(errs.Conflict, "The Stripe keys are set in Tillside's environment. Change them there.")
	}
	if err := a.gateways.save(ctx, secretKey, publishableKey); err != nil {
		return nil, err
	}
	return a.gateways.view(ctx), nil
}

// DecideFence implements api.Admin.
func (a *admin) DecideFence(ctx context.Context, decision string) error {
	return a.Decide(ctx, decision)
}
