// Gift cards: bought for somebody, sent by mail, looked at, printed, and spent over several orders.
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { before } from 'node:test';
import { accessible, browserTest, fits, shot } from './lib/browser.mjs';
import { card, details, next, step, thanks, whoYouAre } from './lib/order.mjs';
import { tillside } from './lib/servers.mjs';
import { freshEmail, info, mailsTo, sql, until } from './lib/site.mjs';

before( () => tillside( 'import', resolve( 'dev/e2e/catalog.yaml' ) ) );

const dues = ( page ) => page.locator( '[data-rows] [data-row=total] dd' ).last().innerText();

/** Opens step 3 of the offer that takes gift cards. */
async function atPayment( open, email ) {
	const page = await open( `${ info.site_url }/buy/e2e-pays` );
	await whoYouAre( page, { email } );
	await details( page );
	await step( page, 3 );
	return page;
}

/** Enters the code of a gift card. */
async function pay( page, code ) {
	if ( await page.locator( '[data-giftcard-form]' ).isHidden() ) {
		await page.click( '[data-giftcard-open]' );
	}
	await page.fill( '[data-giftcard]', code );
	await page.press( '[data-giftcard]', 'Enter' );
}

browserTest( 'a gift card is bought for somebody, comes by mail, and pays for several orders', async ( open ) => {
	const maria = freshEmail( 'maria' );
	const page = await open( `${ info.site_url }/buy/e2e-gift` );
	await whoYouAre( page );
	await step( page, 2 );
	await page.fill( '[name=amount]', '5' );
	await page.fill( '[name=recipient_email]', 'maria' );
	await details( page );
	await until( 'the complaints', async () => ( await page.locator( '[data-alert] li' ).count() ) === 2 );
	await shot( page, 'gift-1-complaints' );
	await page.fill( '[name=amount]', '250' );
	await page.fill( '[name=recipient_name]', 'Maria' );
	await page.fill( '[name=recipient_email]', maria );
	await page.fill( '[name=message]', 'Happy birthday!\nSee you at the lake.' );
	await until( 'the counter', async () => ( await page.locator( '[data-gift-left]' ).innerText() ).startsWith( '464 ' ) );
	await until( 'the new total', async () => ( await dues( page ) ).includes( '250' ) );
	await shot( page, 'gift-2-fields' );
	await accessible( page );
	await fits( page, 320 );
	await next( page );
	await card( page );
	assert.ok( ( await page.locator( '[data-pay-label]' ).innerText() ).includes( '250' ), 'another amount is paid' );
	await page.reload();
	await step( page, 3 );
	await page.click( '.tillside-step[data-step="3"] [data-back]' );
	assert.equal( await page.inputValue( '[name=message]' ), 'Happy birthday!\nSee you at the lake.' );
	assert.equal( await page.inputValue( '[name=amount]' ), '250.00' );
	await next( page );
	await card( page );
	await next( page );
	await thanks( page );
	await until( 'where the card goes', async () => ( await page.locator( '[data-gifts]' ).innerText() ).includes( maria ) );
	await shot( page, 'gift-3-thanks' );
	await accessible( page );

	const mail = await until( 'the mail', () => mailsTo( maria ).find( ( { subject } ) => subject.includes( 'Ada' ) ), 30 );
	const [ , code ] = mail.text.match( /Code: ([0-9A-Z-]+)/ );
	assert.ok( ! ( await page.locator( 'body' ).innerText() ).includes( code ), 'the buyer is shown the code' );
	const holder = await open( `${ info.site_url }/gift-card/#card-${ code }` );
	await until( 'the balance', async () => ( await holder.locator( '[data-gift-amount]' ).innerText() ).includes( '250' ) );
	await shot( holder, 'gift-4-page' );
	await accessible( holder );

	const first = await atPayment( open, maria );
	await pay( first, 'NO-SUCH-CODE' );
	await until( 'the refusal', async () => ( await first.locator( '[data-giftcard-error]' ).innerText() ).includes( 'no gift card' ) );
	await shot( first, 'gift-5-refused' );
	await pay( first, code.toLowerCase().replaceAll( '-', ' ' ) );
	await until( 'nothing to pay', async () => /^\D*0[.,]00/.test( await dues( first ) ) );
	await until( 'the announcement', async () => ( await first.locator( '[data-live]' ).textContent() ).includes( 'gift card pays' ) );
	assert.equal( await first.locator( '[data-card-box]' ).isVisible(), false, 'card fields are shown though nothing is due' );
	await shot( first, 'gift-6-applied' );
	await accessible( first );
	await fits( first, 320 );
	await first.click( '[data-giftcard-list] button' );
	await until( 'the card to be off', async () => ( await first.locator( '[data-giftcard-list] li' ).count() ) === 0 );
	await pay( first, code );
	await until( 'nothing to pay', async () => /^\D*0[.,]00/.test( await dues( first ) ) );
	await next( first );
	await thanks( first );
	await until( 'the receipt', async () => ( await first.locator( '[data-done] [data-rows]' ).innerText() ).includes( 'Charged' ) );
	await shot( first, 'gift-7-receipt' );

	const second = await atPayment( open, maria );
	await pay( second, code );
	await until( 'the rest', async () => ( await dues( second ) ).includes( '130' ) );
	await card( second );
	await next( second );
	await thanks( second );
	await holder.reload();
	await holder.fill( '[data-gift-code]', code );
	await holder.press( '[data-gift-code]', 'Enter' );
	await until( 'the empty card', async () => /0[.,]00/.test( await holder.locator( '[data-gift-amount]' ).innerText() ) );
	const sums = sql( "SELECT SUM(amount), SUM(kind = 'spend') FROM {gift_card_entries}" )[ 0 ];
	assert.deepEqual( sums.map( Number ), [ 0, 2 ] );
	assert.match( await tillside( 'giftcard', 'check' ), /add up/ );
	for ( const each of [ page, holder, first, second ] ) {
		assert.deepEqual( each.faults.filter( ( fault ) => ! /40[04]/.test( fault ) ), [] );
	}
} );
