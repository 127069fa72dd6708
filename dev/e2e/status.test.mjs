// What an admin sees: the screen Tillside → Status, and Site Health.
import assert from 'node:assert/strict';
import { accessible, browserTest, fits, shot } from './lib/browser.mjs';
import { logIn } from './lib/order.mjs';
import { without } from './lib/servers.mjs';
import { info, until } from './lib/site.mjs';

const statusURL = `${ info.site_url }/wp-admin/admin.php?page=tillside`;
const part = '.tillside-status';

async function asAdmin( open, url = statusURL ) {
	const page = await open( 'about:blank' );
	assert.ok( await logIn( page, info.site_url, info.admin_user, info.admin_password ) );
	await page.goto( url );
	return page;
}

/** Enters keys and returns what the screen says to that. */
async function saveKeys( page, publishable, secret ) {
	await page.locator( 'summary', { hasText: 'Replace the keys' } ).click();
	await page.fill( '[name=publishable_key]', publishable );
	await page.fill( '[name=secret_key]', secret );
	await Promise.all( [ page.waitForEvent( 'load' ), page.getByRole( 'button', { name: 'Save keys' } ).click() ] );
	return page.locator( '.notice-error' ).innerText();
}

browserTest( 'the status screen says what works and what to look at, on a desktop and on a phone', async ( open ) => {
	const page = await asAdmin( open );
	await page.getByText( 'Connected', { exact: true } ).waitFor();
	await until( 'an answer for each way', async () => ( await page.locator( '[data-result]' ).allInnerTexts() ).every( ( text ) => /^(✓|– d)/.test( text ) ) );
	await page.locator( 'summary', { hasText: 'Replace the keys' } ).click();
	await shot( page, 'status' );
	await accessible( page, part );
	await fits( page, 320 );
	assert.doesNotMatch( await page.content(), /sk_test_sandbox/ );
	assert.equal( await page.locator( `${ part } .tillside-badge.is-error` ).count(), 0 );
} );

browserTest( 'keys that cannot be right are refused with a sentence, and so are keys where Tillside has its own', async ( open ) => {
	const page = await asAdmin( open );
	assert.match( await saveKeys( page, 'pk_live_1', 'sk_test_1' ), /One key is for test mode and the other for live mode/ );
	assert.match( await saveKeys( page, 'sk_test_1', 'pk_test_1' ), /A secret key begins with sk_/ );
	assert.match( await saveKeys( page, 'pk_test_other', 'sk_test_other' ), /set in Tillside's environment\. Change them there/ );
	await shot( page, 'status-keys-refused' );
	await accessible( page, part );
	assert.doesNotMatch( await page.content(), /sk_test_other/ );
} );

browserTest( 'without Tillside the screen says how to start it', async ( open ) => {
	const page = await asAdmin( open, 'about:blank' );
	await without( [ 'tillside' ], async () => {
		await page.goto( statusURL );
		await page.getByText( 'Tillside does not answer', { exact: true } ).waitFor();
		await page.getByText( 'sudo systemctl start tillside' ).waitFor();
		await shot( page, 'status-away' );
		await accessible( page, part );
		await fits( page, 320 );
	} );
	await page.reload();
	await page.getByText( 'Connected', { exact: true } ).waitFor();
} );

browserTest( 'Site Health tests the connection, the way in and the keys, and tells the facts', async ( open ) => {
	const page = await asAdmin( open, `${ info.site_url }/wp-admin/site-health.php` );
	for ( const label of [ 'Tillside answers', 'Browsers reach Tillside', 'Tillside\'s keys are in the database' ] ) {
		await page.locator( '.health-check-accordion-trigger', { hasText: label } ).first().waitFor( { state: 'attached', timeout: 60000 } );
	}
	await page.goto( `${ info.site_url }/wp-admin/site-health.php?tab=debug` );
	await page.getByRole( 'button', { name: 'Tillside', exact: true } ).click();
	await page.getByText( info.sidecar_url ).waitFor();
} );

browserTest( 'who may not manage the shop sees nothing of the screen', async ( open ) => {
	const page = await open( statusURL );
	await page.waitForURL( /wp-login\.php/ );
	assert.equal( ( await fetch( `${ info.site_url }/wp-admin/admin-post.php?action=tillside_fence`, { method: 'POST', body: 'decision=moved' } ) ).status, 400 );
} );
