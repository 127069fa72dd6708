package stripe

import (
	"bytes"
	"crypto/subtle"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
)

// js holds Stripe.js in parts, and the pages of its frames.
//
//go:embed js
var js embed.FS

// browserRoutes serve what a buyer's browser loads.
func (s *Server) browserRoutes() {
	script := stripeJS()
	s.mux.HandleFunc("GET /v3/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		allowOrigin(w)
		_, _ = w.Write(script) // the browser may be gone
	})
	s.mux.Handle("GET /v3", http.RedirectHandler("/v3/", http.StatusMovedPermanently))
	frames, err := fs.Sub(js, "js/frame")
	if err != nil {
		panic(err) // the folder is embedded
	}
	s.mux.HandleFunc("GET /frame/payment", framePage(frames, "payment.html"))
	s.mux.HandleFunc("GET /frame/challenge", framePage(frames, "challenge.html"))
	s.mux.HandleFunc("GET /frame/authorize", framePage(frames, "challenge.html"))
	s.mux.HandleFunc("POST /frame/challenge", s.answerChallenge)
	files := http.StripPrefix("/frame/", http.FileServerFS(frames))
	s.mux.HandleFunc("GET /frame/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		files.ServeHTTP(w, r)
	})
}

// stripeJS puts the parts together, in the order of their names, without
// leaving their names in the page.
func stripeJS() []byte {
	parts, err := fs.Glob(js, "js/v3/*.js")
	if err != nil {
		panic(err) // the pattern is constant
	}
	var script bytes.Buffer
	script.WriteString("( function () {\n'use strict';\n")
	for _, name := range parts {
		part, err := js.ReadFile(name)
		if err != nil {
			panic(err) // it was found a line above
		}
		script.WriteString("\n")
		script.Write(part)
	}
	script.WriteString("}() );\n")
	return script.Bytes()
}

func framePage(files fs.FS, name string) http.HandlerFunc {
	page, err := fs.ReadFile(files, name)
	if err != nil {
		panic(err) // it is embedded
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; form-action 'none'; base-uri 'none'")
		_, _ = w.Write(page) // the browser may be gone
	}
}

// answerChallenge takes the buyer's answer to 3-D Secure. Whoever has the
// client secret is the buyer.
func (s *Server) answerChallenge(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	id, ok := r.PostFormValue("payment_intent"), r.PostFormValue("ok") == "true"
	to := ""
	err := s.withIntent(id, func(a *account, pi *PaymentIntent) error {
		if subtle.ConstantTimeCompare([]byte(pi.ClientSecret), []byte(r.PostFormValue("client_secret"))) != 1 {
			return fmt.Errorf("the client secret is not that of %s", id)
		}
		err := a.authenticated(pi, ok)
		to, _ = pi.returnTo() // only needed when the bank's page stands alone
		return err
	})
	if err != nil {
		respond(w, http.StatusBadRequest, map[string]string{"error": err.Error(), "return_to": to})
		return
	}
	respond(w, http.StatusOK, map[string]string{"return_to": to})
}

// elementsRoutes are what the Payment Element asks before it shows itself.
func elementsRoutes() []route {
	ask := params{"mode": oneOf("payment", "setup", "subscription").must(), "currency": text(), "amount": integer()}
	return []route{{pattern: "GET /v1/elements/sessions", params: ask, publishable: true, run: func(c *call) (any, error) {
		if c.args.text("mode") == "payment" {
			if err := checkAmount(c.args.integer("amount"), c.args.text("currency")); err != nil {
				return nil, err
			}
		}
		return map[string]any{"object": "elements_session", "payment_method_types": kindsFor(c.args.text("currency"))}, nil
	}}}
}
