package server_test

import (
	"log/slog"
	"testing"

	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/config"
	"github.com/tillside/tillside/server/errs"
)

func TestServe_WithoutASiteEndsAtOnce(t *testing.T) {
	err := server.Serve(t.Context(), server.Options{
		Config: &config.Config{Listen: "127.0.0.1:0", PrivateListen: "127.0.0.1:0"}, Log: slog.New(slog.DiscardHandler),
	})
	if !errs.Is(err, errs.Invalid) {
		t.Errorf("serve: %v, want an error that says what is missing", err)
	}
}
