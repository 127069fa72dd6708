package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/errs"
)

const (
	bodyLimit    = 64 << 10 // an order form's answers are below 4 KiB
	webhookLimit = 1 << 20  // Stripe's largest events
	hookLimit    = 1 << 20  // Keap's batches of a thousand contacts
	bodyKey      = "body"
	requestIDKey = "request_id"
)

// readBody keeps the raw body: tokens sign it, and webhooks are checked on it.
func (a *API) readBody(limit int64) gin.HandlerFunc {
	return a.handle(func(c *gin.Context) error {
		raw, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, limit))
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return errs.New(errs.TooLarge, "The request is too large.")
		}
		if err != nil {
			return errs.New(errs.Invalid, "The request could not be read.")
		}
		c.Set(bodyKey, raw)
		return nil
	})
}

func body(c *gin.Context) []byte {
	raw, _ := c.Get(bodyKey)
	b, _ := raw.([]byte)
	return b
}

// decode reads the JSON body into dest. Unknown fields, wrong types and
// anything after the object are errs.Invalid with the field's name.
func decode(c *gin.Context, dest any) error {
	dec := json.NewDecoder(bytes.NewReader(body(c)))
	dec.DisallowUnknownFields()
	err := dec.Decode(dest)
	if err == nil {
		if _, more := dec.Token(); more == io.EOF {
			return nil
		}
		return errs.New(errs.Invalid, "The request is not a single JSON object.")
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return errs.Field(wrong.Field, "The field %q has a wrong type.", wrong.Field)
	}
	var name string
	if n, _ := fmt.Sscanf(err.Error(), "json: unknown field %q", &name); n == 1 {
		return errs.Field(name, "The field %q is not known here.", name)
	}
	return errs.New(errs.Invalid, "The request is not valid JSON.")
}
