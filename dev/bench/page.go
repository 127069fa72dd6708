package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	pageRounds  = 80
	pageWarmUp  = 3
	bestOf      = 5   // requests of a round: what else the machine does can only add to the least of them
	perConn     = 100 // requests, before the web server ends a connection by itself
	mostPercent = 3
)

// variants of the order page: what stands in it is the same each time.
var variants = []struct{ name, header string }{
	{"the shortcode", ""},
	{"the same HTML in the page", "X-Bench: html\r\n"},
	{"a shortcode that only prints it", "X-Bench: shortcode\r\n"},
}

// measurePage measures how much longer WordPress takes for a page with the
// shortcode than for the same page with its HTML as plain text.
func measurePage(_ *host, o options, r *report) error {
	if o.info == "" {
		return nil
	}
	page, err := openPage(o.info)
	if err != nil {
		return err
	}
	times := make([][]float64, len(variants))
	for round := range pageWarmUp + pageRounds {
		least, err := page.round()
		if err != nil {
			return err
		}
		for i := range variants {
			if round >= pageWarmUp {
				times[i] = append(times[i], least[i])
			}
		}
	}
	with := median(times[0])
	for i, variant := range variants[1:] {
		floor := times[i+1]
		ratios := make([]float64, len(floor))
		for round := range floor {
			ratios[round] = times[0][round] / floor[round]
		}
		percent := (median(ratios) - 1) * 100
		aim := ""
		if i == 0 {
			aim = fmt.Sprintf("≤ %d %% %s", mostPercent, verdict(percent <= mostPercent))
		}
		r.add("page, beside "+variant.name, fmt.Sprintf("%.1f ms", with), fmt.Sprintf("%.1f ms", median(floor)),
			fmt.Sprintf("%+.1f %%", percent), aim)
	}
	return nil
}

// orderPage is the order page of a demo site.
type orderPage struct {
	url, path string
	conn      *client
	used      int
}

// openPage keeps the form's HTML where static-form.php finds it, and checks
// that every variant shows it.
func openPage(infoFile string) (*orderPage, error) {
	info, err := readInfo(infoFile)
	if err != nil {
		return nil, err
	}
	page := &orderPage{url: info.SiteURL, path: strings.TrimPrefix(info.Page, info.SiteURL)}
	text, err := page.get("")
	if err != nil {
		return nil, err
	}
	form, err := cutForm(text)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(infoFile), "wordpress/wp-content/bench.html"), form, 0o644); err != nil {
		return nil, err
	}
	for _, variant := range variants {
		text, err := page.get(variant.header)
		if err != nil {
			return nil, err
		}
		// Some of the text may be changed on its way: quotation marks, for example.
		found, err := cutForm(text)
		if err != nil || len(found) < len(form)*95/100 || len(found) > len(form)*105/100 {
			return nil, fmt.Errorf("%s: the form has %d bytes instead of %d: %w", variant.name, len(found), len(form), err)
		}
	}
	return page, nil
}

// siteInfo is what a demo says of itself.
type siteInfo struct {
	SiteURL string `json:"site_url"`
	Page    string `json:"order_page_url"`
}

func readInfo(file string) (siteInfo, error) {
	var info siteInfo
	raw, err := os.ReadFile(file)
	if err != nil {
		return info, err
	}
	if err := json.Unmarshal(raw, &info); err != nil {
		return info, fmt.Errorf("%s: %w", file, err)
	}
	return info, nil
}

// cutForm returns the element that the shortcode printed.
func cutForm(text []byte) ([]byte, error) {
	begin := bytes.Index(text, []byte(`<div class="tillside"`))
	if begin < 0 {
		return nil, errors.New("there is no order form in the page")
	}
	depth := 0
	for i := begin; i < len(text); i++ {
		switch {
		case bytes.HasPrefix(text[i:], []byte("<div")):
			depth++
		case bytes.HasPrefix(text[i:], []byte("</div>")):
			if depth--; depth == 0 {
				return text[begin : i+len("</div>")], nil
			}
		}
	}
	return nil, errors.New("the order form does not end")
}

// round asks for the variants in turn and returns how many milliseconds the
// fastest request of each took.
func (p *orderPage) round() ([]float64, error) {
	least := make([]float64, len(variants))
	for turn := range bestOf {
		for i, variant := range variants {
			began := time.Now()
			if _, err := p.get(variant.header); err != nil {
				return nil, err
			}
			took := float64(time.Since(began).Microseconds()) / 1000
			if turn == 0 || took < least[i] {
				least[i] = took
			}
		}
	}
	return least, nil
}

func (p *orderPage) get(header string) ([]byte, error) {
	if p.used%perConn == 0 {
		if p.conn != nil {
			_ = p.conn.conn.Close() // it was only read from
		}
		var err error
		if p.conn, err = dial(p.url); err != nil {
			return nil, err
		}
	}
	p.used++
	status, text, err := p.conn.do(http.MethodGet, p.path, header, nil)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s%s: %d", p.url, p.path, status)
	}
	return text, err
}
