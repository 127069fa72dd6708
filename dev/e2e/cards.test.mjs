// What a bank may answer: a decline, and 3-D Secure passed and failed. One charge each time.
import assert from 'node:assert/strict';
import { accessible, browserTest, shot } from './lib/browser.mjs';
import { access, alertText, buy, card, cards, next, secureDialog, step, thanks } from './lib/order.mjs';
import { info, sql } from './lib/site.mjs';

function paid( email ) {
	const rows = sql( `SELECT COUNT(DISTINCT o.id), COUNT(p.id) FROM {contacts} c LEFT JOIN {orders} o ON o.contact_id = c.id LEFT JOIN {payments} p ON p.order_id = o.id WHERE c.email = '${ email }'` );
	return { orders: Number( rows[ 0 ][ 0 ] ), payments: Number( rows[ 0 ][ 1 ] ) };
}

browserTest( 'after a decline the buyer reads why and pays with another card', async ( open ) => {
	const page = await open( info.order_page_url );
	const buyer = await buy( page, { number: cards.declined } );
	assert.match( await alertText( page ), /declined/i );
	await shot( page, 'declined' );
	await accessible( page );
	assert.deepEqual( paid( buyer.email ), { orders: 0, payments: 0 } );

	await card( page, cards.good );
	await next( page );
	await thanks( page );
	assert.deepEqual( paid( buyer.email ), { orders: 1, payments: 1 } );
} );

browserTest( 'a card that needs 3-D Secure is charged once the buyer completes it', async ( open ) => {
	const page = await open( info.order_page_url );
	const buyer = await buy( page, { number: cards.secure } );
	await secureDialog( page, 'Complete' );
	await thanks( page );
	await access( page );
	assert.deepEqual( paid( buyer.email ), { orders: 1, payments: 1 } );
} );

browserTest( 'a buyer who fails 3-D Secure is told so, is not charged, and can pay with another card', async ( open ) => {
	const page = await open( info.order_page_url );
	const buyer = await buy( page, { number: cards.secure } );
	await secureDialog( page, 'Fail' );
	assert.ok( await alertText( page ) );
	await step( page, 3 );
	assert.deepEqual( paid( buyer.email ), { orders: 0, payments: 0 } );

	await card( page, cards.good );
	await next( page );
	await thanks( page );
	assert.deepEqual( paid( buyer.email ), { orders: 1, payments: 1 } );
} );
