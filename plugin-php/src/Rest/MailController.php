<?php
/**
 * Tillside's mails.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Rest;

use Tillside\Site;
use WP_Error;
use WP_REST_Request;
use WP_REST_Response;

defined( 'ABSPATH' ) || exit;

/**
 * Serves tillside/v1/mail: sends by wp_mail(), so that the site's own mail plugin is used. A mail's id is good once.
 */
final class MailController {

	private const PLACEHOLDER = '%%set_password_url%%';
	private const PATIENCE    = 300;

	/**
	 * Lets only Tillside in.
	 *
	 * @var Guard
	 */
	private Guard $guard;

	/**
	 * Tables.
	 *
	 * @var Site
	 */
	private Site $site;

	/**
	 * Creates the controller.
	 *
	 * @param Guard $guard Lets only Tillside in.
	 * @param Site  $site  Tables.
	 */
	public function __construct( Guard $guard, Site $site ) {
		$this->guard = $guard;
		$this->site  = $site;
	}

	/**
	 * Registers the route.
	 */
	public function register_routes(): void {
		$text = array(
			'type'      => 'string',
			'maxLength' => 500000,
			'required'  => true,
		);
		$this->guard->route(
			'/mail',
			'mail',
			array( $this, 'send' ),
			array(
				'id'                => array( 'pattern' => '^[A-Za-z0-9:._-]{1,64}$' ) + $text,
				'to'                => array( 'maxLength' => 254 ) + $text,
				'subject'           => array( 'maxLength' => 500 ) + $text,
				'html'              => $text,
				'text'              => $text,
				'set_password_user' => array(
					'type'    => 'integer',
					'minimum' => 0,
					'default' => 0,
				),
			)
		);
	}

	/**
	 * Sends a mail, unless it was sent.
	 *
	 * @param WP_REST_Request $request Request.
	 * @return WP_REST_Response|WP_Error Whether it was sent, or why not.
	 */
	public function send( WP_REST_Request $request ) {
		if ( ! is_email( $request['to'] ) ) {
			return UsersController::invalid( 'to', __( 'This is not an e-mail address.', 'tillside' ) );
		}
		$state = $this->begin( $request['id'] );
		if ( is_wp_error( $state ) || 'sent' === $state ) {
			return is_wp_error( $state ) ? $state : new WP_REST_Response( array( 'sent' => true ) );
		}
		$link = '';
		if ( $request['set_password_user'] > 0 ) {
			$link = $this->set_password_url( (int) $request['set_password_user'], $request['to'] );
			if ( is_wp_error( $link ) ) {
				$this->forget( $request['id'] );
				return $link;
			}
		}
		$html = str_replace( self::PLACEHOLDER, esc_url( $link ), $request['html'] );
		$text = str_replace( self::PLACEHOLDER, $link, $request['text'] );
		$sent = $this->deliver( $request['to'], $request['subject'], $html, $text );
		if ( is_wp_error( $sent ) ) {
			$this->forget( $request['id'] );
			return $sent;
		}
		$this->finish( $request['id'] );
		return new WP_REST_Response( array( 'sent' => true ) );
	}

	/** Sends it, with the plain text beside the HTML. */
	private function deliver( string $to, string $subject, string $html, string $text ) {
		$why     = '';
		$attach  = static function ( $mailer ) use ( $text ): void {
			$mailer->AltBody = $text; // phpcs:ignore WordPress.NamingConventions.ValidVariableName -- PHPMailer's.
		};
		$explain = static function ( $error ) use ( &$why ): void {
			$why = $error->get_error_message();
		};
		add_action( 'phpmailer_init', $attach );
		add_action( 'wp_mail_failed', $explain );
		try {
			$sent = wp_mail( $to, (string) preg_replace( '/[\r\n]+/', ' ', $subject ), $html, array( 'Content-Type: text/html; charset=UTF-8' ) );
		} catch ( \Throwable $e ) { // Other plugins' mailers throw.
			$sent = false;
			$why  = $e->getMessage();
		}
		remove_action( 'phpmailer_init', $attach );
		remove_action( 'wp_mail_failed', $explain );
		if ( $sent ) {
			return true;
		}
		/* translators: %s: what went wrong. */
		return new WP_Error( 'tillside_mail_failed', sprintf( __( 'WordPress could not send the mail: %s', 'tillside' ), $why ), array( 'status' => 502 ) );
	}

	/**
	 * Makes WordPress's link with which a user sets a password. It goes to that user's own address only.
	 *
	 * @param int    $user_id User.
	 * @param string $to      Whom the mail goes to.
	 * @return string|WP_Error Address.
	 */
	private function set_password_url( int $user_id, string $to ) {
		clean_user_cache( $user_id );
		$user = get_userdata( $user_id );
		if ( ! $user ) {
			return UsersController::not_found();
		}
		if ( strtolower( $user->user_email ) !== strtolower( $to ) ) {
			return UsersController::invalid( 'to', __( 'A link that sets a password only goes to the account\'s own address.', 'tillside' ) );
		}
		$key = get_password_reset_key( $user );
		if ( is_wp_error( $key ) ) { // Another plugin forbids it, perhaps since accounts live elsewhere.
			return wp_lostpassword_url();
		}
		return network_site_url( 'wp-login.php?action=rp&key=' . $key . '&login=' . rawurlencode( $user->user_login ), 'login' );
	}

	/** Takes a mail: "sending" when it is ours to send, "sent" when it was; else an error. */
	private function begin( string $id ) {
		global $wpdb;
		$table = $this->site->table( 'mails' );
		$busy  = new WP_Error( 'tillside_unavailable', __( 'This mail is being sent.', 'tillside' ), array( 'status' => 503 ) );
		$rows  = $this->site->quietly( $wpdb->prepare( "INSERT IGNORE INTO %i (id, state, updated_at) VALUES (%s, 'sending', UTC_TIMESTAMP(6))", $table, $id ) );
		if ( 1 === $rows ) {
			return 'sending';
		}
		if ( false === $rows ) {
			return $busy;
		}
		$state = $wpdb->get_var( $wpdb->prepare( 'SELECT state FROM %i WHERE id = %s', $table, $id ) ); // phpcs:ignore WordPress.DB.DirectDatabaseQuery
		if ( 'sent' === $state ) {
			return 'sent';
		}
		// Whoever began it may have died; then nobody knows, and a mail twice is better than none.
		$late = $this->site->quietly(
			$wpdb->prepare(
				"UPDATE %i SET updated_at = UTC_TIMESTAMP(6) WHERE id = %s AND state = 'sending' AND updated_at < UTC_TIMESTAMP(6) - INTERVAL %d SECOND",
				$table,
				$id,
				self::PATIENCE
			)
		);
		return 1 === $late ? 'sending' : $busy;
	}

	/** Notes that a mail is out. */
	private function finish( string $id ): void {
		global $wpdb;
		$this->site->quietly( $wpdb->prepare( "UPDATE %i SET state = 'sent', updated_at = UTC_TIMESTAMP(6) WHERE id = %s", $this->site->table( 'mails' ), $id ) );
	}

	/** Gives a mail back that did not go out. */
	private function forget( string $id ): void {
		global $wpdb;
		$this->site->quietly( $wpdb->prepare( "DELETE FROM %i WHERE id = %s AND state = 'sending'", $this->site->table( 'mails' ), $id ) );
	}
}
