# shellcheck shell=bash
# Progress for people: a line with the seconds since the command began, and one way to fail.

say() {
	printf '[%4ds] %s\n' "$SECONDS" "$*"
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}
