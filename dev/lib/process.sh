# shellcheck shell=bash
# Starting servers in the background and ending exactly those. A pid file holds the process's number and the moment it
# began (in clock ticks since boot): a number that was given to another process meanwhile is never taken for ours.

# process_began PID: that moment; nothing if there is no such process.
process_began() {
	local line
	[ -r "/proc/$1/stat" ] || return 0
	line=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
	# The name in parentheses may hold blanks; the rest begins at field 3, the moment is field 22.
	set -- ${line##*) }
	[ "$1" = Z ] || printf '%s' "${20}"
}

# running NAME: is the server still there? Its number is then in $pid.
running() {
	local began
	[ -f "$state/pid/$1" ] || return 1
	read -r pid began <"$state/pid/$1" || return 1
	[ -n "$began" ] && [ "$(process_began "$pid")" = "$began" ]
}

# start NAME COMMAND…: as a server of its own session, with its output in the log folder. It must not fork away.
start() {
	local name=$1
	shift
	(
		# A lock held by the script must not live on in the server.
		exec 9>&-
		trap - EXIT INT TERM
		exec </dev/null >>"$logs/$name.log" 2>&1
		exec setsid "$@"
	) &
	printf '%s %s\n' "$!" "$(process_began "$!")" >"$state/pid/$name"
}

# await NAME SECONDS COMMAND…: until the command succeeds; the server's last words if it does not.
await() {
	local name=$1 tries=$(($2 * 10))
	shift 2
	until "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		if [ "$tries" -le 0 ] || ! running "$name"; then
			tail -n 20 "$logs/$name.log" >&2
			die "$name did not start; all it said is in $logs/$name.log"
		fi
		sleep 0.1
	done
}

# stop NAME: ask it to end, and make it end after twenty seconds.
stop() {
	local tries=200
	if running "$1"; then
		kill -TERM "$pid" 2>/dev/null || true
		while running "$1"; do
			tries=$((tries - 1))
			[ "$tries" -gt 0 ] || kill -KILL "$pid" 2>/dev/null || true
			sleep 0.1
		done
	fi
	rm -f "$state/pid/$1"
}

# configure NAME FILE: write the file from standard input; a server that runs with another content ends, to be started anew.
configure() {
	cat >"$2.new"
	if ! cmp -s "$2.new" "$2"; then
		stop "$1"
		mv "$2.new" "$2"
	else
		rm "$2.new"
	fi
}

# port_free PORT: nobody listens there.
port_free() {
	! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# require_port PORT NAME: free, or held by our own server of that name.
require_port() {
	running "$2" || port_free "$1" ||
		die "port $1 on 127.0.0.1, meant for $2, is taken by another program; choose another place with PORT=, for example: make demo PORT=9080"
}

# answers URL: does it answer with success?
answers() {
	curl -fsS -o /dev/null --noproxy '*' --max-time 5 "$1"
}
