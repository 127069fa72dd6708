package wpdb

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillside/tillside/server/errs"
)

func TestFacts_AreThoseOfTheSite(t *testing.T) {
	db := openDB(t, testPrefix)
	for name, value := range map[string]string{
		"home": "https://example.org/shop/", "siteurl": "https://example.org/wp", "blogname": "Ada &amp; Söhne &#039;x&#039;", "admin_email": "a@example.org",
		"WPLANG": "de_DE", "timezone_string": "", "gmt_offset": "5.5", "date_format": "j. F Y", "time_format": "G:i", "template": "t", "db_version": "60421",
		"tillside_keys": `{"k1":1}`,
	} {
		addOption(t, db, testPrefix, name, value)
	}
	got, err := Facts(t.Context(), db, testPrefix)
	if err != nil {
		t.Fatal(err)
	}
	want := SiteFacts{
		Users:    TableFacts{"shop_users", "InnoDB", "utf8mb4_unicode_520_ci"},
		Usermeta: TableFacts{"shop_usermeta", "InnoDB", "utf8mb4_unicode_520_ci"},
		Home:     "https://example.org/shop", SiteURL: "https://example.org/wp", Name: "Ada & Söhne 'x'", AdminEmail: "a@example.org",
		Locale: "de_DE", GMTOffset: "5.5", DateFormat: "j. F Y", TimeFormat: "G:i", Theme: "t", DBVersion: "60421", Keys: `{"k1":1}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if !got.UsersWritable() || strings.Contains(fmt.Sprintf("%v %#v", got, got), "k1") {
		t.Errorf("writable %t, printed as %v", got.UsersWritable(), got)
	}
	for _, change := range []string{"ENGINE=MyISAM", "CONVERT TO CHARACTER SET utf8mb3"} {
		mustExec(t, db, "ALTER TABLE shop_usermeta "+change)
		if got, err := Facts(t.Context(), db, testPrefix); err != nil || got.UsersWritable() {
			t.Errorf("%s: writable, %v", change, err)
		}
		mustExec(t, db, "ALTER TABLE shop_usermeta ENGINE=InnoDB, CONVERT TO CHARACTER SET utf8mb4")
	}
	if got, err := Facts(t.Context(), db, "none_"); err == nil {
		t.Errorf("facts of no site: %v", got)
	}
}

func TestRoles_AreReadStrictly(t *testing.T) {
	db := openDB(t, testPrefix)
	roles, err := Roles(t.Context(), db, testPrefix)
	if err != nil {
		t.Fatal(err)
	}
	want := []Role{
		{"administrator", "administrator", []string{"manage_options", "level_10", "level_0"}, 10},
		{"editor", "editor", []string{"edit_others_posts", "level_7"}, 7},
		{"author", "author", []string{"publish_posts", "level_2", "level_1", "level_0", "read"}, 2},
		{"subscriber", "subscriber", []string{"read", "level_0"}, 0},
		{"member", "member", []string{"read"}, 0},
	}
	if diff := cmp.Diff(want, roles, cmp.AllowUnexported(Role{})); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "N;", `O:8:"stdClass":0:{}`, `a:1:{s:1:"x";O:8:"stdClass":0:{}}`, userRoles + "x", userRoles[:40], `a:1:{s:9:"x";a:0:{}}`, `a:99999999:{}`, "i:5;"} {
		addOption(t, db, testPrefix, "shop_user_roles", bad)
		if roles, err := Roles(t.Context(), db, testPrefix); err == nil {
			t.Errorf("%q gave roles %v", bad, roles)
		}
	}
}

func TestRoleIsSafe_RefusesPower(t *testing.T) {
	tests := []struct {
		slug string
		caps []string
		want bool
	}{
		{"subscriber", []string{"read", "level_0"}, true},
		{"customer", []string{"read"}, true},
		{"author", []string{"upload_files", "edit_posts", "publish_posts", "read"}, true},
		{"administrator", nil, false},
		{"", nil, false},
		{"x", []string{"read", "edit_users"}, false},
		{"x", []string{"Manage_Options"}, false},
		{"x", []string{"edit_others_products"}, false},
		{"x", []string{"delete_others_pages"}, false},
		{"x", []string{"unfiltered_html"}, false},
		{"x", []string{"list_users"}, false},
		{"x", []string{"manage_network_users"}, false},
		{"x", []string{"import"}, false},
	}
	for _, tt := range tests {
		if got := RoleIsSafe(Role{Slug: tt.slug, Caps: tt.caps}); got != tt.want {
			t.Errorf("RoleIsSafe(%s %v) = %t", tt.slug, tt.caps, got)
		}
	}
	for _, file := range recordedRoles(t) {
		for _, r := range file {
			want := slices.Contains([]string{"author", "contributor", "subscriber"}, r.Slug)
			if got := RoleIsSafe(r); got != want {
				t.Errorf("WordPress's own role %s: safe = %t", r.Slug, got)
			}
		}
	}
}

func TestEvents_ComeInOrderAndGoByID(t *testing.T) {
	db := openDB(t, testPrefix)
	for i := range 5 {
		mustExec(t, db, "INSERT INTO shop_tillside_wp_events (type, payload) VALUES ('user.updated', ?)", fmt.Sprintf(`{"user_id":%d}`, i))
	}
	events, err := Events(t.Context(), db, testPrefix, 3)
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != 3 || events[0].ID != 1 || events[2].ID != 3 || string(events[1].Payload) != `{"user_id":1}` || events[0].Type != "user.updated" || events[0].CreatedAt.IsZero() {
		t.Errorf("events = %+v", events)
	}
	if err := DeleteEvents(t.Context(), db, testPrefix, []int64{1, 3, 99}); err != nil {
		t.Fatal(err)
	}
	if err := DeleteEvents(t.Context(), db, testPrefix, nil); err != nil {
		t.Fatal(err)
	}
	events, err = Events(t.Context(), db, testPrefix, 100)
	if err != nil || len(events) != 3 || events[0].ID != 2 || events[1].ID != 4 {
		t.Errorf("events left = %+v, %v", events, err)
	}
}

func TestUserByEmail_NotFoundIsAnError(t *testing.T) {
	db := openDB(t, testPrefix)
	if _, err := UserByEmail(t.Context(), db, testPrefix, "🔑@example.org"); !errs.Is(err, errs.NotFound) {
		t.Errorf("error = %v", err)
	}
}

func TestNames_AreReadAsTheyWereMeant(t *testing.T) {
	db := openDB(t, testPrefix)
	u := newUser("ada@example.org")
	for _, want := range [][2]string{{"Ada & <3", "O'Brien"}, {`O:8:"stdClass":0:{}`, "i:5;"}, {"", "🔑"}, {"i:5;x", "a:b"}} {
		mustExec(t, db, "DELETE FROM shop_users")
		u.FirstName, u.LastName = want[0], want[1]
		c, err := createUser(t, db, testPrefix, u)
		if err != nil {
			t.Fatal(err)
		}
		mustExec(t, db, "INSERT INTO shop_usermeta (user_id, meta_key, meta_value) VALUES (?, 'first_name', 'later'), (?, 'First_Name', 'other')", c.UserID, c.UserID)
		first, last, err := Names(t.Context(), db, testPrefix, c.UserID)
		if err != nil || first != want[0] || last != want[1] {
			t.Errorf("names = %q, %q, %v, want %q", first, last, err, want)
		}
	}
	if first, last, err := Names(t.Context(), db, testPrefix, 99); err != nil || first+last != "" {
		t.Errorf("names of nobody = %q, %q, %v", first, last, err)
	}
}
