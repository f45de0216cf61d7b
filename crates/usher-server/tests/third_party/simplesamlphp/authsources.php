<?php
// Who exists at this provider.

$config = [
    'users' => [
        'exampleauth:UserPass',
        'alice:secret' => [
            'uid' => ['alice'],
            'householdID' => ['hh-1'],
            'zip' => ['75001'],
            'authorized_resources' => ['acme-one', 'acme-two'],
            'MaxTVRating' => ['TV-14'],
        ],
    ],
];
