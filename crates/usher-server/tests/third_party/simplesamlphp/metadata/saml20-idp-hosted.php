<?php
// The provider. It takes only requests that usher signed.

$metadata[getenv('PEER_ENTITY_ID')] = [
    'host' => '__DEFAULT__',
    'privatekey' => 'key.pem',
    'certificate' => 'certificate.pem',
    'auth' => 'users',
    'signature.algorithm' => getenv('PEER_ALGORITHM'),
    'saml20.sign.assertion' => true,
    'saml20.sign.response' => true,
    'sign.logout' => true,
    'validate.authnrequest' => true,
    'validate.logout' => true,
    'authproc' => [
        40 => ['class' => 'saml:PersistentNameID', 'attribute' => 'uid'],
    ],
];
