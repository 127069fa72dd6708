package wpdb

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/errs"
)

func TestCreateUser_LeavesAnExistingAccountAlone(t *testing.T) {
	db := openDB(t, testPrefix)
	addUser(t, db, "ada", "Ada@Example.org", "ada")
	created, err := createUser(t, db, testPrefix, newUser("ada@example.ORG"))
	if err != nil {
		t.Fatal(err)
	}
	if created.Created || created.UserID != 1 || created.Login != "ada" || created.PassFingerprint != Fingerprint("x") {
		t.Errorf("created = %+v", created)
	}
	var n int
	if err := db.Get(&n, "SELECT COUNT(*) FROM shop_usermeta"); err != nil || n != 0 {
		t.Errorf("%d meta rows were written, %v", n, err)
	}
}

func TestCreateUser_TwiceIsOnce(t *testing.T) {
	db := openDB(t, testPrefix)
	first, err := createUser(t, db, testPrefix, newUser("ada@example.org"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := createUser(t, db, testPrefix, newUser("ada@example.org"))
	if err != nil {
		t.Fatal(err)
	}
	first.Created = false
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("second answer (-first +second):\n%s", diff)
	}
	if fp, err := PassFingerprint(t.Context(), db, testPrefix, first.UserID); err != nil || fp != first.PassFingerprint {
		t.Errorf("fingerprint = %s, %v", fp, err)
	}
}

func TestCreateUser_TellsLookalikesApart(t *testing.T) {
	tests := []struct {
		name                   string
		login, email, nicename string // who is there
		buyer                  string
		wantLogin              string
	}{
		{"accent in the other's address", "jose", "josé@example.org", "jose", "jose@example.org", "jose-2"},
		{"accent in the other's login", "josé@example.org", "other@example.org", "x", "jose@example.org", "jose"},
		{"the other's login is the address", "ada@example.org", "other@example.org", "x", "ada@example.org", "ada"},
		{"… in other letters", "ADA@example.org", "other@example.org", "x", "ada@example.org", "ada"},
		{"space at the end", "x", "ada@example.org ", "x", "ada@example.org", "ada"},
		{"kelvin sign", "x", "\u212aurt@example.org", "x", "kurt@example.org", "kurt"},
		{"nicename taken", "other", "other@example.org", "adaexample-org", "ada@example.org", "ada@example.org"},
		{"derived login taken", "janetag", "other@example.org", "x", "jane+tag@example.org", "janetag-2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db := openDB(t, testPrefix)
			addUser(t, db, tt.login, tt.email, tt.nicename)
			got, err := createUser(t, db, testPrefix, newUser(tt.buyer))
			if err != nil {
				t.Fatal(err)
			}
			if !got.Created || got.UserID == 1 || got.Login != tt.wantLogin {
				t.Errorf("created = %+v, want login %s", got, tt.wantLogin)
			}
			u, err := UserByEmail(t.Context(), db, testPrefix, strings.ToUpper(tt.buyer))
			if err != nil || u.ID != got.UserID {
				t.Errorf("by e-mail = %+v, %v", u, err)
			}
		})
	}
}

func TestCreateUser_SuffixesTheNicename(t *testing.T) {
	db := openDB(t, testPrefix)
	addUser(t, db, "a", "a@a.example", "adaexample-org")
	addUser(t, db, "b", "b@a.example", "adaexample-org-2")
	got, err := createUser(t, db, testPrefix, newUser("ada@example.org"))
	if err != nil {
		t.Fatal(err)
	}
	if u, err := UserByID(t.Context(), db, testPrefix, got.UserID); err != nil || u.Nicename != "adaexample-org-3" {
		t.Errorf("user = %+v, %v", u, err)
	}
}

func TestCreateUser_RefusesWhatMustNotBe(t *testing.T) {
	db := openDB(t, testPrefix)
	tests := []struct {
		name   string
		change func(*NewUser)
		code   errs.Code // "" for a fault of ours
	}{
		{"4-byte character in the address", func(u *NewUser) { u.Email = "🔑@example.org" }, errs.Invalid},
		{"accent in the address", func(u *NewUser) { u.Email = "josé@example.org" }, errs.Invalid},
		{"address too long", func(u *NewUser) { u.Email = strings.Repeat("a", 89) + "@example.org" }, errs.Invalid},
		{"no address", func(u *NewUser) { u.Email = "" }, errs.Invalid},
		{"address with a space", func(u *NewUser) { u.Email = "a b@example.org" }, errs.Invalid},
		{"two @", func(u *NewUser) { u.Email = "a@b@example.org" }, errs.Invalid},
		{"no dot", func(u *NewUser) { u.Email = "ada@localhost" }, errs.Invalid},
		{"administrator", func(u *NewUser) { u.Roles = []string{"administrator"} }, errs.Forbidden},
		{"editor beside a harmless one", func(u *NewUser) { u.Roles = []string{"subscriber", "editor"} }, errs.Forbidden},
		{"unknown role", func(u *NewUser) { u.Roles = []string{"nobody"} }, errs.Invalid},
		{"untested version", func(u *NewUser) { u.WPVersion = "7.2" }, errs.Internal},
		{"no hash", func(u *NewUser) { u.PassHash = "" }, errs.Internal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newUser("ada@example.org")
			tt.change(&u)
			_, err := createUser(t, db, testPrefix, u)
			if got := errs.From(err).Code; err == nil || got != tt.code {
				t.Errorf("error = %v, want %s", err, tt.code)
			}
		})
	}
	var n int
	if err := db.Get(&n, "SELECT COUNT(*) FROM shop_users"); err != nil || n != 0 {
		t.Errorf("%d users, %v", n, err)
	}
}

func TestCreateUser_KeepsTheLimits(t *testing.T) {
	db := openDB(t, testPrefix)
	u := newUser(strings.Repeat("a", 64) + "@" + strings.Repeat("b", 31) + ".org") // 100 characters
	u.FirstName, u.LastName = strings.Repeat("🔑", 200), strings.Repeat("&", 200)
	got, err := createUser(t, db, testPrefix, u)
	if err != nil {
		t.Fatal(err)
	}
	user, err := UserByID(t.Context(), db, testPrefix, got.UserID)
	if err != nil || user.Email != u.Email || user.Login != strings.Repeat("a", 40) {
		t.Errorf("user = %+v, %v", user, err)
	}
}

func TestCreateUser_TakesTheDefaultRole(t *testing.T) {
	db := openDB(t, testPrefix)
	u := newUser("ada@example.org")
	u.Roles = nil
	addOption(t, db, testPrefix, "default_role", "member")
	got, err := createUser(t, db, testPrefix, u)
	if err != nil {
		t.Fatal(err)
	}
	var caps string
	if err := db.Get(&caps, "SELECT meta_value FROM shop_usermeta WHERE user_id = ? AND meta_key = 'shop_capabilities'", got.UserID); err != nil || caps != `a:1:{s:6:"member";b:1;}` {
		t.Errorf("capabilities = %s, %v", caps, err)
	}
	addOption(t, db, testPrefix, "default_role", "editor")
	u.Email = "eve@example.org"
	if _, err := createUser(t, db, testPrefix, u); !errs.Is(err, errs.Forbidden) {
		t.Errorf("default role editor: %v", err)
	}
}

func TestCreateUser_EightAtOnceMakeOne(t *testing.T) {
	db := openDB(t, testPrefix)
	const buyers = 8
	var wg sync.WaitGroup
	got, failed := make([]Created, buyers), make([]error, buyers)
	for i := range buyers {
		wg.Go(func() { got[i], failed[i] = createUser(t, db, testPrefix, newUser("ada@example.org")) })
	}
	wg.Wait()
	made := 0
	for i, c := range got {
		if failed[i] != nil {
			t.Errorf("buyer %d: %v", i, failed[i])
		}
		if c.Created {
			made++
		}
		if c.UserID != got[0].UserID {
			t.Errorf("user %d and user %d", c.UserID, got[0].UserID)
		}
	}
	if made != 1 {
		t.Errorf("%d users were made, want 1", made)
	}
}

func TestCreateUser_NeedsTheLockRow(t *testing.T) {
	db := openDB(t, testPrefix)
	mustExec(t, db, "DELETE FROM shop_tillside_locks")
	if _, err := createUser(t, db, testPrefix, newUser("ada@example.org")); err == nil || !strings.Contains(err.Error(), "lock users") {
		t.Errorf("error = %v", err)
	}
}

func TestUserByLogin_ComparesBytes(t *testing.T) {
	db := openDB(t, testPrefix)
	addUser(t, db, "josé", "x@example.org", "x")
	if _, err := UserByLogin(t.Context(), db, testPrefix, "jose"); !errs.Is(err, errs.NotFound) {
		t.Errorf("error = %v", err)
	}
	if u, err := UserByLogin(t.Context(), db, testPrefix, "JOSé"); err != nil || u.ID != 1 {
		t.Errorf("user = %+v, %v", u, err)
	}
	if _, err := UserByID(t.Context(), db, testPrefix, 2); !errs.Is(err, errs.NotFound) {
		t.Errorf("error = %v", err)
	}
}

func TestNewUser_OfAnInvalidNameIsStillMade(t *testing.T) {
	db := openDB(t, testPrefix)
	u := newUser("ada@example.org")
	u.FirstName = "\xff\xfe"
	got, err := createUser(t, db, testPrefix, u)
	if err != nil {
		t.Fatal(err)
	}
	user, err := UserByID(t.Context(), db, testPrefix, got.UserID)
	if err != nil || user.DisplayName != "Lovelace" {
		t.Errorf("user = %+v, %v", user, err)
	}
}
