# shellcheck shell=bash
# Tillside and the sandbox beside the site: PORT+1 public, PORT+2 private, PORT+3 the sandbox.

# Keys that only the sandbox takes; it refuses everything that does not begin as Stripe's test keys do.
sandbox_secret_key=sk_test_sandbox
sandbox_publishable_key=pk_test_sandbox

# build_binaries: into bin/ of the checkout.
build_binaries() {
	command -v go >/dev/null || die "go is missing: this builds Tillside from source"
	(cd "$here/.." && go build -trimpath -o bin/ ./cmd/tillside ./cmd/sandbox)
}

# fresh_binary NAME: the site runs a copy, so that a build never changes a running program; a server that runs an older one ends.
fresh_binary() {
	local built=$here/../bin/$1
	if ! cmp -s "$built" "$state/bin/$1"; then
		stop "$1"
		install -D -m 755 "$built" "$state/bin/$1"
	fi
}

# tillside_environment PORT: what every tillside command of this site is told.
tillside_environment() {
	export TILLSIDE_WORDPRESS=$state/wordpress
	export TILLSIDE_LISTEN=127.0.0.1:$(($1 + 1)) TILLSIDE_PRIVATE_LISTEN=127.0.0.1:$(($1 + 2))
	export TILLSIDE_STRIPE_SECRET_KEY=$sandbox_secret_key TILLSIDE_STRIPE_PUBLISHABLE_KEY=$sandbox_publishable_key
	export TILLSIDE_CRM_URL=http://127.0.0.1:$(($1 + 3))
	export TILLSIDE_STRIPE_URL=http://127.0.0.1:$(($1 + 3)) TILLSIDE_STRIPE_JS_URL=http://127.0.0.1:$(($1 + 3))/v3/
}

# tillside COMMAND…: our own copy, as the web server's user (it reads wp-config.php).
tillside() {
	(cd "$state" && as_web "$state/bin/tillside" "$@")
}

# start_tillside PORT: as the site has it, unless it runs.
start_tillside() {
	tillside_environment "$1"
	running tillside || serve_tillside "$1"
}

# serve_tillside PORT: with the environment as it is.
serve_tillside() {
	tillside migrate >>"$logs/tillside.log" 2>&1 || log_trouble tillside "tillside migrate failed"
	start tillside "${as_web[@]}" "$state/bin/tillside" serve
	await tillside 30 answers "http://127.0.0.1:$(($1 + 2))/readyz"
}

# services_up PORT
services_up() {
	fresh_binary sandbox
	fresh_binary tillside
	if ! running sandbox; then
		start sandbox "${as_web[@]}" "$state/bin/sandbox" --listen "127.0.0.1:$(($1 + 3))"
		await sandbox 20 answers "http://127.0.0.1:$(($1 + 3))/healthz"
	fi
	say "the sandbox answers on port $(($1 + 3))"
	start_tillside "$1"
	install -m 644 "$here/catalog.yaml" "$state/catalog.yaml"
	tillside import "$state/catalog.yaml" >>"$logs/import.log" 2>&1 || log_trouble import "the demo's catalogue was not imported"
	say "Tillside is ready"
}

log_trouble() {
	tail -n 20 "$logs/$1.log" >&2
	die "$2; more in $logs/$1.log"
}

services_down() {
	stop tillside
	stop sandbox
}
