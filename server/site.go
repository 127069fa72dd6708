package server

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/tillside/tillside/server/config"
	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/locale"
	"github.com/tillside/tillside/server/mysql"
	"github.com/tillside/tillside/wpbridge"
	"github.com/tillside/tillside/wpbridge/wpdb"
)

const (
	settingFacts   = "wordpress.facts" // what WordPress said of itself last
	keysMayReload  = 10 * time.Second
	keysMissingMsg = "there are no keys yet: activate the Tillside plugin in WordPress, or set TILLSIDE_KEYS"
)

// site is the WordPress site that we sell for: where it is, its keys, and what
// it says of itself. Its answers change while we run.
type site struct {
	cfg    *config.Config
	db     *mysql.DB
	log    *slog.Logger
	now    func() time.Time
	tongue *locale.Catalogue
	found  *wpbridge.Site // nil when all is given by environment

	client *wpbridge.Client

	mu       sync.RWMutex
	home     string
	keys     wpbridge.Keys
	loaded   time.Time // when the keys were read
	stored   wpdb.SiteFacts
	facts    wpbridge.SiteFacts // zero until WordPress has answered once, ever
	lastSeen time.Time          // when WordPress answered last; zero if never since the start
	verifier *wpbridge.Verifier
	locale   *locale.Locale
	zone     *time.Location
}

// findSite says which database to open and under which prefix.
func findSite(cfg *config.Config) (dsn, prefix string, found *wpbridge.Site, err error) {
	if cfg.DSN != "" {
		prefix = cfg.TablePrefix
		if prefix == "" {
			prefix = "wp_"
		}
		return cfg.DSN, prefix, nil, nil
	}
	if cfg.WordPress == "" {
		return "", "", nil, errs.New(errs.Invalid, "Tillside does not know its site: give WordPress's folder with --wordpress, or set TILLSIDE_DSN.")
	}
	found, err = wpbridge.FindSite(cfg.WordPress, os.Getenv)
	if err != nil {
		return "", "", nil, err
	}
	prefix = found.Prefix
	if cfg.TablePrefix != "" {
		prefix = cfg.TablePrefix
	}
	return found.DSN(), prefix, found, nil
}

// openSite reads what the database says of the site. It fails while WordPress
// is not installed or has no keys yet.
func openSite(ctx context.Context, cfg *config.Config, db *mysql.DB, found *wpbridge.Site, log *slog.Logger, now func() time.Time) (*site, error) {
	tongue, err := locale.Load()
	if err != nil {
		return nil, fmt.Errorf("languages: %w", err)
	}
	s := &site{cfg: cfg, db: db, log: log, now: now, tongue: tongue, found: found}
	if err := s.reload(ctx); err != nil {
		return nil, err
	}
	if s.keys.IsEmpty() {
		return nil, errs.New(errs.Unavailable, keysMissingMsg)
	}
	s.client, err = wpbridge.NewClient(wpbridge.ClientOptions{
		Home: s.home, URL: cfg.WordPressURL, Keys: s.Keys, Now: now, UserAgent: "Tillside/" + Version,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// reload reads the site's facts and keys from the database.
func (s *site) reload(ctx context.Context) error {
	stored, err := wpdb.Facts(ctx, s.db.WordPress(), s.db.Prefix())
	if err != nil {
		return fmt.Errorf("read the WordPress site: %w", err)
	}
	home := firstOf(s.cfg.SiteURL, s.foundHome(), stored.Home)
	if home == "" {
		return errs.New(errs.Unavailable, "WordPress is not installed yet: its address is not in the database.")
	}
	var keys wpbridge.Keys
	if text := firstOf(s.cfg.Keys, s.foundKeys(), stored.Keys); text != "" {
		if keys, err = wpbridge.ParseKeys(text); err != nil {
			return fmt.Errorf("keys: %w", err)
		}
	}
	zone, err := time.LoadLocation(stored.Timezone)
	if err != nil || stored.Timezone == "" {
		zone = fixedZone(stored.GMTOffset)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.home, s.keys, s.stored, s.loaded = strings.TrimRight(home, "/"), keys, stored, s.now()
	s.verifier = wpbridge.NewVerifier(keys, s.home, s.now)
	s.locale, s.zone = s.tongue.For(firstOf(stored.Locale, "en_US")), zone
	return nil
}

func (s *site) foundHome() string {
	if s.found == nil {
		return ""
	}
	return s.found.Home
}

func (s *site) foundKeys() string {
	if s.found == nil {
		return ""
	}
	return s.found.Keys
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// fixedZone reads WordPress's gmt_offset, hours such as 5.5.
func fixedZone(hours string) *time.Location {
	offset, err := time.ParseDuration(firstOf(hours, "0") + "h")
	if err != nil || offset == 0 {
		return time.UTC
	}
	return time.FixedZone("", int(offset.Seconds()))
}

// Ready implements api.Site.
func (s *site) Ready() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return !s.keys.IsEmpty()
}

// Home implements api.Site.
func (s *site) Home() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.home
}

// Name implements api.Site.
func (s *site) Name() string { return s.Stored().Name }

// Keys returns the keys as they are now.
func (s *site) Keys() wpbridge.Keys {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.keys
}

// Locale implements api.Site.
func (s *site) Locale() *locale.Locale {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.locale
}

// TimeZone implements api.Site.
func (s *site) TimeZone() *time.Location {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.zone
}

// buyURL returns the address of an offer's own page in the theme, by the site's
// kind of permalinks.
func (s *site) buyURL(offer string) string {
	return s.themePage("buy/"+offer, "tillside_buy="+offer)
}

// giftCardPage returns the address of the page that shows gift cards.
func (s *site) giftCardPage() string { return s.themePage("gift-card/", "tillside_gift_card=1") }

func (s *site) themePage(path, query string) string {
	switch form := s.Stored().Permalinks; {
	case form == "":
		return s.Home() + "/?" + query
	case strings.HasPrefix(form, "/index.php/"):
		return s.Home() + "/index.php/" + path
	}
	return s.Home() + "/" + path
}

// Address returns the site's address as people read it.
func (s *site) Address() string {
	_, address, _ := strings.Cut(s.Home(), "://")
	return address
}

// seal and unseal encrypt what must be read again, for one place.
func (s *site) seal(plain []byte, place string) (string, error) { return s.Keys().Seal(plain, place) }
func (s *site) unseal(sealed, place string) ([]byte, error)     { return s.Keys().Open(sealed, place) }

// LoginURL implements api.Site.
func (s *site) LoginURL() string {
	if facts, _ := s.Facts(); facts.LoginURL != "" {
		return facts.LoginURL
	}
	return s.Home() + "/wp-login.php"
}

// Verifier implements api.Site.
func (s *site) Verifier() *wpbridge.Verifier {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.verifier
}

// Stored returns what the database says of the site.
func (s *site) Stored() wpdb.SiteFacts {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.stored
}

// Facts returns what WordPress said of itself last, and when since our start;
// zero when it has never answered.
func (s *site) Facts() (wpbridge.SiteFacts, time.Time) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.facts, s.lastSeen
}

// ReloadKeys implements api.Site.
func (s *site) ReloadKeys(ctx context.Context) error {
	s.mu.RLock()
	recent := s.now().Sub(s.loaded) < keysMayReload
	s.mu.RUnlock()
	if recent {
		return nil
	}
	return s.reload(ctx)
}

// Person implements api.Site.
func (s *site) Person(ctx context.Context, userID int64) (email, first, last string, err error) {
	user, err := wpdb.UserByID(ctx, s.db.WordPress(), s.db.Prefix(), userID)
	if err != nil {
		return "", "", "", err
	}
	first, last, err = wpdb.Names(ctx, s.db.WordPress(), s.db.Prefix(), userID)
	return user.Email, first, last, err
}

// UserLogin implements api.Site.
func (s *site) UserLogin(ctx context.Context, userID int64) (string, error) {
	user, err := wpdb.UserByID(ctx, s.db.WordPress(), s.db.Prefix(), userID)
	return user.Login, err
}

// greet tells the plugin where we are and learns what only WordPress knows.
func (s *site) greet(ctx context.Context) error {
	facts, err := s.client.Hello(ctx, wpbridge.Hello{Version: Version, URL: s.cfg.URL, Path: s.cfg.PublicPath})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.facts, s.lastSeen = facts, s.now()
	s.mu.Unlock()
	text, err := json.Marshal(facts)
	if err != nil {
		return fmt.Errorf("facts: %w", err)
	}
	return s.db.SetSetting(ctx, settingFacts, string(text))
}

// remember takes the facts of an earlier greeting, so that new buyers get their
// accounts while WordPress is down.
func (s *site) remember(ctx context.Context) error {
	text, err := s.db.Setting(ctx, settingFacts)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var facts wpbridge.SiteFacts
	if err := json.Unmarshal([]byte(text), &facts); err != nil {
		return fmt.Errorf("facts: %w", err)
	}
	s.mu.Lock()
	s.facts = facts
	s.mu.Unlock()
	return nil
}

const (
	greetSoon  = 3 * time.Second
	greetLater = time.Hour
	lookEvery  = time.Minute // the owner may change the site's language, zone or address
)

// keepGreeting greets until ctx ends: soon again after a failure, else hourly;
// and reads every minute what the database says of the site.
func (s *site) keepGreeting(ctx context.Context, allowed func() bool) {
	looking := time.NewTicker(lookEvery)
	defer looking.Stop()
	pause, failed := time.Duration(0), false
	next := time.NewTimer(pause)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-looking.C:
			if err := s.reload(ctx); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "the site's facts cannot be read", "error", err)
			}
			continue
		case <-next.C:
		}
		switch err := s.greetIf(ctx, allowed); {
		case err == nil && allowed():
			pause, failed = greetLater, false
			s.log.InfoContext(ctx, "WordPress answered", "home", s.Home())
		case err == nil:
			pause = greetSoon
		default:
			pause = min(time.Minute, max(greetSoon, pause*2))
			if !failed && ctx.Err() == nil {
				s.log.WarnContext(ctx, "WordPress does not answer yet", "home", s.Home(), "error", err)
			}
			failed = true
		}
		next.Reset(pause)
	}
}

func (s *site) greetIf(ctx context.Context, allowed func() bool) error {
	if !allowed() {
		return nil
	}
	return s.greet(ctx)
}
