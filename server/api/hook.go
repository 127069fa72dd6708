package api

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/coupon"
	"github.com/tillside/tillside/server/errs"
)

// Hooks is what the routes need of what CRMs send.
type Hooks interface {
	// ReceiveHook takes a call of an operation's hook URL and returns the id of
	// what it stored. A wrong id and a wrong secret are errs.NotFound.
	ReceiveHook(ctx context.Context, publicID, secret string, c HookCall) (string, error)
	// ReceiveCRM takes a call of a connection's webhook likewise.
	ReceiveCRM(ctx context.Context, connection, secret string, c HookCall) (string, error)
}

// HookCall is a call as it came.
type HookCall struct {
	ContentType string
	Query       string
	Body        []byte
}

type hookView struct {
	Delivery string `json:"delivery"`
}

// operationHook serves POST /v1/hooks/operations/{id}/{secret}: a CRM runs an
// operation. The call is stored and answered; a job does it.
func (a *API) operationHook(c *gin.Context) error {
	return a.hook(c, func(ctx context.Context, call HookCall) (string, error) {
		return a.Hooks.ReceiveHook(ctx, c.Param("id"), c.Param("secret"), call)
	})
}

// crmHook serves POST /v1/webhooks/crm/{connection}/{secret}: a CRM tells of
// contacts that changed. Some ask with GET whether the address is there, and one
// wants its header back.
func (a *API) crmHook(c *gin.Context) error {
	if secret := c.GetHeader("X-Hook-Secret"); secret != "" {
		c.Header("X-Hook-Secret", secret)
	}
	return a.hook(c, func(ctx context.Context, call HookCall) (string, error) {
		return a.Hooks.ReceiveCRM(ctx, c.Param("connection"), c.Param("secret"), call)
	})
}

func (a *API) hook(c *gin.Context, receive func(context.Context, HookCall) (string, error)) error {
	ctx, seeker, started := c.Request.Context(), coupon.Seeker{Address: address(c)}, time.Now()
	if err := a.Guard.Allow(ctx, seeker); err != nil {
		return err
	}
	id, err := receive(ctx, HookCall{ContentType: c.GetHeader("Content-Type"), Query: c.Request.URL.RawQuery, Body: body(c)})
	if errs.Is(err, errs.NotFound) {
		if counted := a.Guard.Refused(ctx, seeker, 1); counted != nil {
			return counted
		}
		a.Guard.Pad(ctx, started)
	}
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, hookView{Delivery: id})
	return nil
}

// hookIsThere serves GET on the same addresses: a CRM looks whether they answer.
// It says nothing of whether the secret is right.
func (a *API) hookIsThere(c *gin.Context) error {
	c.Status(http.StatusOK)
	return nil
}
