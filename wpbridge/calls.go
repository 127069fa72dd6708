package wpbridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Hello is what Tillside tells the plugin about itself.
type Hello struct {
	Version string `json:"version"`
	URL     string `json:"url"`  // where the plugin reaches Tillside; empty from a command, and nothing is remembered
	Path    string `json:"path"` // where browsers do, on the site's own address
	Time    int64  `json:"time"`
}

// SiteFacts are what only WordPress itself knows about the site.
type SiteFacts struct {
	Home            string   `json:"home"`
	SiteURL         string   `json:"siteurl"`
	WPVersion       string   `json:"wp_version"`
	PHPVersion      string   `json:"php_version"`
	PluginVersion   string   `json:"plugin_version"`
	Multisite       bool     `json:"multisite"`
	BlogID          int64    `json:"blog_id"`
	Prefix          string   `json:"prefix"`
	BasePrefix      string   `json:"base_prefix"`
	UsersTable      string   `json:"users_table"`
	UsermetaTable   string   `json:"usermeta_table"`
	UsersEngineOK   bool     `json:"users_engine_ok"`
	Locale          string   `json:"locale"`
	Timezone        string   `json:"timezone"`
	AdminEmail      string   `json:"admin_email"`
	SiteName        string   `json:"site_name"`
	LoginURL        string   `json:"login_url"`
	LostPasswordURL string   `json:"lostpassword_url"`
	ObjectCache     bool     `json:"object_cache"`
	ForeignFilters  []string `json:"foreign_filters"` // "pre_user_login: callback": SQL would skip them
	Mode            string   `json:"mode"`            // proxy, relay or rest
	RolesForbidden  []string `json:"roles_forbidden"`
	Time            int64    `json:"time"`
}

// Hello greets the plugin and learns the site's facts. It may be called again.
func (c *Client) Hello(ctx context.Context, h Hello) (SiteFacts, error) {
	if h.Time == 0 {
		h.Time = c.o.Now().Unix()
	}
	var out SiteFacts
	err := c.post(ctx, quickTimeout, ScopeHello, "/hello", h, &out)
	return out, err
}

// CreateUserRequest asks WordPress to make a user where SQL must not.
type CreateUserRequest struct {
	Key       string   `json:"key"` // "order:7": asking again with it makes no second user
	Email     string   `json:"email"`
	Login     string   `json:"login"`
	FirstName string   `json:"first_name"`
	LastName  string   `json:"last_name"`
	Roles     []string `json:"roles"`
}

// CreatedUser is a user that WordPress made, or had.
type CreatedUser struct {
	UserID          int64  `json:"user_id"`
	Created         bool   `json:"created"` // false: an account with that e-mail existed
	Login           string `json:"login"`
	PassFingerprint string `json:"pass_fingerprint"`
}

// CreateUser has WordPress make a user with wp_insert_user.
func (c *Client) CreateUser(ctx context.Context, r CreateUserRequest) (CreatedUser, error) {
	r.Roles = orEmpty(r.Roles)
	var out CreatedUser
	err := c.post(ctx, slowTimeout, ScopeUsers, "/users", r, &out)
	if err == nil && out.UserID <= 0 {
		err = &CallError{Route: namespace + "/users", Err: errors.New("the answer names no user")}
	}
	return out, err
}

// UserCreated tells WordPress of a user made in SQL: it cleans its caches and fires
// user_register, once however often it is called. duplicates are other users with
// that e-mail, which can only come from a race with WordPress itself.
func (c *Client) UserCreated(ctx context.Context, userID int64) (fired bool, duplicates []int64, err error) {
	in := struct {
		UserID int64 `json:"user_id"`
	}{userID}
	var out struct {
		Fired      bool    `json:"fired"`
		Duplicates []int64 `json:"duplicates"`
	}
	err = c.post(ctx, slowTimeout, ScopeUsers, "/users/created", in, &out)
	return out.Fired, out.Duplicates, err
}

// SetRoles adds and removes roles of an existing user and returns those it has.
func (c *Client) SetRoles(ctx context.Context, userID int64, add, remove []string) ([]string, error) {
	in := struct {
		Add    []string `json:"add"`
		Remove []string `json:"remove"`
	}{orEmpty(add), orEmpty(remove)}
	var out struct {
		Roles []string `json:"roles"`
	}
	err := c.post(ctx, slowTimeout, ScopeUsers, userRoute(userID, "roles"), in, &out)
	return out.Roles, err
}

// CredentialsRequest asks for a new buyer's way in.
type CredentialsRequest struct {
	PassFingerprint string  `json:"pass_fingerprint"` // of user_pass as Tillside last knew it
	Password        *string `json:"password"`         // nil: WordPress makes one
	StartURL        string  `json:"start_url"`
	Order           string  `json:"order"` // public id
}

// Credentials are shown to the buyer once and stored nowhere. Printing them shows
// no password.
type Credentials struct {
	UserLogin       string    `json:"user_login"`
	Password        string    `json:"password"`
	PassFingerprint string    `json:"pass_fingerprint"`
	Login           LoginForm `json:"login"`
}

// LoginForm is what the buyer's browser posts to be logged in, once.
type LoginForm struct {
	URL    string            `json:"url"`
	Fields map[string]string `json:"fields"`
}

// String leaves out what must not be logged.
func (c Credentials) String() string { return fmt.Sprintf("credentials of %s", c.UserLogin) }

// GoString does the same for %#v.
func (c Credentials) GoString() string { return c.String() }

// Credentials sets a password for a user that an order made and returns it. It
// fails with errs.Conflict when the password was changed since.
func (c *Client) Credentials(ctx context.Context, userID int64, r CredentialsRequest) (Credentials, error) {
	var out Credentials
	err := c.post(ctx, quickTimeout, ScopeUsers, userRoute(userID, "credentials"), r, &out)
	return out, err
}

// Mail is a mail that WordPress sends with wp_mail.
type Mail struct {
	ID      string `json:"id"` // asking again with it sends nothing
	To      string `json:"to"`
	Subject string `json:"subject"`
	HTML    string `json:"html"`
	Text    string `json:"text"`
	// SetPasswordUser is the user for whom %%set_password_url%% is made, or 0.
	SetPasswordUser int64 `json:"set_password_user"`
}

// Mail has WordPress send a mail.
func (c *Client) Mail(ctx context.Context, m Mail) error {
	var out struct {
		Sent bool `json:"sent"`
	}
	if err := c.post(ctx, slowTimeout, ScopeMail, "/mail", m, &out); err != nil {
		return err
	}
	if !out.Sent {
		return &CallError{Route: namespace + "/mail", Err: errors.New("wp_mail did not send it")}
	}
	return nil
}

// Event is something that other plugins may want to know.
type Event struct {
	ID   string          `json:"id"`
	Type string          `json:"type"` // order.paid, order.refunded
	Data json.RawMessage `json:"data"`
}

// Events fires events as WordPress actions and returns the ids of those done. The
// others must be sent again; receivers may see one twice.
func (c *Client) Events(ctx context.Context, events []Event) (done []string, err error) {
	in := struct {
		Events []Event `json:"events"`
	}{orEmpty(events)}
	var out struct {
		Done []string `json:"done"`
	}
	err = c.post(ctx, slowTimeout, ScopeEvents, "/events", in, &out)
	return out.Done, err
}

// Purge names what WordPress must forget.
type Purge struct {
	Users  []int64  `json:"users"`
	Posts  []int64  `json:"posts"`
	Offers []string `json:"offers"` // slugs: their fragments, and the pages that show them
}

// PurgeCache makes WordPress read again what was changed behind its back and
// returns how much it forgot.
func (c *Client) PurgeCache(ctx context.Context, p Purge) (int, error) {
	p.Users, p.Posts, p.Offers = orEmpty(p.Users), orEmpty(p.Posts), orEmpty(p.Offers)
	var out struct {
		Purged int `json:"purged"`
	}
	err := c.post(ctx, quickTimeout, ScopeCache, "/cache/purge", p, &out)
	return out.Purged, err
}

func userRoute(id int64, what string) string {
	return "/users/" + strconv.FormatInt(id, 10) + "/" + what
}

// orEmpty makes JSON say [] where Go has nothing.
func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
