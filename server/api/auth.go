package api

import (
	"encoding/hex"
	"net/http"
	"net/netip"
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
	addressKey     = "address"
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
		call, err := a.verifyCall(c, wpbridge.ScopeBrowser)
		if err != nil {
			return err
		}
		c.Set(relayedKey, true)
		c.Set(addressKey, call.IP)
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

// trustedProxies are the web servers that may say whose request they pass on:
// those on this machine and in its private networks.
var trustedProxies = []string{"127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"}

// address returns where a browser's request came from: what the plugin signed,
// else what the web server before us says. It is the zero Addr when neither
// makes sense.
func address(c *gin.Context) netip.Addr {
	text := c.ClientIP()
	if c.GetBool(relayedKey) {
		text = c.GetString(addressKey)
	}
	parsed, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return parsed
}
