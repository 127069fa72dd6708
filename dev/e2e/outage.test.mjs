// Bad days: Tillside, WordPress or the database are away for a while. The buyer reads a plain sentence, nothing is lost.
import assert from 'node:assert/strict';
import { accessible, browserTest, shot } from './lib/browser.mjs';
import { access, alertText, buy, card, details, next, step, thanks, whoYouAre } from './lib/order.mjs';
import { booked, checkoutOf, users } from './lib/pages.mjs';
import { without } from './lib/servers.mjs';
import { info, mailsTo, sandbox, sql, until } from './lib/site.mjs';

/** How long the site takes for a page, in milliseconds. */
async function timeOf( url ) {
	const start = performance.now();
	const answer = await fetch( url );
	await answer.text();
	assert.equal( answer.status, 200 );
	return performance.now() - start;
}

/** Makes WordPress ask for its forms again, as it does every five minutes. */
const forgetForms = () => sql( "DELETE FROM {{options}} WHERE option_name LIKE '%transient%tillside\\_fresh\\_%' OR option_name LIKE '%transient%tillside\\_breaker'" );

async function charges( email ) {
	const { intent } = checkoutOf( email );
	return ( await sandbox( 'state' ) ).charges.filter( ( charge ) => charge.payment_intent === intent && 'succeeded' === charge.status ).length;
}

browserTest( 'without Tillside pages stay fast and keep their forms, which say that ordering must wait; then the buyer goes on and pays', async ( open ) => {
	await timeOf( info.order_page_url );
	const begun = await open( info.order_page_url );
	const early = await whoYouAre( begun );
	await step( begun, 2 );

	const late = await without( [ 'tillside' ], async () => {
		forgetForms();
		for ( const path of [ '/order/', '/order/', '/order-bundle/', '/' ] ) {
			const time = await timeOf( info.site_url + path );
			assert.ok( time < 2000, `${ path } took ${ Math.round( time ) } ms` );
		}
		const page = await open( info.order_page_url );
		assert.match( await alertText( page ), /cannot be reached right now\. Nothing was charged/ );
		await page.locator( '[data-alert] button', { hasText: 'Try again' } ).waitFor();
		await step( page, 1 );
		await shot( page, 'outage-tillside' );
		await accessible( page );
		await details( begun );
		assert.match( await alertText( begun ), /cannot be reached right now/ );
		return page;
	} );

	await next( begun );
	await card( begun );
	await next( begun );
	await thanks( begun );
	assert.deepEqual( booked( early.email ), { orders: 1, payments: 1 } );

	await late.locator( '[data-alert] button' ).click();
	await late.locator( '[data-alert] button' ).waitFor( { state: 'detached' } );
	const buyer = await buy( late );
	await thanks( late );
	assert.deepEqual( booked( buyer.email ), { orders: 1, payments: 1 } );
} );

browserTest( 'a page whose form was never shown before says that it cannot be shown, and no cache keeps that', async ( open ) => {
	await without( [ 'tillside' ], async () => {
		forgetForms();
		sql( "DELETE FROM {{options}} WHERE option_name LIKE 'tillside\\_copy\\_%'" );
		const page = await open( info.order_page_url );
		await page.getByText( 'The order form cannot be shown right now. Please reload this page in a few minutes.' ).waitFor();
		assert.ok( ! ( await page.content() ).includes( 'Tillside does not answer' ), 'a visitor reads the cause' );
	} );
	forgetForms();
	const page = await open( info.order_page_url );
	await step( page, 1 );
} );

browserTest( 'Tillside goes away during the payment: the page finds out how it ended, and nobody is charged twice', async ( open ) => {
	const page = await open( info.order_page_url );
	const buyer = await whoYouAre( page );
	await details( page );
	await card( page );
	await without( [ 'tillside' ], async () => {
		await next( page );
		await page.locator( '[data-paying]', { hasText: 'The connection was lost' } ).waitFor();
		await shot( page, 'outage-paying' );
	} );
	await thanks( page );
	assert.deepEqual( booked( buyer.email ), { orders: 1, payments: 1 } );
	assert.equal( await charges( buyer.email ), 1 );
} );

browserTest( 'without WordPress a payment becomes an order all the same; account and mails follow when it is back', async ( open ) => {
	const page = await open( info.order_page_url );
	const buyer = await whoYouAre( page );
	await details( page );
	await card( page );
	await without( [ 'php' ], async () => {
		await next( page );
		await thanks( page );
		assert.deepEqual( booked( buyer.email ), { orders: 1, payments: 1 } );
		await page.locator( '[data-access=pending], [data-access=mail]' ).filter( { visible: true } ).waitFor();
		await shot( page, 'outage-wordpress' );
		await accessible( page );
		assert.equal( mailsTo( buyer.email ).length, 0 );
	} );
	await until( 'receipt and welcome', () => mailsTo( buyer.email ).length >= 2, 60 );
	assert.equal( users( buyer.email ), 1 );
} );

browserTest( 'the database goes away between two steps and during the payment: a plain sentence, then success', async ( open ) => {
	const page = await open( info.order_page_url );
	const buyer = await whoYouAre( page );
	await step( page, 2 );
	await without( [ 'mariadb' ], async () => {
		await details( page );
		const said = await alertText( page );
		assert.doesNotMatch( said, /sql|mysql|mariadb|connection refused|socket/i );
		await shot( page, 'outage-database' );
	} );
	await next( page );
	await card( page );
	await without( [ 'mariadb' ], async () => {
		await next( page );
		await until( 'a sentence', async () => ( await page.locator( '[data-alert]' ).innerText() ).trim() || /lost/.test( await page.locator( '[data-paying]' ).innerText() ) );
		await shot( page, 'outage-database-paying' );
	} );
	if ( ( await page.locator( '[data-alert]' ).innerText() ).trim() ) {
		await next( page );
	}
	await thanks( page );
	await access( page );
	assert.deepEqual( booked( buyer.email ), { orders: 1, payments: 1 } );
	assert.equal( await charges( buyer.email ), 1 );
	await until( 'receipt and welcome', () => mailsTo( buyer.email ).length >= 2 );
} );
