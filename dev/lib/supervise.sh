# shellcheck shell=bash
# Running tests beside servers so that, however the run ends, the servers end too.

# supervise COMMAND…: run it in a session of its own; INT and TERM end everything in that session.
supervise() {
	local status=0
	setsid "$@" &
	child=$!
	trap 'kill -TERM -- "-$child" 2>/dev/null; wait "$child"; exit 143' TERM INT
	wait "$child" || status=$?
	trap - TERM INT
	return "$status"
}
