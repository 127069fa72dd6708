# shellcheck shell=bash
# A site lives in one folder, and remembers there what it was made with.

# Debian keeps servers where an ordinary user's PATH does not look.
PATH=$PATH:/usr/sbin

# Servers that were started by root run as these users, never as root.
web_user=www-data
database_user=mysql
is_root=
[ "$(id -u)" -ne 0 ] || is_root=yes
[ -n "$is_root" ] || web_user=$(id -un) database_user=$(id -un)

# as_web COMMAND…: run a command as the user that the web server has; the array of that name begins such a command line.
as_web=()
[ -z "$is_root" ] || as_web=(setpriv "--reuid=$web_user" "--regid=$web_user" --init-groups --)

as_web() {
	"${as_web[@]}" "$@"
}

# open_state DIR: make the folder if need be; afterwards $state is where it really is and $logs its log folder.
# A folder that the web server's user cannot reach (a checkout below /root), or whose path is too long for a unix
# socket, becomes a link into /var/tmp.
open_state() {
	mkdir -p "$1"
	state=$(readlink -f "$1")
	if [ ${#state} -gt 80 ] || ! as_web test -x "$state"; then
		state=/var/tmp/tillside-$(id -u)-$(printf '%s' "$state" | cksum | cut -d ' ' -f 1)
		[ ! -e "$state" ] || [ -O "$state" ] || die "$state belongs to someone else"
		mkdir -p "$state"
		rmdir "$1" && ln -s "$state" "$1" || die "cannot replace $1 by a link to $state"
	fi
	logs=$state/log
	mkdir -p "$logs" "$state/pid"
	chmod 755 "$state"
}

# find_state DIR: like open_state, but makes nothing; false if there is none.
find_state() {
	[ -d "$1/pid" ] || return 1
	state=$(readlink -f "$1")
	logs=$state/log
}

# made_with NAME VALUE: a folder is made once with one port and one WordPress; false answers are errors, told with the way out.
made_with() {
	local file=$state/made-with-$1 old
	if [ ! -f "$file" ]; then
		printf '%s\n' "$2" >"$file"
		return
	fi
	old=$(cat "$file")
	[ "$old" = "$2" ] || die "the site in $state was made with $1=$old, not $1=$2; keep $1=$old, or end it, delete that folder and start again"
}

# secret NAME: a random word, made once and kept in the state folder.
secret() {
	local file=$state/secrets/$1
	if [ ! -f "$file" ]; then
		mkdir -p -m 700 "$state/secrets"
		head -c 64 /dev/urandom | base64 | tr -d '+/=\n' | cut -c 1-32 >"$file"
	fi
	cat "$file"
}
