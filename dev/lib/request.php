<?php
/** Gives WordPress, run by hand, the request that it expects: one for SITE_URL. */

$_SERVER['HTTP_HOST']       = preg_replace( '#^https?://#', '', (string) getenv( 'SITE_URL' ) );
$_SERVER['SERVER_NAME']     = strtok( $_SERVER['HTTP_HOST'], ':' );
$_SERVER['REQUEST_METHOD']  = 'GET';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
$_SERVER['REQUEST_URI']     = '/';
$_SERVER['REMOTE_ADDR']     = '127.0.0.1';
