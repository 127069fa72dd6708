<?php
/**
 * Mails and events.
 *
 * @package Tillside
 */

declare( strict_types=1 );

namespace Tillside\Tests;

/**
 * Tests Rest\MailController and Rest\EventsController.
 */
final class MailTest extends TestCase {

	private const MAIL = array(
		'id'                => '7-welcome',
		'to'                => 'ada@example.org',
		'subject'           => "Grüße\r\nBcc: evil@example.org",
		'html'              => '<p>Hello <a href="%%set_password_url%%">you</a></p>',
		'text'              => "Hello\n%%set_password_url%%",
		'set_password_user' => 0,
	);

	/**
	 * What PHPMailer was to send.
	 *
	 * @var array<int, array<string, mixed>>
	 */
	private array $mails = array();

	protected function setUp(): void {
		parent::setUp();
		$this->mails = array();
		add_action(
			'phpmailer_init',
			function ( $mailer ) {
				$this->mails[] = array(
					'to'      => $mailer->getToAddresses(),
					'subject' => $mailer->Subject,
					'html'    => $mailer->Body,
					'text'    => $mailer->AltBody,
					'bcc'     => $mailer->getBccAddresses(),
				);
			},
			PHP_INT_MAX
		);
	}

	public function test_a_mail_has_html_and_text_and_goes_out_once(): void {
		self::assertSame( array( 'sent' => true ), $this->call( '/mail', 'mail', self::MAIL )->get_data() );
		self::assertSame( array( 'sent' => true ), $this->call( '/mail', 'mail', self::MAIL )->get_data() );
		self::assertCount( 1, $this->mails );
		self::assertSame( array( array( 'ada@example.org', '' ) ), $this->mails[0]['to'] );
		self::assertSame( 'Grüße Bcc: evil@example.org', $this->mails[0]['subject'] );
		self::assertSame( array(), $this->mails[0]['bcc'] );
		self::assertSame( "Hello\n", $this->mails[0]['text'] );
	}

	public function test_the_next_mail_has_no_text_of_this_one(): void {
		$this->call( '/mail', 'mail', self::MAIL );
		wp_mail( 'b@example.org', 's', 'plain' );
		self::assertSame( '', $this->mails[1]['text'] );
	}

	public function test_the_link_sets_that_users_password(): void {
		$id   = self::user();
		$user = get_userdata( $id );
		$mail = array(
			'set_password_user' => $id,
			'to'                => strtoupper( $user->user_email ),
		) + self::MAIL;
		self::assertSame( 200, $this->call( '/mail', 'mail', $mail )->get_status() );
		self::assertSame( 1, preg_match( '#^Hello\n(http\S+)$#', $this->mails[0]['text'], $match ) );
		parse_str( (string) wp_parse_url( $match[1], PHP_URL_QUERY ), $query );
		self::assertSame( $user->user_login, $query['login'] );
		self::assertFalse( is_wp_error( check_password_reset_key( $query['key'], $query['login'] ) ) );
		self::assertStringContainsString( esc_url( $match[1] ), $this->mails[0]['html'] );
		self::assertStringNotContainsString( '%%', $this->mails[0]['html'] );
	}

	public function test_the_link_goes_to_nobody_else(): void {
		$mail = array( 'set_password_user' => self::user() ) + self::MAIL;
		self::assertSame( 400, $this->call( '/mail', 'mail', $mail )->get_status() );
		self::assertSame( 404, $this->call( '/mail', 'mail', array( 'set_password_user' => 999999 ) + self::MAIL )->get_status() );
		self::assertCount( 0, $this->mails );
		self::assertSame( 200, $this->call( '/mail', 'mail', self::MAIL )->get_status(), 'the id is free again' );
	}

	public function test_a_mail_that_fails_may_be_sent_again(): void {
		$fail = function ( $mailer ) {
			$mailer->Mailer = 'smtp';
			$mailer->Host   = '127.0.0.1';
			$mailer->Port   = 1;
		};
		add_action( 'phpmailer_init', $fail );
		$answer = $this->call( '/mail', 'mail', self::MAIL );
		self::assertSame( 502, $answer->get_status() );
		self::assertStringContainsString( 'SMTP', $answer->get_data()['message'] );
		remove_action( 'phpmailer_init', $fail );
		self::assertSame( 200, $this->call( '/mail', 'mail', self::MAIL )->get_status() );
	}

	public function test_a_mail_that_someone_sends_right_now_waits(): void {
		global $wpdb;
		$wpdb->query( "INSERT INTO {$wpdb->prefix}tillside_mails VALUES ('7-welcome', 'sending', UTC_TIMESTAMP(6))" );
		self::assertSame( 503, $this->call( '/mail', 'mail', self::MAIL )->get_status() );
		$wpdb->query( "UPDATE {$wpdb->prefix}tillside_mails SET updated_at = UTC_TIMESTAMP(6) - INTERVAL 6 MINUTE" );
		self::assertSame( 200, $this->call( '/mail', 'mail', self::MAIL )->get_status(), 'whoever began it died' );
		self::assertSame( 400, $this->call( '/mail', 'mail', array( 'to' => 'nobody' ) + self::MAIL )->get_status() );
	}

	public function test_events_become_actions(): void {
		$seen = array();
		add_action(
			'tillside_order_paid',
			function ( $order ) use ( &$seen ) {
				if ( 2 === $order['id'] ) {
					throw new \RuntimeException( 'receiver broke' );
				}
				$seen[] = array( 'paid', $order );
			}
		);
		add_action(
			'tillside_order_refunded',
			function ( $order ) use ( &$seen ) {
				$seen[] = array( 'refunded', $order );
			}
		);
		$event  = fn( string $id, string $type, array $data ) => compact( 'id', 'type', 'data' );
		$log    = ini_set( 'error_log', '/dev/null' );
		$answer = $this->call(
			'/events',
			'events',
			array(
				'events' => array(
					$event( 'a', 'order.paid', array( 'id' => 1, 'items' => array( array( 'name' => 'x' ) ) ) ),
					$event( 'b', 'order.paid', array( 'id' => 2 ) ),
					$event( 'c', 'order.refunded', array( 'id' => 3 ) ),
					$event( 'd', 'later.thing', array( 'id' => 4 ) ),
				),
			)
		);
		ini_set( 'error_log', (string) $log );
		self::assertSame( array( 'done' => array( 'a', 'c', 'd' ) ), $answer->get_data() );
		self::assertSame( array( 'paid', array( 'id' => 1, 'items' => array( array( 'name' => 'x' ) ) ) ), $seen[0] );
		self::assertSame( array( 'refunded', array( 'id' => 3 ) ), $seen[1] );
	}
}
