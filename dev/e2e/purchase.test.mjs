// The main path: three steps, a test card, the way in.
import assert from 'node:assert/strict';
import { accessible, browserTest, fits, shot } from './lib/browser.mjs';
import { access, card, details, logIn, next, step, thanks, whoYouAre } from './lib/order.mjs';
import { info, mailsTo, sql, until } from './lib/site.mjs';

browserTest( 'a buyer orders in three steps, gets a user name and a password, and logs in to WordPress with them', async ( open ) => {
	const page = await open( info.order_page_url );
	await step( page, 1 );
	await shot( page, 'order-1-contact' );
	await accessible( page );
	await fits( page, 320 );

	const buyer = await whoYouAre( page );
	await step( page, 2 );
	await shot( page, 'order-2-details' );
	await accessible( page );
	await fits( page, 320 );

	await details( page );
	await card( page );
	await shot( page, 'order-3-payment' );
	await accessible( page );
	await fits( page, 320 );
	await next( page );

	await thanks( page );
	const { user, password } = await access( page );
	assert.equal( user, buyer.email );
	assert.ok( password.length >= 12, `the password is ${ password.length } characters long` );
	await shot( page, 'order-4-thank-you' );
	await accessible( page );
	await fits( page, 320 );
	assert.deepEqual( page.faults, [] );

	const elsewhere = await open( `${ info.site_url }/` );
	assert.ok( await logIn( elsewhere, info.site_url, user, password ), 'WordPress did not let the buyer in' );

	const orders = sql( `SELECT o.id FROM {orders} o JOIN {contacts} c ON c.id = o.contact_id WHERE c.email = '${ buyer.email }'` );
	assert.equal( orders.length, 1 );
	await until( 'the receipt and the welcome mail', () => mailsTo( buyer.email ).length >= 2 );
} );

browserTest( 'the button on the thank-you opens the start page and logs the buyer in', async ( open ) => {
	const page = await open( info.order_page_url );
	const buyer = await whoYouAre( page );
	await details( page );
	await card( page );
	await next( page );
	await thanks( page );
	await access( page );
	await page.click( '[data-start] button' );
	await page.waitForURL( `${ info.site_url }/start/` );
	const cookies = await page.context().cookies();
	assert.ok( cookies.some( ( cookie ) => cookie.name.startsWith( 'wordpress_logged_in_' ) ), 'the buyer is not logged in' );
	assert.match( await page.locator( 'body' ).getAttribute( 'class' ), /\blogged-in\b/, buyer.email );
} );
