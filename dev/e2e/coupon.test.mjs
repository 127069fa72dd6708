// Coupons on the form, and the story of the person who left the checkout and came back by a link of their own.
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { before } from 'node:test';
import { accessible, browserTest, fits, shot } from './lib/browser.mjs';
import { buy, card, details, next, step, thanks, whoYouAre } from './lib/order.mjs';
import { tillside } from './lib/servers.mjs';
import { freshEmail, info, sql, until } from './lib/site.mjs';

before( () => tillside( 'import', resolve( 'dev/e2e/catalog.yaml' ) ) );

const slug = () => `c-${ Date.now().toString( 36 ) }-${ Math.floor( Math.random() * 1e6 ).toString( 36 ) }`;
const total = ( page ) => page.locator( '[data-rows] [data-row=total] dd' ).innerText();
const offerOf = async ( page ) => page.locator( '[data-offer]' ).first().getAttribute( 'data-offer' );
const applied = ( page, code ) => page.locator( '[data-code-list] li', { hasText: code } ).waitFor();

/** Makes a coupon for everybody; returns its code. */
async function shared( ...flags ) {
	const name = slug();
	await tillside( 'coupon', 'create', name, name.toUpperCase(), ...flags );
	return name.toUpperCase();
}

browserTest( 'a buyer enters a coupon before and after the first step, removes it, and pays the lower total', async ( open ) => {
	const code = await shared( '--percent', '20', '--name', 'Spring sale' );
	const page = await open( info.order_page_url );
	await step( page, 1 );
	const full = await total( page );
	await page.click( '[data-code-open]' );
	await page.fill( '[data-code]', 'NOSUCHCODE' );
	await page.press( '[data-code]', 'Enter' );
	await until( 'the refusal', async () => ( await page.locator( '[data-code-error]' ).innerText() ).includes( 'cannot be used' ) );
	assert.equal( await page.locator( '.tillside-step[data-step="1"]' ).isVisible(), true, 'Enter in the code field submitted the step' );
	await page.fill( '[data-code]', code.toLowerCase() );
	await page.click( '[data-code-apply]' );
	await applied( page, code );
	assert.notEqual( await total( page ), full );
	await until( 'the announcement', async () => ( await page.locator( '[data-live]' ).textContent() ).includes( code ) );
	await shot( page, 'coupon-1-applied' );
	await accessible( page );
	await fits( page, 320 );

	await whoYouAre( page );
	await step( page, 2 );
	await applied( page, code );
	await page.click( `[data-code-list] button[aria-label*="${ code }"]` );
	await until( 'the full total', async () => ( await total( page ) ) === full );
	await page.click( '[data-code-open]' );
	await page.fill( '[data-code]', code );
	await page.click( '[data-code-apply]' );
	await applied( page, code );
	await details( page );
	await card( page );
	const lower = await total( page );
	assert.ok( ( await page.locator( '[data-pay-label]' ).innerText() ).includes( lower ), 'the pay button has another total' );
	await next( page );
	await thanks( page );
	assert.ok( ( await page.locator( '[data-done]' ).innerText() ).includes( lower ) );
	assert.deepEqual( page.faults.filter( ( fault ) => ! fault.includes( '400' ) ), [] );
} );

browserTest( 'who left the checkout gets a code of their own by the CRM, and buys with it, once', async ( open ) => {
	const template = slug();
	const page = await open( info.order_page_url );
	await step( page, 1 );
	const full = await total( page );
	const offer = await offerOf( page );
	await tillside( 'coupon', 'create', template, '--template', '--percent', '20', '--name', 'Come back' );
	await tillside( 'operation', 'create', template, '--coupon', template, '--prefix', 'BACK', '--lifetime', '47h', '--code-field', 'coupon', '--expires-field', 'coupon_until', '--link-field', 'coupon_link', '--link-offer', offer );
	const hook = JSON.parse( await tillside( '--json', 'operation', 'hook', template ) );

	const buyer = await whoYouAre( page );
	await step( page, 2 );
	await page.context().close(); // The buyer leaves.

	const [ [ contact ] ] = sql( `SELECT public_id FROM {contacts} WHERE email = '${ buyer.email }'` );
	const answer = await fetch( hook.url, { method: 'POST', body: new URLSearchParams( { contactId: contact } ) } );
	const text = await answer.text();
	assert.equal( answer.status, 200, `${ hook.url }: ${ text }` );
	// The call is answered at once, and done by a job.
	let stored = [];
	await until( 'the code in the contact\'s fields', () => {
		stored = sql( `SELECT field, value FROM {contact_fields} f JOIN {contacts} c ON c.id = f.contact_id WHERE c.email = '${ buyer.email }' ORDER BY field` );
		return stored.length === 3;
	} );
	assert.deepEqual( stored.map( ( [ field ] ) => field ), [ 'coupon', 'coupon_link', 'coupon_until' ] );
	const { coupon: code, coupon_link: link } = Object.fromEntries( stored );
	assert.match( code, /^BACK-/ );

	// The page that shows the offer is known from its first rendering.
	assert.ok( link.includes( '#coupon-BACK-' ), link );
	const back = await open( `${ info.order_page_url }?utm_source=mail#coupon-${ code }` );
	await until( 'the note that it is for one person', async () => ( await back.locator( '[data-code-notes]' ).innerText() ).includes( 'one person' ) );
	assert.equal( new URL( back.url() ).hash, '', 'the code is still in the address' );
	assert.equal( new URL( back.url() ).search, '?utm_source=mail', 'other parameters were lost' );
	await back.reload();
	await whoYouAre( back, buyer );
	await applied( back, code );
	await step( back, 2 );
	assert.notEqual( await total( back ), full );
	const timer = back.locator( '[data-code-list] [role=timer]' );
	assert.match( await timer.innerText(), /46:\d\d:\d\d/ );
	await shot( back, 'coupon-2-countdown' );
	await accessible( back );
	await fits( back, 320 );
	await back.reload();
	await applied( back, code );
	await details( back );
	await card( back );
	await next( back );
	await thanks( back );

	const again = await open( `${ info.order_page_url }#coupon-${ code }` );
	await until( 'the plain words', async () => ( await again.locator( '[data-code-notes]' ).innerText() ).trim() );
	assert.equal( await total( again ), full );
	await whoYouAre( again, buyer );
	await step( again, 2 );
	await until( 'that it was used', async () => ( await again.locator( '[data-code-notes]' ).innerText() ).includes( 'used already' ) );
	assert.equal( await total( again ), full );
	await shot( again, 'coupon-3-used' );
	await details( again );
	await card( again );
	await next( again );
	await thanks( again );
	assert.equal( sql( `SELECT COUNT(*) FROM {redemptions} r JOIN {coupons} c ON c.id = r.coupon_id WHERE c.slug = '${ template }' AND r.state = 'committed'` )[ 0 ][ 0 ], '1' );
} );

browserTest( 'a link that is bound to an address fills the form in, and says so when it has ended', async ( open ) => {
	const code = await shared( '--percent', '50', '--first-purchase' );
	const email = freshEmail( 'bound' );
	const probe = await open( info.order_page_url );
	const offer = await offerOf( probe );
	const made = JSON.parse( await tillside( '--json', 'coupon', 'link', '--offer', offer, '--code', code, '--email', email, '--lifetime', '7d' ) );
	const token = made.url.split( '#tl-' )[ 1 ];
	const page = await open( `${ info.order_page_url }?tillside_link=${ token }` );
	await applied( page, code );
	assert.equal( await page.inputValue( '.tillside-step [name=email]' ), email );
	assert.ok( ! page.url().includes( token ), 'the token is still in the address' );
	await buy( page, { email } );
	await thanks( page );
	assert.equal( sql( `SELECT COUNT(*) FROM {redemptions} r JOIN {contacts} c ON c.id = r.contact_id WHERE c.email = '${ email }' AND r.state = 'committed'` )[ 0 ][ 0 ], '1' );

	await tillside( 'coupon', 'link', 'revoke', String( made.id ) );
	const late = await open( `${ info.order_page_url }#tl-${ token }` );
	await until( 'the plain words', async () => ( await late.locator( '[data-code-notes]' ).innerText() ).includes( 'cannot be used any more' ) );
	await late.locator( '.tillside-step[data-step="1"]' ).waitFor();
} );

browserTest( 'a coupon that ends while the form is open is taken off, by the server\'s clock', async ( open ) => {
	const code = await shared( '--percent', '20' );
	sql( `UPDATE {coupon_codes} SET expires_at = UTC_TIMESTAMP(6) + INTERVAL 6 SECOND WHERE code = '${ code }'` );
	const page = await open( `${ info.order_page_url }?coupon=${ code }` );
	await applied( page, code );
	const lower = await total( page );
	await until( 'the end', async () => ( await page.locator( '[data-code-list] li' ).count() ) === 0 );
	assert.notEqual( await total( page ), lower );
} );

browserTest( 'a coupon leads to another offer', async ( open ) => {
	const code = await shared( '--switch', 'e2e-switch' );
	const page = await open( info.order_page_url );
	await step( page, 1 );
	await page.click( '[data-code-open]' );
	await page.fill( '[data-code]', code );
	await page.click( '[data-code-apply]' );
	await until( 'the other offer', async () => ( await page.locator( '[data-offer-name]' ).innerText() ).includes( 'The whole retreat' ) );
	await shot( page, 'coupon-4-switched' );
} );

browserTest( 'an offer without a page of its own is sold in the theme, and links lead there', async ( open ) => {
	const code = await shared( '--percent', '10' );
	const made = JSON.parse( await tillside( '--json', 'coupon', 'link', '--offer', 'e2e-switch', '--code', code ) );
	assert.equal( made.url, `${ info.site_url }/buy/e2e-switch#coupon-${ code }` );
	const page = await open( made.url );
	await applied( page, code );
	assert.equal( await page.locator( 'h1' ).first().innerText(), 'The whole retreat' );
	await shot( page, 'coupon-5-buy-page' );
	await accessible( page );
	await buy( page );
	await thanks( page );
	const missing = await open( `${ info.site_url }/buy/no-such-offer` );
	assert.match( await missing.locator( 'body' ).getAttribute( 'class' ), /\berror404\b/ );
} );

browserTest( 'links lead to the page that shows the offer, once somebody has opened it', async ( open ) => {
	const code = await shared( '--percent', '10' );
	const page = await open( info.order_page_url );
	const offer = await offerOf( page );
	await until( 'Tillside to know the page', async () => {
		const made = JSON.parse( await tillside( '--json', 'coupon', 'link', '--offer', offer, '--code', code ) );
		return made.url === `${ info.order_page_url }#coupon-${ code }`;
	}, 25 );
} );

browserTest( 'an offer whose places are all taken has a wait list', async ( open ) => {
	const first = await open( `${ info.site_url }/buy/e2e-seats` );
	await buy( first );
	await thanks( first );
	const late = await open( `${ info.site_url }/buy/e2e-seats` );
	await late.locator( '[data-wait]' ).waitFor();
	await shot( late, 'coupon-6-full' );
	await accessible( late );
	await fits( late, 320 );
	const email = freshEmail( 'late' );
	await late.fill( '[data-wait] input', email );
	await late.press( '[data-wait] input', 'Enter' );
	await until( 'the thanks', async () => ( await late.locator( '[data-panel-text]' ).innerText() ).startsWith( 'Thank you' ) );
	assert.equal( sql( `SELECT COUNT(*) FROM {wait_list} w JOIN {contacts} c ON c.id = w.contact_id WHERE c.email = '${ email }'` )[ 0 ][ 0 ], '1' );
} );
