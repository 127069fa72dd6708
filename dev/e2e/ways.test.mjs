// The three ways by which a browser reaches Tillside: the web server, the relay, WordPress's REST API.
import assert from 'node:assert/strict';
import { accessible, browserTest, shot } from './lib/browser.mjs';
import { access, buy, logIn, thanks } from './lib/order.mjs';
import { booked } from './lib/pages.mjs';
import { servers } from './lib/servers.mjs';
import { info, mailsTo, until } from './lib/site.mjs';

const statusURL = `${ info.site_url }/wp-admin/admin.php?page=tillside`;

const ask = () => fetch( `${ info.site_url }/tillside/v1/ping` );

/** What answers where Tillside should; a connection that the reloaded web server has closed is no answer. */
const ping = () => ask().catch( ask );

/** Whether the web server hands /tillside/ to Tillside, as the administrator of that server decides. */
async function proxy( state ) {
	await servers( 'proxy', state );
	await until( `a web server with its proxy ${ state }`, async () => {
		const answer = await ping();
		return ( ( await answer.text() ).startsWith( '{' ) && ! answer.headers.get( 'x-tillside-way' ) ) === ( 'on' === state );
	} );
}

/** The status screen, opened by an admin; its script has tried all ways in this browser. */
async function statusScreen( open ) {
	const page = await open( 'about:blank' );
	assert.ok( await logIn( page, info.site_url, info.admin_user, info.admin_password ) );
	await page.goto( statusURL );
	await tried( page );
	return page;
}

const tried = ( page ) => until( 'an answer for each way', async () => ( await page.locator( '[data-result]' ).allInnerTexts() ).every( ( text ) => /^(✓|– d)/.test( text ) ) );

/** Sends a form of the status screen. */
async function press( page, button ) {
	await Promise.all( [ page.waitForEvent( 'load' ), page.getByRole( 'button', { name: button } ).click() ] );
	await tried( page );
}

/** A purchase; all of the form's requests went to this base. */
async function purchase( open, base ) {
	const page = await open( 'about:blank' );
	const seen = new Set();
	page.on( 'request', ( request ) => {
		const [ base, rest ] = request.url().split( '/v1/checkouts' );
		if ( undefined !== rest ) {
			seen.add( base.slice( info.site_url.length ) );
		}
	} );
	await page.goto( info.order_page_url );
	const buyer = await buy( page );
	await thanks( page );
	const { user, password } = await access( page );
	assert.equal( user, buyer.email );
	assert.ok( password.length >= 12 );
	assert.deepEqual( [ ...seen ], [ base ] );
	assert.deepEqual( booked( buyer.email ), { orders: 1, payments: 1 } );
	await until( 'the receipt', () => mailsTo( buyer.email ).length );
}

/** Lets the pages use the web server again, as all other tests expect. */
async function restore( page ) {
	await proxy( 'on' );
	await press( page, 'Probe again' );
}

browserTest( 'through the web server', async ( open ) => {
	await proxy( 'on' );
	const page = await statusScreen( open );
	await press( page, 'Probe again' );
	assert.match( await page.locator( '.notice-success' ).innerText(), /Web server/ );
	await purchase( open, '/tillside' );
} );

browserTest( 'through WordPress’s REST API, where the web server cannot be told anything', async ( open ) => {
	await proxy( 'off' );
	const page = await statusScreen( open );
	await press( page, 'Probe again' );
	assert.match( await page.locator( '.notice-success' ).innerText(), /REST API/ );
	await shot( page, 'status-rest' );
	await accessible( page, '.tillside-status' );
	try {
		await purchase( open, '/wp-json/tillside/v1/proxy' );
	} finally {
		await restore( page );
	}
} );

browserTest( 'through the relay, once an admin has agreed to it', async ( open ) => {
	await proxy( 'off' );
	const page = await statusScreen( open );
	await press( page, 'Probe again' );
	await page.locator( 'summary', { hasText: 'Install the relay' } ).click();
	await page.getByRole( 'checkbox', { name: /Yes, write the file/ } ).check();
	await press( page, 'Install the relay' );
	try {
		assert.match( await page.locator( '.notice-success' ).innerText(), /relay is installed/ );
		await shot( page, 'status-relay' );
		await accessible( page, '.tillside-status' );
		await purchase( open, '/tillside' );
		const answer = await ping();
		assert.equal( answer.headers.get( 'x-tillside-way' ), 'relay' );
		await press( page, 'Remove the relay' );
		assert.equal( ( await ping() ).status, 404 );
	} finally {
		await restore( page );
	}
} );
