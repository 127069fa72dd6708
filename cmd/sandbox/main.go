// Command sandbox serves stand-ins for payment providers and CRMs, in memory and with a
// virtual clock: for the demo, for tests and for benchmarks, never for real money.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/tillside/tillside/cmd/sandbox/activecampaign"
	"github.com/tillside/tillside/cmd/sandbox/drip"
	"github.com/tillside/tillside/cmd/sandbox/keap"
	"github.com/tillside/tillside/cmd/sandbox/kit"
	"github.com/tillside/tillside/cmd/sandbox/ontraport"
	"github.com/tillside/tillside/cmd/sandbox/stripe"
)

// options are the flags.
type options struct {
	Listen string `default:"127.0.0.1:8083" env:"SANDBOX_LISTEN" help:"Address to listen on."`
}

func main() {
	var opts options
	kong.Parse(&opts, kong.Description("Stand-ins for Stripe and CRMs, for demo and tests only."))
	if err := serve(opts); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

func serve(opts options) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	provider := stripe.New(stripe.Options{Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	mux := http.NewServeMux()
	mux.Handle("/", provider)
	mux.Handle("/kit/", http.StripPrefix("/kit", kit.New(kit.Options())))
	mux.Handle("/ontraport/", http.StripPrefix("/ontraport", ontraport.New(ontraport.Options())))
	mux.Handle("/activecampaign/", http.StripPrefix("/activecampaign", activecampaign.New(activecampaign.Options())))
	mux.Handle("/drip/", http.StripPrefix("/drip", drip.New(drip.Options())))
	mux.Handle("/keap/", http.StripPrefix("/keap", keap.New(keap.Options())))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	listener, err := net.Listen("tcp", opts.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", opts.Listen, err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	fmt.Printf("sandbox: ready on http://%s\n", listener.Addr())
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(end); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("shut down: %w", err)
	}
	provider.Close()
	return nil
}
