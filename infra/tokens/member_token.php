<?php
// Signs the token of a member. Usage: php member_token.php PROGRAM EXTERNAL_ID
// The environment variable PERENNIAL_TOKEN_SECRET has the secret of a token key.

function encode(string $data): string
{
    return rtrim(strtr(base64_encode($data), '+/', '-_'), '=');
}

function member_token(string $secret, string $program, string $externalId): string
{
    $now = time();
    $text = encode(json_encode(['alg' => 'HS256', 'typ' => 'JWT'])) . '.' .
        encode(json_encode(['aud' => $program, 'sub' => $externalId, 'iat' => $now, 'exp' => $now + 600]));
    return $text . '.' . encode(hash_hmac('sha256', $text, $secret, true));
}

echo member_token(getenv('PERENNIAL_TOKEN_SECRET'), $argv[1], $argv[2]), "\n";
