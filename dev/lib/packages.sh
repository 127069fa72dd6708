# shellcheck shell=bash
# What the site needs from Debian.

site_packages='mariadb-server php8.2-fpm php8.2-cli php8.2-mysql php8.2-curl php8.2-xml php8.2-mbstring php8.2-intl php8.2-gd php8.2-zip nginx curl ca-certificates'
test_packages='chromium fonts-liberation phpunit gettext'

# require_debian: the scripts know one system; people on another get one sentence.
require_debian() {
	local ID='' VERSION_ID=''
	# shellcheck disable=SC1091
	[ ! -r /etc/os-release ] || . /etc/os-release
	[ "$ID" = debian ] && [ "$VERSION_ID" = 12 ] ||
		die "this needs Debian 12, whose packages it installs; elsewhere use containers: sh dev/secrets && docker compose up --build"
}

# install_packages PACKAGE…: those that are missing, told before.
install_packages() {
	local package missing=()
	for package in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	say "Debian packages to install: ${missing[*]}"
	if [ -n "$is_root" ]; then
		"$here/lib/install-packages" "${missing[@]}" >"$logs/packages.log" 2>&1 9>&- || package_trouble
	else
		command -v sudo >/dev/null || die "not root, and there is no sudo; as root, run: $here/lib/install-packages ${missing[*]}"
		say "sudo may ask for your password"
		sudo "$here/lib/install-packages" "${missing[@]}" >"$logs/packages.log" 2>&1 9>&- || package_trouble
	fi
}

package_trouble() {
	tail -n 20 "$logs/packages.log" >&2
	die "apt-get failed; all it said is in $logs/packages.log"
}
