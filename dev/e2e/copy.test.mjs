// A copy of the site, as hosts make them for staging: nothing leaves it until an admin says what it is.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { accessible, browserTest, shot } from './lib/browser.mjs';
import { access, buy, card, details, logIn, next, step, thanks, whoYouAre } from './lib/order.mjs';
import { booked } from './lib/pages.mjs';
import { dropCopy, makeCopy, servers, startCopy } from './lib/servers.mjs';
import { info, sandbox, sql, until } from './lib/site.mjs';

const port = Number( new URL( info.site_url ).port ) + 10;

const inCopy = ( query ) => sql( query, 'wordpress_copy' );
const mailsIn = ( folder ) => ( existsSync( join( folder, 'mail' ) ) ? readdirSync( join( folder, 'mail' ) ).length : 0 );
const requestsToOriginal = () => readFileSync( join( info.log_dir, 'access.log' ), 'utf8' ).split( '\n' ).length;

after( async () => {
	await dropCopy();
	await servers( 'start', 'tillside' );
} );

/** A copy with everything that would make it act: an unpaid checkout with an intent, and jobs that are due. */
async function copyWithWork( open ) {
	const page = await open( info.order_page_url );
	await buy( page, { number: '4000000000000002' } );
	await page.locator( '[data-alert]:not(:empty)' ).waitFor();
	await servers( 'stop', 'tillside' );
	const copy = await makeCopy( port );
	inCopy( `INSERT INTO {jobs} (kind, payload, priority, run_at, state, created_at)
		SELECT 'mail.receipt', CONCAT('{"order_id":', MAX(id), '}'), 0, UTC_TIMESTAMP(6), 'ready', UTC_TIMESTAMP(6) FROM {orders}` );
	inCopy( 'UPDATE {schedules} SET next_run_at = UTC_TIMESTAMP(6)' );
	return copy;
}

async function statusScreen( page, url ) {
	await page.goto( `${ url }/wp-admin/admin.php?page=tillside` );
}

browserTest( 'a copy charges nobody and mails nobody; the admin is asked, and a copy starts anew with keys of its own', async ( open ) => {
	const first = await open( info.order_page_url );
	const { email } = await buy( first );
	await thanks( first );
	await access( first );
	const copy = await copyWithWork( open );
	const before = await sandbox( 'state' );
	const seen = requestsToOriginal();
	await startCopy( 'sandbox' );

	// Nothing leaves it, although the payment keys came along and work is due.
	const page = await open( `${ copy.url }/order/` );
	await page.getByText( 'Paying is not possible at the moment' ).waitFor();
	await shot( page, 'copy-order-page' );
	await accessible( page );
	await until( 'the greeting of the copy’s own WordPress', () => inCopy( `SELECT 1 FROM {{options}} WHERE option_name = 'tillside_sidecar' AND option_value LIKE '%:${ port + 1 }%'` ).length );
	const admin = await open( 'about:blank' );
	assert.ok( await logIn( admin, copy.url, info.admin_user, info.admin_password ) );
	await statusScreen( admin, copy.url );
	await admin.getByText( 'This site was copied or moved' ).waitFor();
	await shot( admin, 'copy-status' );
	await accessible( admin, '.tillside-status' );
	const meanwhile = await sandbox( 'state' );
	assert.deepEqual( meanwhile.calls, before.calls );
	assert.equal( mailsIn( copy.folder ), 0 );
	assert.equal( requestsToOriginal(), seen );
	assert.equal( inCopy( "SELECT 1 FROM {jobs} WHERE kind = 'mail.receipt' AND attempts = 0" ).length, 1 );

	// Started with keys of its own, as a copy should be, and told what it is.
	await startCopy( 'copy' );
	await statusScreen( admin, copy.url );
	await admin.getByRole( 'button', { name: /It is a copy/ } ).click();
	await admin.getByText( 'This is a copy. It starts anew' ).waitFor();
	assert.equal( inCopy( "SELECT 1 FROM {jobs} WHERE kind = 'mail.receipt'" ).length, 0 );
	await shot( admin, 'copy-status-decided' );

	await page.reload();
	const buyer = await whoYouAre( page );
	await details( page );
	await step( page, 3 );
	await card( page );
	await next( page );
	await thanks( page );
	await access( page );
	await until( 'receipt and welcome', () => mailsIn( copy.folder ) >= 2 );
	assert.equal( inCopy( `SELECT 1 FROM {contacts} WHERE email = '${ buyer.email }'` ).length, 1 );

	const now = await sandbox( 'state' );
	assert.equal( now.accounts.sandbox.calls, before.accounts.sandbox.calls );
	assert.ok( now.accounts.copy.calls > 0 );
	assert.equal( requestsToOriginal(), seen );
	assert.deepEqual( booked( email ), { orders: 1, payments: 1 } );
	assert.deepEqual( booked( buyer.email ), { orders: 0, payments: 0 } );
} );
