// The order form on pages of every kind: reloaded, cached, with a thank-you elsewhere, for nothing, for a known buyer.
import assert from 'node:assert/strict';
import { accessible, browserTest, shot } from './lib/browser.mjs';
import { access, buy, card, details, logIn, next, step, thanks, whoYouAre } from './lib/order.mjs';
import { info, mailsTo, sql, until } from './lib/site.mjs';

function users( email ) {
	return sql( `SELECT ID FROM {{users}} WHERE user_email = '${ email }'` ).length;
}

browserTest( 'a reload in step 2 comes back to step 2 with what was typed', async ( open ) => {
	const page = await open( info.order_page_url );
	const buyer = await whoYouAre( page );
	await step( page, 2 );
	await page.selectOption( '.tillside-step [name=country]', 'AT' );
	await page.reload();
	await step( page, 2 );
	assert.equal( await page.inputValue( '.tillside-step [name=email]' ), buyer.email );
	await details( page );
	await card( page );
	await next( page );
	await thanks( page );
	assert.equal( sql( `SELECT COUNT(*) FROM {checkouts} k JOIN {contacts} c ON c.id = k.contact_id WHERE c.email = '${ buyer.email }'` )[ 0 ][ 0 ], '1' );
} );

browserTest( 'a thank-you page elsewhere on the site shows the order, with nothing secret in its address', async ( open ) => {
	const page = await open( 'about:blank' );
	const purchases = [];
	await page.exposeFunction( 'seePurchase', ( detail ) => purchases.push( detail ) );
	await page.addInitScript( () => document.addEventListener( 'tillside:purchase', ( event ) => globalThis.seePurchase( event.detail ) ) );
	await page.goto( `${ info.site_url }/order-bundle/` );
	const buyer = await buy( page );
	await page.waitForURL( ( url ) => '/thank-you/' === url.pathname );
	await thanks( page );
	await access( page );

	const url = new URL( page.url() );
	const [ number, offer ] = sql( `SELECT o.number, o.offer_id FROM {orders} o JOIN {contacts} c ON c.id = o.contact_id WHERE c.email = '${ buyer.email }'` )[ 0 ];
	assert.deepEqual( Object.fromEntries( url.searchParams ), { from: 'bundle', orderId: number, offerId: offer, price: '58.50' } );
	assert.equal( url.hash, '#top' );
	await until( 'tillside:purchase', () => purchases.length );
	await page.reload();
	await thanks( page );
	assert.deepEqual( purchases, [ { orderId: number, offerId: offer, price: '58.50', currency: 'EUR' } ] );
	await shot( page, 'thank-you-page' );
	await accessible( page );
} );

browserTest( 'a page that is an hour old, out of a full-page cache, sells', async ( open ) => {
	const url = `${ info.site_url }/order-cached/`;
	await fetch( url, { headers: { 'X-Demo-Age': '3700' } } );
	const cached = await fetch( url );
	assert.equal( cached.headers.get( 'x-page-cache' ), 'HIT' );
	const token = /data-token="[^.]+\.([^.]+)\./.exec( await cached.text() )[ 1 ];
	const { iat } = JSON.parse( Buffer.from( token, 'base64url' ) );
	assert.ok( iat <= Date.now() / 1000 - 3600, 'the form token is younger than an hour' );
	const page = await open( url );
	await buy( page );
	await thanks( page );
	await access( page );
} );

browserTest( 'someone who has an account is told to log in, and the account stays as it was', async ( open ) => {
	const first = await open( info.order_page_url );
	const buyer = await buy( first );
	await thanks( first );
	const { user, password } = await access( first );

	const second = await open( info.order_page_url );
	await buy( second, { email: buyer.email } );
	await thanks( second );
	await second.locator( '[data-access=existing]' ).waitFor( { state: 'visible', timeout: 30000 } );
	assert.equal( await second.locator( '[data-password]' ).innerText().catch( () => '' ), '' );
	await shot( second, 'thank-you-existing' );
	await accessible( second );
	assert.equal( users( buyer.email ), 1 );

	const elsewhere = await open( info.site_url );
	assert.ok( await logIn( elsewhere, info.site_url, user, password ), 'the password was changed' );
} );

browserTest( 'an order that costs nothing needs no card, shows nothing of an account, and the way in comes by mail', async ( open ) => {
	const page = await open( `${ info.site_url }/order-free/` );
	const buyer = await whoYouAre( page );
	await details( page );
	await step( page, 3 );
	await next( page );
	await thanks( page );
	await page.locator( '[data-access=none]' ).waitFor( { state: 'visible', timeout: 30000 } );
	await shot( page, 'thank-you-free' );
	await accessible( page );
	await until( 'a mail with a set-password link', () => mailsTo( buyer.email ).some( ( mail ) => /action=rp/.test( mail.text ) ) );
	assert.equal( users( buyer.email ), 1 );
} );
