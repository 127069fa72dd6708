<?php
/**
 * The secret shared with Tillside.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

defined( 'ABSPATH' ) || exit;

/**
 * A map of keys: the newest signs, all verify.
 */
final class Keys {

	public const OPTION = 'tillside_keys';

	private const LENGTH    = 32;
	private const MAX_KEYS  = 64;
	private const MAX_BYTES = 16384;

	/**
	 * Secrets by key id.
	 *
	 * @var array<string, string>
	 */
	private array $secrets = array();

	/**
	 * Id of the key that signs.
	 *
	 * @var string
	 */
	private string $newest = '';

	/**
	 * Derived keys, since a page signs several tokens.
	 *
	 * @var array<string, string>
	 */
	private array $derived = array();

	/**
	 * What is still to be read; null once it is.
	 *
	 * @var callable|null
	 */
	private $source;

	/**
	 * Creates keys. Malformed ones leave none, and without keys everything is refused.
	 *
	 * @param string $json {"k1":{"s":"<base64 of 32 bytes>","created":1760000000}}.
	 */
	public function __construct( string $json ) {
		$this->source = static function () use ( $json ): string {
			return $json;
		};
	}

	/**
	 * The site's keys: constant, then environment, then option. They are read when they are first needed.
	 *
	 * @return self Keys, perhaps none.
	 */
	public static function load(): self {
		$keys         = new self( '' );
		$keys->source = static function (): string {
			$configured = self::configured();
			return '' !== $configured ? $configured : (string) get_option( self::OPTION, '' );
		};
		return $keys;
	}

	/** Reads the keys, once. */
	private function read(): void {
		if ( null === $this->source ) {
			return;
		}
		$json         = ( $this->source )();
		$this->source = null;
		if ( strlen( $json ) > self::MAX_BYTES ) {
			return;
		}
		$list    = json_decode( $json, true );
		$secrets = array();
		$times   = array();
		if ( ! is_array( $list ) || count( $list ) > self::MAX_KEYS ) {
			return;
		}
		foreach ( $list as $id => $key ) {
			$secret = is_array( $key ) && is_string( $key['s'] ?? null ) ? base64_decode( $key['s'], true ) : false;
			$time   = is_array( $key ) ? ( $key['created'] ?? 0 ) : 0;
			if ( ! preg_match( '/^[A-Za-z][A-Za-z0-9_-]{0,31}\z/', (string) $id ) || false === $secret
				|| self::LENGTH !== strlen( $secret ) || ! is_int( $time ) || $time <= 0 ) {
				return;
			}
			$secrets[ $id ] = $secret;
			$times[ $id ]   = $time;
		}
		foreach ( $times as $id => $time ) {
			$best = $times[ $this->newest ] ?? 0;
			if ( $time > $best || ( $time === $best && strcmp( $id, $this->newest ) > 0 ) ) {
				$this->newest = $id;
			}
		}
		$this->secrets = $secrets;
	}

	/**
	 * Returns the keys that stand outside the database.
	 *
	 * @return string JSON, or "".
	 */
	public static function configured(): string {
		if ( defined( 'TILLSIDE_KEYS' ) && '' !== (string) TILLSIDE_KEYS ) {
			return (string) TILLSIDE_KEYS;
		}
		$value = (string) getenv( 'TILLSIDE_KEYS' );
		$file  = (string) getenv( 'TILLSIDE_KEYS_FILE' );
		if ( '' === $value && '' !== $file && is_readable( $file ) ) {
			$value = trim( (string) file_get_contents( $file ) ); // phpcs:ignore WordPress.WP.AlternativeFunctions -- A local secret file.
		}
		return $value;
	}

	/**
	 * Makes a first key.
	 *
	 * @return string JSON as the constructor reads it.
	 */
	public static function generate(): string {
		return (string) wp_json_encode(
			array(
				'k1' => array(
					's'       => base64_encode( random_bytes( self::LENGTH ) ),
					'created' => time(),
				),
			),
			JSON_UNESCAPED_SLASHES
		);
	}

	/**
	 * The id of the key that signs.
	 *
	 * @return string "" when there is none.
	 */
	public function newest(): string {
		$this->read();
		return $this->newest;
	}

	/**
	 * All ids.
	 *
	 * @return string[] Ids.
	 */
	public function ids(): array {
		$this->read();
		return array_keys( $this->secrets );
	}

	/**
	 * Derives the key of one purpose.
	 *
	 * @param string $id   Key id.
	 * @param string $info What the key is for.
	 * @return string 32 bytes, or "" when there is no such key.
	 */
	public function derive( string $id, string $info ): string {
		$this->read();
		if ( ! isset( $this->secrets[ $id ] ) ) {
			return '';
		}
		$name = $id . ' ' . $info;
		if ( ! isset( $this->derived[ $name ] ) ) {
			$this->derived[ $name ] = hash_hkdf( 'sha256', $this->secrets[ $id ], self::LENGTH, $info, '' );
		}
		return $this->derived[ $name ];
	}
}
