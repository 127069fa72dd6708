package stripe

import (
	"net/http"
	"strings"
)

// apiKey is what a key says: whose account, and whether it may be public.
type apiKey struct {
	account     string
	publishable bool
}

// keyOf reads the API key of a request, which comes as a bearer token or as
// the user of basic authentication.
//
// The account is the part after sk_test_ up to the next underscore, so that
// sk_test_sandbox, sk_test_sandbox_2 and pk_test_sandbox are one account. The
// accounts "invalid" and "expired" are refused, to try what happens then.
func keyOf(r *http.Request) (apiKey, *Error) {
	key, _, basic := r.BasicAuth()
	if !basic {
		key = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	key = strings.TrimSpace(key)
	if key == "" {
		return apiKey{}, unauthorized("", "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').")
	}
	for _, prefix := range []string{"sk_test_", "rk_test_", "pk_test_"} {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(rest, "_")
		switch name {
		case "", "invalid":
			return apiKey{}, unauthorized("", "Invalid API Key provided: %s", masked(key))
		case "expired":
			return apiKey{}, unauthorized("api_key_expired", "Expired API Key provided: %s", masked(key))
		}
		return apiKey{account: name, publishable: prefix == "pk_test_"}, nil
	}
	return apiKey{}, unauthorized("", "Invalid API Key provided: %s", masked(key))
}

// masked shows the first letters of a key and the last four, as Stripe does.
func masked(key string) string {
	if len(key) < 16 {
		return strings.Repeat("*", len(key))
	}
	return key[:8] + strings.Repeat("*", len(key)-12) + key[len(key)-4:]
}

// checkVersion accepts the one version that we speak. Stripe would use the
// account's default when there is none; here a client that does not pin its
// version is a fault worth finding.
func checkVersion(r *http.Request) *Error {
	if v := r.Header.Get("Stripe-Version"); v != APIVersion {
		return malformed("", "", "Invalid Stripe API version: %q. The sandbox speaks only %s.", v, APIVersion)
	}
	return nil
}
