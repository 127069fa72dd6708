# shellcheck shell=bash
# A real WordPress core out of Debian's signed packages, without touching the machine's own package sources.

cache=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/tillside
debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# fetch_wordpress VERSION (6.8 or 7): afterwards $core is the unpacked WordPress, from the cache if it is there.
fetch_wordpress() {
	core=$cache/wordpress-$1
	mkdir -p "$cache"
	if [ ! -f "$core/wp-load.php" ]; then
		say "fetching WordPress $1 from Debian's signed packages into $cache"
		(
			flock 8
			[ -f "$core/wp-load.php" ] || unpack_wordpress "$1"
		) 8>"$cache/lock" || die "could not get WordPress $1"
	fi
}

# debian_sources VERSION: lines for sources.list; the archive's address is that of this machine's own configuration.
debian_sources() {
	local archive security
	archive=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' 'Component: main' | head -n 1)
	security=$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian-Security' 'Component: main' | head -n 1)
	[ -n "$archive" ] || die "apt knows no Debian archive; run apt-get update first"
	case $1 in
	6.8)
		echo "deb [signed-by=$debian_keyring] $archive trixie main"
		[ -z "$security" ] || echo "deb [signed-by=$debian_keyring] $security trixie-security main"
		;;
	7) echo "deb [signed-by=$debian_keyring] $archive sid main" ;;
	*) die "WORDPRESS=$1: only 6.8 and 7 are known" ;;
	esac
}

unpack_wordpress() {
	local work package
	work=$(mktemp -d "$cache/fetch.XXXXXX")
	# shellcheck disable=SC2064 # the folder of now
	trap "rm -rf '$work'" EXIT
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/root"
	debian_sources "$1" >"$work/sources.list"
	local apt=(apt-get -qq -o APT::Sandbox::User=root -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache")
	"${apt[@]}" update || return 1
	(
		cd "$work/debs" || exit 1
		"${apt[@]}" download wordpress wordpress-theme-twentytwentyfive || exit 1
		# Which libraries the core borrows differs between its versions.
		for package in libjs-cropper libjs-underscore libjs-lodash libjs-jquery-ui php-getid3 libphp-phpmailer; do
			"${apt[@]}" download "$package" 2>/dev/null || true
		done
		for package in ./*.deb; do dpkg -x "$package" "$work/root" || exit 1; done
	) || return 1
	cp -r "$work/root/usr/share/wordpress" "$work/core"
	rm -f "$work/core/.htaccess" "$work/core/wp-config.php"
	resolve_links "$work/core" "$work/root"
	mv "$work/core" "$core"
}

# resolve_links CORE ROOT: Debian replaces the libraries inside WordPress by links into other packages; put the files back.
resolve_links() {
	local link target source
	find "$1" -type l | while read -r link; do
		target=$(readlink "$link")
		case $target in
		/*)
			source=$2$target
			[ -e "$source" ] || source=$target
			;;
		*) source=$2/usr/share/$(printf '%s' "$target" | sed 's,^\(\.\./\)*,,') ;;
		esac
		rm "$link"
		if [ -e "$source" ]; then
			cp -rL "$source" "$link"
		else
			say "WordPress without $target, which no package brought"
		fi
	done
}
