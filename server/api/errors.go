package api

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/tillside/tillside/server/errs"
)

// statuses maps what a failure means to how HTTP says it.
var statuses = map[errs.Code]int{
	errs.Invalid:      http.StatusBadRequest,
	errs.Unauthorized: http.StatusUnauthorized,
	errs.Forbidden:    http.StatusForbidden,
	errs.NotFound:     http.StatusNotFound,
	errs.Conflict:     http.StatusConflict,
	errs.Paying:       http.StatusConflict,
	errs.Gone:         http.StatusGone,
	errs.TooLarge:     http.StatusRequestEntityTooLarge,
	errs.RateLimited:  http.StatusTooManyRequests,
	errs.Internal:     http.StatusInternalServerError,
	errs.Unavailable:  http.StatusServiceUnavailable,
}

type errorBody struct {
	Code    errs.Code `json:"code"`
	Message string    `json:"message"`
	Field   string    `json:"field,omitempty"`
}

// handler is a route's function. What it returns as an error becomes the answer.
type handler func(c *gin.Context) error

// handle adapts h to Gin. It is the only place that turns an error into an
// answer, and the only place that logs one.
func (a *API) handle(h handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := h(c)
		if err == nil {
			return
		}
		if c.Request.Context().Err() != nil { // nobody listens any more; what follows must not run all the same
			c.Abort()
			return
		}
		e := errs.From(err)
		status, ok := statuses[e.Code]
		if !ok {
			status = http.StatusInternalServerError
		}
		if status >= http.StatusInternalServerError {
			a.Log.ErrorContext(c.Request.Context(), "request failed",
				slog.String("route", c.FullPath()), slog.Any("error", err), slog.String("request", c.GetString(requestIDKey)))
		}
		if status == http.StatusServiceUnavailable {
			c.Header("Retry-After", "2")
		}
		c.AbortWithStatusJSON(status, errorBody{Code: e.Code, Message: a.Site.Locale().T(e.Text, e.Args...), Field: e.Field})
	}
}
