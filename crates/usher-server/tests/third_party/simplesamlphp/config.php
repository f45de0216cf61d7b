<?php
// SimpleSAMLphp as a TV provider of the tests: the packaged configuration with what differs here.
// Everything that changes from run to run comes in variables of the environment.

$packaged = getenv('PEER_PACKAGE') . '/etc/simplesamlphp/';
// The package's file ends by reading secrets that only an installed package has.
eval('?>' . preg_replace('/^require_once.*$/m', '', file_get_contents($packaged . 'config.php')));

$directory = getenv('PEER_DIRECTORY') . '/';
$config = array_merge($config, [
    'baseurlpath' => getenv('PEER_ORIGIN') . '/',
    'certdir' => $directory,
    'loggingdir' => $directory,
    'datadir' => $directory,
    'tempdir' => $directory,
    'metadatadir' => __DIR__ . '/metadata/',
    'attributenamemapdir' => $packaged . 'attributemap/',
    'secretsalt' => 'tests keep no secrets',
    'auth.adminpassword' => 'tests keep no secrets',
    'logging.handler' => 'file',
    'enable.saml20-idp' => true,
    'session.cookie.secure' => false,
    'session.cookie.samesite' => null,
    'session.phpsession.savepath' => $directory,
    'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
    'store.type' => 'phpsession',
]);
