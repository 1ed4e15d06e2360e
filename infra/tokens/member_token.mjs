// Signs the token of a member. Usage: node member_token.mjs PROGRAM EXTERNAL_ID
// The environment variable PERENNIAL_TOKEN_SECRET has the secret of a token key.
import { createHmac } from 'node:crypto';

const encode = value => Buffer.from(JSON.stringify(value)).toString('base64url');

export function memberToken(secret, program, externalId) {
  const now = Math.floor(Date.now() / 1000);
  const text = encode({ alg: 'HS256', typ: 'JWT' }) + '.' +
    encode({ aud: program, sub: externalId, iat: now, exp: now + 600 });
  return text + '.' + createHmac('sha256', secret).update(text).digest('base64url');
}

console.log(memberToken(process.env.PERENNIAL_TOKEN_SECRET, process.argv[2], process.argv[3]));
