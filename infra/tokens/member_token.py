"""Signs the token of a member. Usage: python3 member_token.py PROGRAM EXTERNAL_ID

The environment variable PERENNIAL_TOKEN_SECRET has the secret of a token key.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def member_token(secret: str, program: str, external_id: str) -> str:
    now = int(time.time())
    header = {"alg": "HS256", "typ": "JWT"}
    claims = {"aud": program, "sub": external_id, "iat": now, "exp": now + 600}
    text = encode(json.dumps(header).encode()) + "." + encode(json.dumps(claims).encode())
    return text + "." + encode(hmac.digest(secret.encode(), text.encode(), hashlib.sha256))


if __name__ == "__main__":
    print(member_token(os.environ["PERENNIAL_TOKEN_SECRET"], sys.argv[1], sys.argv[2]))
