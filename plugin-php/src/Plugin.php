<?php
/**
 * Builds the plugin.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside;

use Tillside\Admin\Help;
use Tillside\Admin\SiteHealth;
use Tillside\Admin\StatusActions;
use Tillside\Admin\StatusScreen;
use Tillside\Admin\StatusView;
use Tillside\Admin\WaysView;
use Tillside\Rest\AdminController;
use Tillside\Rest\CacheController;
use Tillside\Rest\CredentialsController;
use Tillside\Rest\EventsController;
use Tillside\Rest\Guard;
use Tillside\Rest\HelloController;
use Tillside\Rest\MailController;
use Tillside\Rest\ProxyController;
use Tillside\Rest\UsersController;

defined( 'ABSPATH' ) || exit;

/**
 * Makes every part once and hands each what it needs.
 */
final class Plugin {

	/**
	 * The one instance.
	 *
	 * @var self|null
	 */
	private static ?self $instance = null;

	/**
	 * Parts that have been made, by class.
	 *
	 * @var array<string, object>
	 */
	private array $parts = array();

	/**
	 * Returns the plugin.
	 *
	 * @return self The one instance.
	 */
	public static function instance(): self {
		if ( null === self::$instance ) {
			self::$instance = new self();
		}
		return self::$instance;
	}

	/**
	 * Adds all hooks.
	 */
	public function register(): void {
		add_action( 'init', array( $this, 'load_texts' ), 0 );
		add_action( 'rest_api_init', array( $this, 'register_routes' ) );

		$this->client()->register();
		$this->guard()->register();
		$this->login()->register();
		( new Capabilities() )->register();
		( new Shortcodes( $this->renderer() ) )->register();
		( new Session( $this->token() ) )->register();
		$this->tags()->register();
		$this->outbox()->register();
		$this->pages()->register();
		$this->theme_pages()->register();
		$this->proxy()->register();
		$this->health()->register();
		if ( is_admin() ) {
			$this->register_admin();
		}
	}

	/** Adds the hooks of wp-admin. */
	private function register_admin(): void {
		if ( is_multisite() ) { // Activated for the network, the plugin was activated on one site only.
			add_action( 'admin_init', array( Installer::class, 'make_keys' ) );
		}
		$relay = new Relay();
		$ways  = new WaysView( $this->way(), $relay, $this->sidecar(), $this->site() );
		$view  = new StatusView( $this->sidecar(), new Help( $this->sidecar() ), $ways );
		( new StatusScreen( $this->client(), $view ) )->register();
		( new StatusActions( $this->client(), $this->way(), $relay ) )->register();
	}

	/**
	 * Loads the translations that come with the plugin.
	 */
	public function load_texts(): void {
		load_plugin_textdomain( 'tillside', false, dirname( plugin_basename( TILLSIDE_PLUGIN_FILE ) ) . '/languages' );
	}

	/**
	 * Registers the REST routes.
	 */
	public function register_routes(): void {
		$guard = $this->guard();
		( new HelloController( $guard, $this->sidecar(), new Facts( $this->site(), $this->roles(), $this->way() ), $this->way() ) )->register_routes();
		( new UsersController( $guard, $this->roles() ) )->register_routes();
		( new CredentialsController( $guard, $this->login(), $this->roles() ) )->register_routes();
		( new MailController( $guard, $this->site() ) )->register_routes();
		( new EventsController( $guard ) )->register_routes();
		( new CacheController( $guard, $this->fragments(), $this->pages() ) )->register_routes();
		( new AdminController( $this->way(), $this->health() ) )->register_routes();
		$this->proxy()->register_routes();
	}

	/**
	 * Addresses and tables.
	 *
	 * @return Site Part.
	 */
	public function site(): Site {
		return $this->part( Site::class, static fn() => new Site() );
	}

	/**
	 * Tags of users.
	 *
	 * @return Tags Part.
	 */
	public function tags(): Tags {
		return $this->part( Tags::class, fn() => new Tags( $this->site() ) );
	}

	/**
	 * Keys.
	 *
	 * @return Keys Part.
	 */
	public function keys(): Keys {
		return $this->part( Keys::class, static fn() => Keys::load() );
	}

	/**
	 * Signs tokens.
	 *
	 * @return Token Part.
	 */
	public function token(): Token {
		return $this->part( Token::class, fn() => new Token( $this->keys(), $this->site()->home() ) );
	}

	/**
	 * Where Tillside is.
	 *
	 * @return Sidecar Part.
	 */
	public function sidecar(): Sidecar {
		return $this->part( Sidecar::class, static fn() => new Sidecar() );
	}

	/**
	 * HTTP client.
	 *
	 * @return Client Part.
	 */
	public function client(): Client {
		return $this->part( Client::class, fn() => new Client( $this->sidecar(), $this->token() ) );
	}

	/**
	 * The browser's way.
	 *
	 * @return Way Part.
	 */
	public function way(): Way {
		return $this->part( Way::class, fn() => new Way( $this->site(), $this->sidecar() ) );
	}

	/** Kept HTML. */
	private function fragments(): Fragments {
		return $this->part( Fragments::class, fn() => new Fragments( $this->client(), $this->site() ) );
	}

	/** Where offers are shown. */
	private function pages(): Pages {
		return $this->part( Pages::class, fn() => new Pages( $this->outbox() ) );
	}

	/** Pages of ours in the theme. */
	private function theme_pages(): ThemePages {
		$pages = new ThemePages();
		( new BuyPage( $this->fragments(), $this->renderer() ) )->register( $pages );
		( new GiftCardPage( $this->renderer() ) )->register( $pages );
		return $pages;
	}

	/** What Tillside is told. */
	private function outbox(): Outbox {
		return $this->part( Outbox::class, fn() => new Outbox( $this->site() ) );
	}

	/** What shortcodes and blocks show. */
	private function renderer(): Renderer {
		return $this->part(
			Renderer::class,
			fn() => new Renderer( $this->fragments(), $this->token(), $this->way(), new Assets(), $this->pages(), $this->site() )
		);
	}

	/** Which roles a purchase may grant. */
	private function roles(): Roles {
		return $this->part( Roles::class, static fn() => new Roles() );
	}

	/** One-time logins. */
	private function login(): Login {
		return $this->part( Login::class, fn() => new Login( $this->roles() ) );
	}

	/** The way in by REST. */
	private function proxy(): ProxyController {
		return $this->part(
			ProxyController::class,
			fn() => new ProxyController( fn() => new Proxy( $this->client(), Slots::of_site( $this->site() ) ) )
		);
	}

	/** Site Health's tests. */
	private function health(): SiteHealth {
		return $this->part( SiteHealth::class, fn() => new SiteHealth( $this->client(), $this->sidecar(), $this->way(), $this->keys() ) );
	}

	/** Lets only Tillside in. */
	private function guard(): Guard {
		return $this->part( Guard::class, fn() => new Guard( new Verifier( $this->keys(), $this->site()->home() ), $this->site() ) );
	}

	/**
	 * Makes a part, once.
	 *
	 * @param string   $name Class.
	 * @param callable $make Makes it.
	 * @return object The part.
	 */
	private function part( string $name, callable $make ) {
		if ( ! isset( $this->parts[ $name ] ) ) {
			$this->parts[ $name ] = $make();
		}
		return $this->parts[ $name ];
	}
}
