package wpdb

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// update rewrites testdata/users-<version>.json from the WordPress in TEST_WP_DIR.
var update = flag.Bool("update", false, "rewrite the rows that WordPress made")

// wpUser is a user and the rows that WordPress made for it.
type wpUser struct {
	Login     string            `json:"login"`
	Email     string            `json:"email"`
	FirstName string            `json:"first_name"`
	LastName  string            `json:"last_name"`
	Roles     []string          `json:"roles"`
	Row       map[string]string `json:"row,omitempty"`
	Meta      [][2]string       `json:"meta,omitempty"`
}

type wpUsers struct {
	WPVersion string   `json:"wp_version"`
	Prefix    string   `json:"prefix"`
	UserRoles string   `json:"user_roles"`
	Users     []wpUser `json:"users"`
}

// people are the users whose rows are compared. The logins are those that CreateUser
// chooses.
func people() []wpUser {
	long := strings.Repeat("l", 52)
	p := func(login, email, first, last string, roles ...string) wpUser {
		if len(roles) == 0 {
			roles = []string{"subscriber"}
		}
		return wpUser{Login: login, Email: email, FirstName: first, LastName: last, Roles: roles}
	}
	same := func(email, first, last string, roles ...string) wpUser { return p(email, email, first, last, roles...) }
	return []wpUser{
		same("ada@example.org", "Ada", "Lovelace"),
		same("none@example.org", "", ""),
		same("first@example.org", "Ada", ""),
		same("last@example.org", "", "Lovelace"),
		same("John.DOE@Example.ORG", "John", "Doe", "contributor"),
		same("author@example.org", "A", "B", "author"),
		same("two@example.org", "A", "B", "subscriber", "author"),
		p("janetag", "jane+tag@example.org", "Jane", "Tag"),
		p("obrien", "o'brien@example.org", "Pat", `O'Brien "the" Pat`),
		p(long[:40], long+"@example.org", "Long", "Mail"),
		same(long[:48]+"@example.org", "Sixty", "Characters"),
		same(long[:48]+"@example.com", "Same", "nicename"),
		same("a.b@example.org", "Dot", "B"),
		same("a-b@example.org", "Dash", "B"),
		same("a_b@example.org", "Underscore", "B"),
		same("amp@example.org", "A & B", "C &amp; D &eacute; &bogus; &#233; &#x00e9; &#0; &"),
		same("html@example.org", "<b>Bob</b>", "<script>alert(1)</script>Eve <img src=x onerror=alert(1)>"),
		same("less@example.org", "a < b > c", "x <y <z> 1<2"),
		same("loose@example.org", "a < i > b < / i > c < u > d < ! > e", "x< b>y"),
		same("more@example.org", "<", ">>"),
		same("open@example.org", "<b", `<a href="x" 'y' & z`),
		same("emoji@example.org", "🔑 Zoë", "日本語 José"),
		same("object@example.org", `O:8:"stdClass":0:{}`, `a:1:{i:0;i:1;}`),
		same("scalar@example.org", "i:5;", "N;"),
		same("bool@example.org", "b:1;", `s:3:"abc";`),
		same("slash@example.org", `C:\temp\`, `a\'b`),
		same("octet@example.org", "100% %41 %zz", "%4%411 x%20y"),
		same("space@example.org", "  two   spaces ", "tab\tline\r\nend\x01\x0b"),
		same("zero@example.org", "0", "00"),
		same("nbsp@example.org", "\u00a0x\u00a0", "\u200bzero\u202eright"),
		same("names@example.org", strings.Repeat("n", 100), strings.Repeat("ß", 100)),
	}
}

func TestCreateUser_WritesTheRowsOfWordPress(t *testing.T) {
	if *update {
		got := askWordPress(t, os.Getenv("TEST_WP_DIR"))
		out, _ := json.MarshalIndent(got, "", "\t")
		if err := os.WriteFile(filepath.Join("testdata", "users-"+got.WPVersion+".json"), append(out, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := filepath.Glob("testdata/users-*.json")
	if len(files) < 2 {
		t.Fatalf("recorded rows = %v, want two versions", files)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var recorded wpUsers
			if err := json.Unmarshal(raw, &recorded); err != nil {
				t.Fatal(err)
			}
			if len(recorded.Users) != len(people()) {
				t.Errorf("%d users were recorded, want %d", len(recorded.Users), len(people()))
			}
			compareRows(t, recorded)
		})
	}
}

// The recorded rows are of two versions; this asks the WordPress that is at hand.
func TestCreateUser_WritesTheRowsOfALiveWordPress(t *testing.T) {
	dir := os.Getenv("TEST_WP_DIR")
	if dir == "" {
		t.Skip("TEST_WP_DIR names no WordPress; the recorded rows were compared")
	}
	live := askWordPress(t, dir)
	if !Tested(live.WPVersion) {
		t.Fatalf("WordPress %s is not tested", live.WPVersion)
	}
	compareRows(t, live)
}

func askWordPress(t *testing.T, dir string) wpUsers {
	t.Helper()
	in, err := json.Marshal(people())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "php", "-d", "display_errors=stderr", "testdata/wp_insert_user.php", dir)
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	raw, err := cmd.Output()
	if err != nil {
		t.Fatalf("php: %v\n%s%s", err, stderr.Bytes(), raw)
	}
	var out wpUsers
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatalf("php answered %q: %v", raw, err)
	}
	return out
}

// Formats of what differs from one user to the next.
var differing = map[string]*regexp.Regexp{
	"ID":              regexp.MustCompile(`^[1-9][0-9]*$`),
	"user_pass":       regexp.MustCompile(`^\$wp\$2y\$(04|10|12)\$[./A-Za-z0-9]{53}$`),
	"user_registered": regexp.MustCompile(`^20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$`),
}

func compareRows(t *testing.T, wp wpUsers) {
	t.Helper()
	db := openDB(t, wp.Prefix)
	addOption(t, db, wp.Prefix, wp.Prefix+"user_roles", wp.UserRoles)
	hash, err := NewPassHash(wp.WPVersion)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range wp.Users {
		u := newUser(want.Email)
		u.FirstName, u.LastName, u.Roles, u.PassHash, u.WPVersion = want.FirstName, want.LastName, want.Roles, hash, wp.WPVersion
		created, err := createUser(t, db, wp.Prefix, u)
		if err != nil {
			t.Errorf("%s: %v", want.Email, err)
			continue
		}
		if created.Login != want.Login || !created.Created {
			t.Errorf("%s: created %+v, want login %s", want.Email, created, want.Login)
		}
		row := map[string]any{}
		if err := db.QueryRowxContext(t.Context(), "SELECT *, CAST(user_registered AS CHAR) AS user_registered FROM "+wp.Prefix+"users WHERE ID = ?", created.UserID).MapScan(row); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for name, value := range row {
			got[name] = text(value)
		}
		for name, form := range differing {
			if !form.MatchString(got[name]) || !form.MatchString(want.Row[name]) {
				t.Errorf("%s: %s = %q, WordPress has %q", want.Email, name, got[name], want.Row[name])
			}
			got[name], want.Row[name] = "", ""
		}
		if diff := cmp.Diff(want.Row, got); diff != "" {
			t.Errorf("%s: row of users (-WordPress +ours):\n%s", want.Email, diff)
		}
		var rows []struct {
			Key   string `db:"meta_key"`
			Value string `db:"meta_value"`
		}
		if err := db.SelectContext(t.Context(), &rows, "SELECT meta_key, meta_value FROM "+wp.Prefix+"usermeta WHERE user_id = ? ORDER BY umeta_id", created.UserID); err != nil {
			t.Fatal(err)
		}
		var meta [][2]string
		for _, r := range rows {
			meta = append(meta, [2]string{r.Key, r.Value})
		}
		if diff := cmp.Diff(want.Meta, meta); diff != "" {
			t.Errorf("%s: rows of usermeta (-WordPress +ours):\n%s", want.Email, diff)
		}
	}
}

// text returns a scanned value as the driver's text protocol would.
func text(v any) string {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case nil:
		return ""
	}
	b, _ := json.Marshal(v)
	return strings.Trim(string(b), `"`)
}
