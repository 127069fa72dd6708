package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	openAgainAfter  = 2 * time.Second
	shutdownTimeout = 40 * time.Second // a confirmation under way may take 25 s
	headerTimeout   = 10 * time.Second
	readTimeout     = 30 * time.Second
	writeTimeout    = 60 * time.Second // paying waits up to 25 s
	idleTimeout     = 2 * time.Minute
)

// Serve runs the shop until ctx ends. It listens at once and answers
// "unavailable" until the site is found and its tables are up to date, which it
// tries again and again: WordPress may be installed after us.
func Serve(ctx context.Context, o Options) error {
	gin.SetMode(gin.ReleaseMode)
	if o.Config.DSN == "" && o.Config.WordPress == "" { // waiting would not bring a site
		_, _, _, err := findSite(o.Config)
		return err
	}
	public, err := net.Listen("tcp", o.Config.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	private, err := net.Listen("tcp", o.Config.PrivateListen)
	if err != nil {
		return errors.Join(fmt.Errorf("listen: %w", err), public.Close())
	}
	var shop atomic.Pointer[Shop]
	front := &swapHandler{}
	front.set(startingHandler())
	servers := []*http.Server{newHTTPServer(front, o.Log), newHTTPServer(privateHandler(&shop), o.Log)}

	var wg sync.WaitGroup
	failed := make(chan error, len(servers))
	for i, listener := range []net.Listener{public, private} {
		wg.Go(func() {
			if err := servers[i].Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wg.Go(func() {
		opened, err := openWhenPossible(ctx, o)
		if err != nil {
			return // ctx ended
		}
		front.set(opened.Handler())
		shop.Store(opened)
		o.Log.InfoContext(ctx, "ready", "home", opened.site.Home(), "listen", o.Config.Listen, "version", Version)
		opened.Work(ctx)
	})
	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
	}
	cancel()
	return errors.Join(err, stop(servers, &wg, &shop))
}

// stop lets requests and payments under way finish, then closes the database.
func stop(servers []*http.Server, wg *sync.WaitGroup, shop *atomic.Pointer[Shop]) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	var faults []error
	for _, server := range servers {
		faults = append(faults, server.Shutdown(ctx))
	}
	wg.Wait()
	if opened := shop.Load(); opened != nil {
		faults = append(faults, opened.Close(ctx))
	}
	return errors.Join(faults...)
}

// openWhenPossible opens the shop, however long it takes until there is one.
func openWhenPossible(ctx context.Context, o Options) (*Shop, error) {
	last := ""
	for {
		shop, err := Open(ctx, o)
		if err == nil {
			return shop, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if text := err.Error(); text != last {
			o.Log.WarnContext(ctx, "not ready yet", "error", text)
			last = text
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(openAgainAfter):
		}
	}
}

// Work runs what goes on in the background until ctx ends.
func (s *Shop) Work(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.Worker.Run(ctx) })
	wg.Go(func() { s.site.keepGreeting(ctx, func() bool { return !s.fence.Up() || s.fence.Moved() }) })
	wg.Go(func() {
		if err := s.gateways.ensureFromEnvironment(ctx); err != nil {
			s.log.WarnContext(ctx, "webhook endpoint not made", "error", err)
		}
	})
	if s.fence.Up() {
		s.log.ErrorContext(ctx, "this looks like a copy of the site: nothing leaves this machine until an admin decides (wp-admin, Tillside, Status)")
	}
	wg.Wait()
}

func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// swapHandler is a handler that is replaced once the shop is open.
type swapHandler struct{ current atomic.Pointer[http.Handler] }

func (s *swapHandler) set(h http.Handler) { s.current.Store(&h) }

// ServeHTTP implements http.Handler.
func (s *swapHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*s.current.Load()).ServeHTTP(w, r)
}

func startingHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Retry-After", "2")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"code":"unavailable","message":"The store is starting. Please try again in a moment."}`))
	})
}

// privateHandler serves health checks and metrics.
func privateHandler(shop *atomic.Pointer[Shop]) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &shopCollector{shop})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		opened := shop.Load()
		if opened == nil {
			http.Error(w, "starting", http.StatusServiceUnavailable)
			return
		}
		if err := opened.db.Ping(r.Context()); err != nil {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ready\n"))
	})
	return mux
}

// shopCollector counts jobs when metrics are read.
type shopCollector struct{ shop *atomic.Pointer[Shop] }

// Describe implements prometheus.Collector; the metrics depend on the moment.
func (c *shopCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *shopCollector) Collect(ch chan<- prometheus.Metric) {
	opened := c.shop.Load()
	if opened == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	waiting, dead, err := opened.jobs.Counts(ctx)
	if err != nil {
		return
	}
	for name, n := range map[string]int{"tillside_jobs_waiting": waiting, "tillside_jobs_dead": dead} {
		desc := prometheus.NewDesc(name, "Jobs in this state.", nil, nil)
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n))
	}
}
