package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/server/mysql"
)

const settingIdentity = "site.identity"

// identity is what makes a site this one. A backup that is restored elsewhere
// brings it along and does not fit.
type identity struct {
	ID       string `json:"id"` // random; kept with every intent at the provider
	Home     string `json:"home"`
	Database string `json:"database"`
	Host     string `json:"host"` // where the database is
}

// fence stops everything that leaves this machine while the site is not the one
// that we remember, until an admin decides.
type fence struct {
	db *mysql.DB

	mu         sync.RWMutex
	remembered identity
	now        identity
	read       time.Time // when remembered was read
}

// fenceMayAge is how long a fence that is up goes without looking whether an
// admin has decided in another process.
const fenceMayAge = 3 * time.Second

// openFence compares the site with what is remembered; a first start remembers.
func openFence(ctx context.Context, db *mysql.DB, home string) (*fence, error) {
	database, host, err := db.Identity(ctx)
	if err != nil {
		return nil, err
	}
	f := &fence{db: db, now: identity{Home: home, Database: database, Host: host}}
	err = f.load(ctx)
	if errs.Is(err, errs.NotFound) {
		return f, f.store(ctx, strings.ToLower(rand.Text()))
	}
	return f, err
}

// load reads what is remembered.
func (f *fence) load(ctx context.Context) error {
	text, err := f.db.Setting(ctx, settingIdentity)
	if err != nil {
		return err
	}
	var remembered identity
	if err := json.Unmarshal([]byte(text), &remembered); err != nil {
		return fmt.Errorf("site identity: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.remembered, f.now.ID, f.read = remembered, remembered.ID, time.Now()
	return nil
}

// store remembers the site as it is now, under an id.
func (f *fence) store(ctx context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now.ID = id
	text, err := json.Marshal(f.now)
	if err != nil {
		return fmt.Errorf("site identity: %w", err)
	}
	if err := f.db.SetSetting(ctx, settingIdentity, string(text)); err != nil {
		return err
	}
	f.remembered = f.now
	return nil
}

// Up reports whether nothing may leave this machine.
func (f *fence) Up() bool {
	up, age := f.look()
	if !up || age < fenceMayAge {
		return up
	}
	ctx, cancel := context.WithTimeout(context.Background(), fenceMayAge)
	defer cancel()
	if err := f.load(ctx); err != nil {
		return true
	}
	up, _ = f.look()
	return up
}

// Selling returns errs.Unavailable while nothing may leave this machine.
func (f *fence) Selling() error {
	if f.Up() {
		return errs.New(errs.Unavailable, "This is a copy of the shop. Nothing is sold here.")
	}
	return nil
}

func (f *fence) look() (up bool, age time.Duration) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.remembered != f.now, time.Since(f.read)
}

// Moved reports whether the site's own address is another one than remembered.
// Only then may a fenced process talk to WordPress: under the old address it
// would reach the original.
func (f *fence) Moved() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.remembered.Home != f.now.Home
}

// SiteID returns the id that is kept with every intent.
func (f *fence) SiteID() string {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.remembered.ID
}

// Sides returns what is remembered and what is.
func (f *fence) Sides() (remembered, now identity) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.remembered, f.now
}

// The decisions of an admin.
const (
	decisionMoved = "moved" // this is the site, at a new place
	decisionCopy  = "copy"  // this is a copy: it starts anew
)

// decide lowers the fence. A copy forgets the original's payment keys and its
// waiting work first, and gets an id of its own.
func (f *fence) decide(ctx context.Context, decision string) error {
	switch {
	case !f.Up():
		return errs.New(errs.Conflict, "There is nothing to decide: the site is where it was.")
	case decision == decisionMoved:
		return f.store(ctx, f.SiteID())
	case decision != decisionCopy:
		return errs.Field("decision", "Say whether the site moved or was copied.")
	}
	if err := f.db.DeleteSetting(ctx, settingStripe); err != nil {
		return err
	}
	if err := f.db.ForgetWork(ctx); err != nil {
		return err
	}
	return f.store(ctx, strings.ToLower(rand.Text()))
}
