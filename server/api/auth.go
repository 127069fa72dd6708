package api

import (
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/errs"
	"github.com/tillside/tillside/wpbridge"
)

const (
	headerForm     = "X-Tillside-Form"
	headerCheckout = "X-Tillside-Checkout"
	headerSession  = "X-Tillside-Session"
	relayedKey     = "relayed"
)

func errNoRoute() error { return errs.New(errs.NotFound, "There is nothing at this address.") }

// needSite refuses everything until we know the site and its keys.
func (a *API) needSite(c *gin.Context) {
	if a.Site.Ready() {
		c.Next()
		return
	}
	a.handle(func(*gin.Context) error {
		return errs.New(errs.Unavailable, "The store is starting. Please try again in a moment.")
	})(c)
}

// called lets only the plugin in, with a fresh token of the scope for exactly
// this request. A token that changes something is good once.
func (a *API) called(scope string) gin.HandlerFunc {
	return a.handle(func(c *gin.Context) error {
		call, err := a.verifyCall(c, scope)
		if err != nil {
			return err
		}
		if c.Request.Method == http.MethodGet {
			return nil
		}
		return a.once(c, call)
	})
}

// relayed notes that the plugin carries a browser's request. A token that is
// there must be right.
func (a *API) relayed(c *gin.Context) {
	if header(c, wpbridge.HeaderCall) == "" {
		return
	}
	a.handle(func(c *gin.Context) error {
		if _, err := a.verifyCall(c, wpbridge.ScopeBrowser); err != nil {
			return err
		}
		c.Set(relayedKey, true)
		return nil
	})(c)
}

func (a *API) verifyCall(c *gin.Context, scope string) (wpbridge.Call, error) {
	token := wpbridge.BearerToken(c.GetHeader(wpbridge.HeaderCall))
	request := wpbridge.Request{Method: c.Request.Method, Target: c.Request.URL.RequestURI(), Body: body(c)}
	call, err := a.Site.Verifier().Call(wpbridge.PluginToTillside, token, request, scope)
	if wpbridge.TokenReason(err) == wpbridge.ReasonKid {
		if err := a.Site.ReloadKeys(c.Request.Context()); err != nil {
			return call, err
		}
		call, err = a.Site.Verifier().Call(wpbridge.PluginToTillside, token, request, scope)
	}
	return call, err
}

func (a *API) once(c *gin.Context, call wpbridge.Call) error {
	var jti [16]byte
	if n, err := hex.Decode(jti[:], []byte(call.ID)); err != nil || n != len(jti) {
		return errs.New(errs.Unauthorized, "The request is not signed as it must be.")
	}
	isNew, err := a.TakeJTI(c.Request.Context(), jti, call.ExpiresAt.Unix())
	if err != nil {
		return err
	}
	if !isNew {
		return errs.New(errs.Unauthorized, "This request was made before.")
	}
	return nil
}

// formToken checks a form token. Whether the offer revoked it is for the caller.
func (a *API) formToken(c *gin.Context, token string) (wpbridge.Form, error) {
	form, err := a.Site.Verifier().Form(token)
	if wpbridge.TokenReason(err) == wpbridge.ReasonKid {
		if err := a.Site.ReloadKeys(c.Request.Context()); err != nil {
			return form, err
		}
		form, err = a.Site.Verifier().Form(token)
	}
	return form, err
}

// sessionUser returns the WordPress user of the session token, or 0 when there
// is none.
func (a *API) sessionUser(c *gin.Context) (int64, error) {
	token := header(c, headerSession)
	if token == "" {
		return 0, nil
	}
	session, err := a.Site.Verifier().Session(token)
	if err != nil {
		return 0, err
	}
	id, err := strconv.ParseInt(session.User, 10, 64)
	if err != nil {
		return 0, errs.New(errs.Unauthorized, "The request is not signed as it must be.")
	}
	return id, nil
}

const (
	directPatience  = 25 * time.Second
	relayedPatience = 900 * time.Millisecond // a PHP worker waits with us
)

func patience(c *gin.Context) time.Duration {
	if c.GetBool(relayedKey) {
		return relayedPatience
	}
	return directPatience
}
