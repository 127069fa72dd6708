// What takes a bank longer than the buyer stays: 3-D Secure that ends in another browser, debits that take days, a closed tab.
import assert from 'node:assert/strict';
import { accessible, browserTest, shot } from './lib/browser.mjs';
import { access, alertText, buy, card, cardFrame, cards, details, next, secureDialog, step, thanks, whoYouAre } from './lib/order.mjs';
import { booked, checkoutOf, users } from './lib/pages.mjs';
import { tillside } from './lib/servers.mjs';
import { info, mailsTo, sandbox, until } from './lib/site.mjs';

const threeDays = 3 * 86400 + 3600;

/** Steps 1 and 2, and an account number instead of a card. */
async function debit( page, iban ) {
	const buyer = await whoYouAre( page );
	await details( page );
	await step( page, 3 );
	await cardFrame( page ).getByText( 'SEPA Direct Debit' ).click();
	await cardFrame( page ).locator( '[name=iban]' ).fill( iban );
	return buyer;
}

const panel = ( page ) => page.locator( '[data-part=panel]' );

async function bankTakesDays( page ) {
	await panel( page ).getByText( /Your bank is working on the payment/ ).waitFor();
}

browserTest( '3-D Secure that returns in another browser settles the order, tells that browser nothing but the status, and thanks in the first', async ( open ) => {
	const page = await open( info.order_page_url );
	const buyer = await buy( page, { number: cards.secure } );
	const intent = await until( 'the payment at the provider', () => checkoutOf( buyer.email )?.intent );
	await until( 'the bank’s question', async () => ( await sandbox( 'state' ) ).payment_intents.some( ( one ) => one.id === intent && 'requires_action' === one.status ) );
	const { return_to: address } = await sandbox( '3ds', { payment_intent: intent, ok: true } );

	const other = await open( address );
	await panel( other ).getByText( 'Thank you, your payment has arrived' ).waitFor();
	assert.deepEqual( booked( buyer.email ), { orders: 1, payments: 1 } );
	const shown = await other.content();
	for ( const secret of [ buyer.email, buyer.first_name, buyer.last_name ] ) {
		assert.ok( ! shown.includes( secret ), `the other browser is told ${ secret }` );
	}
	assert.equal( new URL( other.url() ).search, '' );
	await shot( other, 'returned-elsewhere' );
	await accessible( other );
	await other.reload();
	await step( other, 1 );

	await secureDialog( page, 'Complete' );
	await thanks( page );
	await access( page );
	assert.deepEqual( booked( buyer.email ), { orders: 1, payments: 1 } );
} );

browserTest( '3-D Secure that returns in the same tab, as from a bank’s own page, ends with the thank-you', async ( open ) => {
	const page = await open( info.order_page_url );
	const buyer = await buy( page, { number: cards.secure } );
	const intent = await until( 'the payment at the provider', () => checkoutOf( buyer.email )?.intent );
	await until( 'the bank’s question', async () => ( await sandbox( 'state' ) ).payment_intents.some( ( one ) => one.id === intent && 'requires_action' === one.status ) );
	const { return_to: address } = await sandbox( '3ds', { payment_intent: intent, ok: true } );
	await page.goto( address );
	await thanks( page );
	await access( page );
	assert.deepEqual( booked( buyer.email ), { orders: 1, payments: 1 } );
} );

browserTest( 'a debit that settles days later becomes an order, with receipt and welcome, without any browser', async ( open ) => {
	const page = await open( info.order_page_url );
	const buyer = await debit( page, 'DE89370400440532013000' );
	await shot( page, 'debit-3-payment' );
	await next( page );
	await bankTakesDays( page );
	await shot( page, 'debit-waiting' );
	await accessible( page );
	assert.deepEqual( booked( buyer.email ), { orders: 0, payments: 0 } );
	await page.reload();
	await bankTakesDays( page );
	await page.close();

	await sandbox( 'clock/advance', { seconds: threeDays } );
	await tillside( 'reconcile' );
	await until( 'the order', () => 1 === booked( buyer.email ).orders );
	await until( 'receipt and welcome', () => mailsTo( buyer.email ).length >= 2 );
	assert.ok( mailsTo( buyer.email ).some( ( mail ) => /action=rp/.test( mail.text ) ), 'no mail has a set-password link' );
	assert.deepEqual( booked( buyer.email ), { orders: 1, payments: 1 } );
	assert.equal( users( buyer.email ), 1 );
} );

browserTest( 'after a debit that fails days later the buyer is told and pays with a card', async ( open ) => {
	const page = await open( info.order_page_url );
	const buyer = await debit( page, 'DE62370400440532013001' );
	await next( page );
	await bankTakesDays( page );
	await sandbox( 'clock/advance', { seconds: threeDays } );
	await tillside( 'reconcile' );
	await until( 'the decline', () => 'open' === checkoutOf( buyer.email ).status );
	assert.deepEqual( booked( buyer.email ), { orders: 0, payments: 0 } );

	await page.reload();
	await step( page, 3 );
	assert.match( await alertText( page ), /nothing was charged|declined|insufficient|refused|bank/i );
	await shot( page, 'debit-failed' );
	await card( page );
	await next( page );
	await thanks( page );
	assert.deepEqual( booked( buyer.email ), { orders: 1, payments: 1 } );
} );

browserTest( 'a tab that is closed right after the click leaves a paid order, an account and the mails', async ( open ) => {
	const page = await open( info.order_page_url );
	const buyer = await whoYouAre( page );
	await details( page );
	await card( page );
	await sandbox( 'fail', { match: 'POST /v1/payment_intents/*/confirm', status: 'slow', hold_ms: 1500 } );
	await next( page );
	await until( 'a payment under way', () => 'paying' === checkoutOf( buyer.email ).status );
	await page.close();
	assert.deepEqual( booked( buyer.email ), { orders: 0, payments: 0 } );
	await until( 'the order', () => 1 === booked( buyer.email ).orders );
	await until( 'receipt and welcome', () => mailsTo( buyer.email ).length >= 2 );
	assert.equal( users( buyer.email ), 1 );
	assert.deepEqual( booked( buyer.email ), { orders: 1, payments: 1 } );
} );
