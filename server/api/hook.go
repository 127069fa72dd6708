package api

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
)

// Hooks is what the routes need of operations.
type Hooks interface {
	// RunHook runs the operation of a hook URL for a contact, by the CRM's id
	// or by e-mail address. A wrong id and a wrong secret are errs.NotFound.
	RunHook(ctx context.Context, publicID, secret, contactID, email string) (HookRun, error)
}

// HookRun is what a hook's operation made.
type HookRun struct {
	Run       string
	Code      string
	ExpiresAt string // RFC 3339; empty: never
	Link      string
}

type hookView struct {
	Run       string `json:"run"`
	Code      string `json:"code"`
	ExpiresAt string `json:"expires_at"`
	Link      string `json:"link"`
}

// operationHook serves POST /v1/hooks/operations/{id}/{secret}: a CRM runs an
// operation. CRMs repeat a call that they got no answer to, so that the
// operation's own setting decides what a second call does.
func (a *API) operationHook(c *gin.Context) error {
	ctx, seeker, started := c.Request.Context(), coupon.Seeker{Address: address(c)}, time.Now()
	if err := a.Guard.Allow(ctx, seeker); err != nil {
		return err
	}
	fields, err := hookFields(c)
	if err != nil {
		return err
	}
	id := fields["contactId"]
	if id == "" {
		id = fields["contact_id"]
	}
	run, err := a.Hooks.RunHook(ctx, c.Param("id"), c.Param("secret"), id, fields["email"])
	if errs.Is(err, errs.NotFound) {
		if counted := a.Guard.Refused(ctx, seeker, 1); counted != nil {
			return counted
		}
		a.Guard.Pad(ctx, started)
	}
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, hookView(run))
	return nil
}

// hookFields reads the text fields of a form or of a JSON object; what is
// neither text nor number there is left out. CRMs send more than we ask for.
func hookFields(c *gin.Context) (map[string]string, error) {
	fields := map[string]string{}
	for name, values := range c.Request.URL.Query() {
		fields[name] = values[0]
	}
	kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type")) // one that does not parse is a form
	if kind != "application/json" {
		form, err := url.ParseQuery(string(body(c)))
		if err != nil {
			return nil, errs.New(errs.Invalid, "The form could not be read.")
		}
		for name, values := range form {
			fields[name] = values[0]
		}
		return fields, nil
	}
	var object map[string]any
	if err := json.Unmarshal(body(c), &object); err != nil {
		return nil, errs.New(errs.Invalid, "The request is not valid JSON.")
	}
	for name, value := range object {
		if text, isText := value.(string); isText {
			fields[name] = text
		}
	}
	return fields, nil
}
