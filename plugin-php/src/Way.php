<?php
/**
 * How a browser reaches Tillside.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * Three ways in, the best that works is remembered: a reverse proxy on the site's own address, the relay, and
 * WordPress's REST API, which works on any host and is slowest.
 */
final class Way {

	public const OPTION = 'tillside_mode';
	public const HEADER = 'x-tillside-way';

	public const PROXY = 'proxy';
	public const RELAY = 'relay';
	public const REST  = 'rest';

	private const LOCK     = 'tillside_probing';
	private const FRESH    = 86400;
	private const PROBE_MS = 2000;

	/**
	 * Addresses.
	 *
	 * @var Site
	 */
	private Site $site;

	/**
	 * Where Tillside is.
	 *
	 * @var Sidecar
	 */
	private Sidecar $sidecar;

	/**
	 * Creates it.
	 *
	 * @param Site    $site    Addresses.
	 * @param Sidecar $sidecar Where Tillside is.
	 */
	public function __construct( Site $site, Sidecar $sidecar ) {
		$this->site    = $site;
		$this->sidecar = $sidecar;
	}

	/**
	 * The way that pages use: what wp-config.php says, else what a probe found, else the one that always works.
	 *
	 * @return string PROXY, RELAY or REST.
	 */
	public function mode(): string {
		if ( defined( 'TILLSIDE_MODE' ) && self::is_mode( TILLSIDE_MODE ) ) {
			return TILLSIDE_MODE;
		}
		$stored = $this->stored();
		return self::is_mode( $stored['mode'] ?? '' ) ? $stored['mode'] : self::REST;
	}

	/**
	 * What scripts put before "/v1/…".
	 *
	 * @return string Path on the site; with plain permalinks it has a query.
	 */
	public function base(): string {
		$mode = $this->mode();
		if ( self::REST === $mode ) {
			return $this->rest_base();
		}
		$stored = $this->stored();
		if ( ( $stored['mode'] ?? '' ) === $mode && is_string( $stored['base'] ?? null ) && '' !== $stored['base'] ) {
			return $stored['base'];
		}
		$bases = self::PROXY === $mode ? $this->proxy_bases() : array();
		return $bases ? $bases[0] : $this->relay_base();
	}

	/**
	 * Bases to try, per way.
	 *
	 * @return array<string, string[]> Paths by way.
	 */
	public function candidates(): array {
		return array(
			self::PROXY => $this->proxy_bases(),
			self::RELAY => array( $this->relay_base() ),
			self::REST  => array( $this->rest_base() ),
		);
	}

	/**
	 * When the ways were last tried.
	 *
	 * @return int Unix time, or 0.
	 */
	public function probed_at(): int {
		return (int) ( $this->stored()['probed'] ?? 0 );
	}

	/**
	 * Tries every way from this server and remembers the best that works. When none works nothing changes: this server
	 * may be unable to call itself, and browsers may fare better.
	 *
	 * @return array<string, string> Per way "" when it works, else what is wrong.
	 */
	public function probe(): array {
		$found  = array();
		$report = array();
		foreach ( $this->candidates() as $way => $bases ) {
			$report[ $way ] = '';
			foreach ( $bases as $base ) {
				$report[ $way ] = $this->try_base( $way, $base );
				if ( '' === $report[ $way ] ) {
					$found[ $way ] = $base;
					break;
				}
			}
		}
		$this->remember( $found );
		return $report;
	}

	/**
	 * Remembers the best of the ways that work.
	 *
	 * @param array<string, string> $working Bases by way.
	 * @return bool Whether there is one.
	 */
	public function remember( array $working ): bool {
		foreach ( array( self::PROXY, self::RELAY, self::REST ) as $way ) {
			$base = $working[ $way ] ?? '';
			if ( '' !== $base && in_array( $base, $this->candidates()[ $way ], true ) ) {
				$new = array(
					'mode'   => $way,
					'base'   => $base,
					'probed' => time(),
				);
				update_option( self::OPTION, $new, true );
				return true;
			}
		}
		return false;
	}

	/**
	 * Tries the ways once this request is answered, if that is due. Nobody waits for it.
	 */
	public function probe_when_done(): void {
		if ( time() - $this->probed_at() < self::FRESH || defined( 'TILLSIDE_MODE' ) || false !== get_transient( self::LOCK ) ) {
			return;
		}
		set_transient( self::LOCK, 1, MINUTE_IN_SECONDS );
		add_action(
			'shutdown',
			function (): void {
				if ( function_exists( 'fastcgi_finish_request' ) ) {
					fastcgi_finish_request();
				} elseif ( function_exists( 'litespeed_finish_request' ) ) {
					litespeed_finish_request();
				}
				$this->probe();
			},
			PHP_INT_MAX
		);
	}

	/**
	 * Tries one base.
	 *
	 * @param string $way  Way.
	 * @param string $base Path on the site.
	 * @return string "" when Tillside answers there for this site, else what is wrong.
	 */
	private function try_base( string $way, string $base ): string {
		$url    = $this->absolute( $base . '/v1/ping' );
		$answer = wp_remote_get(
			$url,
			array(
				'timeout'     => 2,
				'tillside_ms' => self::PROBE_MS,
				'redirection' => 0,
				'sslverify'   => false, // The site calls itself; behind a proxy its certificate may be another's. Nothing secret is sent.
				'headers'     => array( 'Cache-Control' => 'no-cache' ),
			)
		);
		if ( is_wp_error( $answer ) ) {
			return $answer->get_error_message();
		}
		$body = json_decode( wp_remote_retrieve_body( $answer ), true );
		if ( 200 !== wp_remote_retrieve_response_code( $answer ) || ! is_array( $body ) || ! isset( $body['tillside'] ) ) {
			/* translators: %d: HTTP status. */
			return sprintf( __( 'Something else answers there (status %d).', 'tillside' ), (int) wp_remote_retrieve_response_code( $answer ) );
		}
		if ( rtrim( (string) ( $body['home'] ?? '' ), '/' ) !== $this->site->home() ) {
			return __( 'A Tillside of another site answers there.', 'tillside' );
		}
		$by_relay = self::RELAY === wp_remote_retrieve_header( $answer, self::HEADER );
		if ( ( self::RELAY === $way ) !== $by_relay ) {
			return self::RELAY === $way ? __( 'The web server hands requests on before the relay sees them.', 'tillside' ) : __( 'The relay answers there.', 'tillside' );
		}
		return '';
	}

	/** A path on the site, with the site's scheme and host before it. */
	private function absolute( string $path ): string {
		if ( 0 !== strpos( $path, '/' ) ) {
			return $path;
		}
		return substr( $this->site->home(), 0, strlen( $this->site->home() ) - strlen( $this->site->home_path() ) ) . $path;
	}

	/** Where a reverse proxy may be, the likelier place first. */
	private function proxy_bases(): array {
		return array_values( array_unique( array_filter( array( $this->sidecar->path(), $this->relay_base() ), 'strlen' ) ) );
	}

	/** Where the relay answers. */
	private function relay_base(): string {
		return $this->site->home_path() . '/tillside';
	}

	/** Where the REST API answers. */
	private function rest_base(): string {
		return rtrim( $this->site->relative( rest_url( 'tillside/v1/proxy' ) ), '/' );
	}

	/** The option, as it should be. */
	private function stored(): array {
		$stored = get_option( self::OPTION );
		return is_array( $stored ) ? $stored : array();
	}

	/** Reports whether a value names a way. */
	private static function is_mode( $value ): bool {
		return in_array( $value, array( self::PROXY, self::RELAY, self::REST ), true );
	}
}
