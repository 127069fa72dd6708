# shellcheck shell=bash
# nginx on 127.0.0.1:PORT before php-fpm, as on a small server: pretty permalinks, Tillside below /tillside/, and one
# part of the site behind a full-page cache.

start_web() {
	local port=$1
	install -d -o "$web_user" -m 755 "$state/mail" "$state/nginx" "$state/nginx/tmp" "$state/nginx/pages"
	install -D -m 755 "$here/lib/keep-mail" "$state/bin/keep-mail"
	php_conf | configure php "$state/php-fpm.conf"
	nginx_conf "$port" | configure nginx "$state/nginx.conf"
	if ! running php; then
		rm -f "$state/php.sock"
		start php php-fpm8.2 --nodaemonize --fpm-config "$state/php-fpm.conf"
		await php 20 test -S "$state/php.sock"
	fi
	if ! running nginx; then
		start nginx nginx -c "$state/nginx.conf" -e "$logs/nginx.log"
		await nginx 20 answers "http://127.0.0.1:$port/readme.html"
	fi
}

php_conf() {
	cat <<CONF
[global]
error_log = $logs/php.log
daemonize = no

[site]
$([ -z "$is_root" ] || printf 'user = %s\ngroup = %s\nlisten.owner = %s\n' "$web_user" "$web_user" "$web_user")
listen = $state/php.sock
pm = static
pm.max_children = 6
catch_workers_output = yes
decorate_workers_output = no
php_admin_flag[log_errors] = on
php_admin_flag[display_errors] = off
php_admin_value[opcache.revalidate_freq] = 0
php_admin_value[memory_limit] = 256M
php_admin_value[sendmail_path] = $state/bin/keep-mail $state/mail
CONF
}

# Debian's fastcgi_params gives WordPress a host name without its port, and WordPress would redirect for ever.
nginx_conf() {
	cat <<CONF
$([ -z "$is_root" ] || echo "user $web_user;")
worker_processes 2;
pid $state/nginx/nginx.pid;
daemon off;
error_log $logs/nginx.log;
events { worker_connections 512; }
http {
	include /etc/nginx/mime.types;
	access_log $logs/access.log;
	client_body_temp_path $state/nginx/tmp/body;
	proxy_temp_path $state/nginx/tmp/proxy;
	fastcgi_temp_path $state/nginx/tmp/fastcgi;
	uwsgi_temp_path $state/nginx/tmp/uwsgi;
	scgi_temp_path $state/nginx/tmp/scgi;
	fastcgi_cache_path $state/nginx/pages keys_zone=pages:1m inactive=2h use_temp_path=off;
	sendfile on;
	gzip on;
	gzip_types text/css text/javascript application/javascript application/json;
	map "\$request_method \$http_cookie" \$own_page {
		default 0;
		~^POST 1;
		~wordpress_logged_in_ 1;
		~wp-postpass_ 1;
	}

	server {
		listen 127.0.0.1:$1;
		root $state/wordpress;
		index index.php;
		client_max_body_size 16m;

		include /etc/nginx/fastcgi_params;
		fastcgi_param HTTP_HOST \$http_host;
		fastcgi_param SCRIPT_FILENAME \$document_root\$fastcgi_script_name;
		fastcgi_buffers 32 16k;
		fastcgi_buffer_size 32k;
		fastcgi_read_timeout 60s;

		location / {
			try_files \$uri \$uri/ /index.php?\$args;
		}

		location ~ \.php\$ {
			try_files \$uri =404;
			fastcgi_pass unix:$state/php.sock;
		}

		# The browser's way to Tillside: the same origin, and headers that no client can write.
		location /tillside/ {
			proxy_pass http://127.0.0.1:$(($1 + 1))/;
			proxy_http_version 1.1;
			proxy_set_header Host \$http_host;
			proxy_set_header X-Forwarded-For \$remote_addr;
			proxy_set_header X-Forwarded-Proto \$scheme;
			proxy_set_header X-Forwarded-Host \$http_host;
			proxy_set_header X-Tillside-Authorization "";
			proxy_connect_timeout 2s;
			proxy_read_timeout 30s;
			client_max_body_size 1m;
		}

		# Pages behind a full-page cache, as many hosts have one: a visitor may get an hour-old copy.
		location ~ ^/(order-cached|cached)/ {
			fastcgi_pass unix:$state/php.sock;
			fastcgi_param SCRIPT_FILENAME \$document_root/index.php;
			fastcgi_param SCRIPT_NAME /index.php;
			include /etc/nginx/fastcgi_params;
			fastcgi_param HTTP_HOST \$http_host;
			fastcgi_cache pages;
			fastcgi_cache_key "\$http_host\$request_uri";
			fastcgi_cache_valid 200 1h;
			fastcgi_cache_bypass \$own_page;
			fastcgi_no_cache \$own_page;
			fastcgi_ignore_headers Cache-Control Expires Set-Cookie;
			add_header X-Page-Cache \$upstream_cache_status always;
		}
	}
}
CONF
}
