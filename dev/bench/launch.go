package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tillside/tillside/server"
	"github.com/tillside/tillside/server/config"
)

// launchLinks is how many people open a link of their own.
const launchLinks = 5000

// measureLaunch has thousands of people open magic links of their own on a page
// that a full-page cache keeps, and counts the requests that reach WordPress.
// The fragment of an address is sent to nobody: what is asked for is one page,
// and then, from Tillside, what the link carries and what it is worth.
func measureLaunch(h *host, o options, r *report) error {
	if o.info == "" {
		return nil
	}
	site, err := openLaunch(h, o.info)
	if err != nil {
		return err
	}
	links, err := site.links(o.workers)
	if err != nil {
		return err
	}
	if err := site.visit(links[0]); err != nil { // fills the cache
		return err
	}
	plain, err := site.renders()
	if err != nil {
		return err
	}
	began := time.Now()
	var next atomic.Int64
	_, err = load(o.workers, time.Hour, func(int) error {
		n := next.Add(1)
		if n >= launchLinks {
			return errDone
		}
		if pause := o.launch * time.Duration(n) / launchLinks; pause > 0 {
			time.Sleep(time.Until(began.Add(pause)))
		}
		return site.visit(links[n])
	})
	if err != nil && !errors.Is(err, errDone) {
		return err
	}
	after, err := site.renders()
	if err != nil {
		return err
	}
	took := time.Since(began)
	r.add(fmt.Sprintf("launch: %d links, PHP requests", launchLinks), strconv.Itoa(after), strconv.Itoa(plain), fmt.Sprintf("%+d", after-plain),
		fmt.Sprintf("+0 %s", verdict(after == plain)))
	r.add("  opened in", fmt.Sprintf("%.1f s", took.Seconds()))
	return nil
}

var errDone = errors.New("all links are opened")

// launch is a demo site behind a page cache.
type launch struct {
	folder string
	site   string // its address
	path   string // of the order page
	cache  *httptest.Server
	form   string // the form's token, as the cached page has it
	offer  string
	http   *http.Client
}

var (
	formToken = regexp.MustCompile(`data-token="([^"]+)"`)
	offerSlug = regexp.MustCompile(`data-offer="([^"]+)"`)
)

func openLaunch(h *host, infoFile string) (*launch, error) {
	info, err := readInfo(infoFile)
	if err != nil {
		return nil, err
	}
	l := &launch{
		folder: filepath.Dir(infoFile), site: info.SiteURL, path: strings.TrimPrefix(info.Page, info.SiteURL),
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
	l.cache = httptest.NewServer(&pageCache{origin: l.site, http: l.http, pages: map[string][]byte{}})
	h.Cleanup(l.cache.Close)
	text, err := l.get(l.site + l.path)
	if err != nil {
		return nil, err
	}
	token, offer := formToken.FindSubmatch(text), offerSlug.FindSubmatch(text)
	if token == nil || offer == nil {
		return nil, errors.New("there is no order form in the page")
	}
	l.form, l.offer = string(token[1]), string(offer[1])
	return l, nil
}

// pageCache is a full-page cache as they are in front of WordPress: one copy for
// each address.
type pageCache struct {
	origin string
	http   *http.Client
	mu     sync.Mutex
	pages  map[string][]byte
}

// ServeHTTP implements http.Handler.
func (c *pageCache) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text, known := c.pages[r.URL.RequestURI()]
	if !known {
		answer, err := c.http.Get(c.origin + r.URL.RequestURI())
		if err == nil {
			text, err = io.ReadAll(answer.Body)
			_ = answer.Body.Close() // read to its end
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		c.pages[r.URL.RequestURI()] = text
	}
	_, _ = w.Write(text)
}

// links makes a link for each of as many people.
func (l *launch) links(workers int) ([]string, error) {
	shop, err := server.Open(context.Background(), server.Options{
		Config: &config.Config{WordPress: filepath.Join(l.folder, "wordpress"), Pool: poolSize}, Log: slog.New(slog.DiscardHandler), Verb: true,
	})
	if err != nil {
		return nil, err
	}
	defer shop.Close(context.Background()) //nolint:errcheck // nothing is under way
	var rules server.CouponRules
	if err := json.Unmarshal([]byte(`{"discount":{"kind":"percent","percent":"20"}}`), &rules); err != nil {
		return nil, err
	}
	code := randomHex()[:8] // the site may have those of an earlier run
	if _, err := shop.CreateCoupon(context.Background(), server.CouponDraft{Slug: "launch-" + code, Rules: rules, Codes: []string{code}}); err != nil {
		return nil, err
	}
	links := make([]string, launchLinks)
	var next atomic.Int64
	_, err = load(workers, time.Hour, func(int) error {
		n := next.Add(1) - 1
		if n >= launchLinks {
			return errDone
		}
		made, err := shop.MakeLink(context.Background(), server.LinkRequest{
			Offer: l.offer, Page: l.site + l.path, Codes: []string{code}, Email: fmt.Sprintf("%s@example.com", randomHex()), Lifetime: "7d",
		})
		if err == nil {
			links[n] = made.URL
		}
		return err
	})
	if errors.Is(err, errDone) {
		err = nil
	}
	return links, err
}

// visit does what a browser does that opens a link: it asks for the page
// without the fragment, and its script asks Tillside.
func (l *launch) visit(link string) error {
	page, token, found := strings.Cut(link, "#tl-")
	if !found {
		return fmt.Errorf("%s is no magic link", link)
	}
	if _, err := l.get(l.cache.URL + strings.TrimPrefix(page, l.site)); err != nil {
		return err
	}
	var opened struct {
		Coupons []string `json:"coupons"`
	}
	if err := l.post("/tillside/v1/links", map[string]any{"form_token": l.form, "token": token}, &opened); err != nil {
		return err
	}
	var quote struct {
		Coupons []struct{} `json:"coupons"`
	}
	if err := l.post("/tillside/v1/quotes", map[string]any{"form_token": l.form, "link": token}, &quote); err != nil {
		return err
	}
	if len(opened.Coupons) != 1 || len(quote.Coupons) != 1 {
		return fmt.Errorf("the link carries %d codes, of which %d apply", len(opened.Coupons), len(quote.Coupons))
	}
	return nil
}

func (l *launch) get(url string) ([]byte, error) {
	answer, err := l.http.Get(url)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, answer.Status)
	}
	return text, err
}

func (l *launch) post(path string, body, answer any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	got, err := l.http.Post(l.site+path, "application/json", strings.NewReader(string(raw)))
	if err != nil {
		return err
	}
	defer got.Body.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(got.Body)
	if err == nil && got.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s %s", path, got.Status, text)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, answer)
}

// renders returns how many requests WordPress has answered, as static-form.php
// counts them.
func (l *launch) renders() (int, error) {
	raw, err := os.ReadFile(filepath.Join(l.folder, "wordpress/wp-content/bench-requests"))
	return len(raw), err
}
