// php74.mjs FILE…: fails when a PHP file needs more than PHP 7.4. The parser refuses most of what is newer; the rest of
// it (types, constructor promotion, readonly, attributes) it lets pass, and the walk over its tree finds it.
import { readFileSync } from 'node:fs';
import { Engine } from 'php-parser';

const newTypes = new Set( [ 'mixed', 'never', 'static', 'false', 'null', 'true' ] );

/** Yields what is too new in one node, without its children. */
function* newerSyntax( node, parent ) {
	if ( 'uniontype' === node.kind || 'intersectiontype' === node.kind ) {
		yield 'a union or intersection type';
	}
	if ( 'parameter' === node.kind && node.flags ) {
		yield 'constructor promotion';
	}
	if ( node.readonly || node.isReadonly ) {
		yield 'readonly';
	}
	if ( node.attrGroups?.length ) {
		yield 'an attribute';
	}
	for ( const type of [ node.type, 'property' === parent?.kind ? null : node.returnType ] ) {
		if ( type && 'object' === typeof type && newTypes.has( String( type.name ?? type.raw ?? '' ).toLowerCase() ) ) {
			yield `the type ${ type.name ?? type.raw }`;
		}
	}
}

function* walk( node, parent = null ) {
	for ( const what of newerSyntax( node, parent ) ) {
		yield { what, line: node.loc?.start.line ?? parent?.loc?.start.line };
	}
	for ( const [ key, value ] of Object.entries( node ) ) {
		if ( 'loc' === key || null === value || 'object' !== typeof value ) {
			continue;
		}
		for ( const child of Array.isArray( value ) ? value : [ value ] ) {
			if ( child && 'object' === typeof child ) {
				yield* walk( child, node );
			}
		}
	}
}

const engine = new Engine( { parser: { version: '7.4' }, ast: { withPositions: true } } );
let faults = 0;
for ( const file of process.argv.slice( 2 ) ) {
	try {
		for ( const { what, line } of walk( engine.parseCode( readFileSync( file, 'utf8' ), file ) ) ) {
			console.error( `${ file }:${ line }: ${ what } needs more than PHP 7.4` );
			faults++;
		}
	} catch ( error ) {
		console.error( `${ file }:${ error.lineNumber }: ${ error.message }` );
		faults++;
	}
}
process.exitCode = faults ? 1 : 0;
