<?php
// usher, as its metadata describe it, under the name of one brand.

$metadata[getenv('SP_ENTITY_ID')] = [
    'AssertionConsumerService' => getenv('SP_CONSUMER'),
    'SingleLogoutService' => [[
        'Binding' => 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
        'Location' => getenv('SP_LOGOUT'),
        'ResponseLocation' => getenv('SP_LOGOUT_RESPONSE'),
    ]],
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    'certData' => getenv('SP_CERTIFICATE'),
    'assertion.encryption' => getenv('PEER_ENCRYPTS') === 'yes',
];
