<?php
return array(
	'project-id-version' => 'Tillside',
	'language' => 'de_DE',
	'plural-forms' => 'nplurals=2; plural=(n != 1);',
	'x-domain' => 'tillside',
	'messages' => array(
		'Order forms that sell on your own pages. Works together with Tillside, the checkout service that runs on your own server.' => 'Bestellformulare, die auf Ihren eigenen Seiten verkaufen. Arbeitet mit Tillside zusammen, dem Bezahldienst, der auf Ihrem eigenen Server läuft.',
	),
);
