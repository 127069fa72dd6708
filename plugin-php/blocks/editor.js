/**
 * The blocks in the editor. What visitors see is rendered by PHP; the editor shows a placeholder, since a live form has
 * no place there.
 */
( function ( { blocks, blockEditor, components, element, i18n } ) {
	const el = element.createElement;
	const { __ } = i18n;
	const { InspectorControls, useBlockProps } = blockEditor;
	const { PanelBody, Placeholder, SelectControl, TextControl } = components;

	const text = ( props, name, label, help ) =>
		el( TextControl, {
			label,
			help,
			value: props.attributes[ name ],
			onChange: ( value ) => props.setAttributes( { [ name ]: value.trim() } ),
			__next40pxDefaultSize: true,
			__nextHasNoMarginBottom: true,
		} );

	const offer = ( props ) =>
		text( props, 'offer', __( 'Offer', 'tillside' ), __( 'The name of the offer in Tillside, such as my-course.', 'tillside' ) );

	blocks.registerBlockType( 'tillside/order-form', {
		edit( props ) {
			return el(
				'div',
				useBlockProps(),
				el(
					InspectorControls,
					null,
					el(
						PanelBody,
						{ title: __( 'Order form', 'tillside' ) },
						offer( props ),
						text( props, 'coupon', __( 'Coupon', 'tillside' ), __( 'Applied from the start. Leave empty for none.', 'tillside' ) ),
						el( SelectControl, {
							label: __( 'Layout', 'tillside' ),
							value: props.attributes.layout,
							options: [
								{ value: '', label: __( 'Two columns', 'tillside' ) },
								{ value: 'stacked', label: __( 'One column', 'tillside' ) },
							],
							onChange: ( layout ) => props.setAttributes( { layout } ),
							__next40pxDefaultSize: true,
							__nextHasNoMarginBottom: true,
						} )
					)
				),
				el(
					Placeholder,
					{
						icon: 'cart',
						label: __( 'Order form', 'tillside' ),
						instructions: __( 'Buyers see the form of this offer here.', 'tillside' ),
					},
					offer( props )
				)
			);
		},
		save: () => null,
	} );

	blocks.registerBlockType( 'tillside/coupon', {
		edit: ( props ) =>
			el(
				'div',
				useBlockProps(),
				el(
					Placeholder,
					{
						icon: 'tickets-alt',
						label: __( 'Coupon', 'tillside' ),
						instructions: __( 'Visitors see the coupon that they came with or own here, with its countdown. Without one they see nothing.', 'tillside' ),
					},
					text( props, 'offer', __( 'Offer', 'tillside' ), __( 'Where the button leads, such as my-course. Leave empty for the offer of the coupon.', 'tillside' ) )
				)
			),
		save: () => null,
	} );

	blocks.registerBlockType( 'tillside/gift-card', {
		edit: () =>
			el(
				'div',
				useBlockProps(),
				el( Placeholder, {
					icon: 'money-alt',
					label: __( 'Gift card', 'tillside' ),
					instructions: __( 'Whoever has a gift card sees its balance here, and prints it.', 'tillside' ),
				} )
			),
		save: () => null,
	} );

	blocks.registerBlockType( 'tillside/thank-you', {
		edit: () =>
			el(
				'div',
				useBlockProps(),
				el( Placeholder, {
					icon: 'yes-alt',
					label: __( 'Thank you', 'tillside' ),
					instructions: __( 'Buyers see their order and the way to what they bought here.', 'tillside' ),
				} )
			),
		save: () => null,
	} );
} )( window.wp );
