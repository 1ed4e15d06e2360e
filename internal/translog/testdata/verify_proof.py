"""Verifies the proof of an entry, the response of GET /v1/entries/{entry}/proof, with the standard library only.

Usage: verify_proof.py VERIFIER_KEY < proof.json. It exits with 1 unless the key has signed the checkpoint and the
checkpoint's tree contains the entry (RFC 6962, RFC 8032, C2SP tlog-checkpoint and signed-note)."""
import base64, hashlib, json, sys

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(a, b):  # of points of the curve, in affine coordinates
    t = D * a[0] * b[0] * a[1] * b[1] % P
    return ((a[0] * b[1] + b[0] * a[1]) * pow(1 + t, -1, P) % P,
            (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P) % P)


def multiply(n, point):
    sum = (0, 1)
    while n:
        sum, point, n = add(sum, point) if n & 1 else sum, add(point, point), n >> 1
    return sum


def decode(b):
    y = int.from_bytes(b, "little") & 2**255 - 1
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(x2, (P + 3) // 8, P)
    x = x if (x * x - x2) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - x2) % P == 0, "invalid point"
    return (P - x if x & 1 != b[31] >> 7 else x, y)


def signed(key, message, sig):
    k = int.from_bytes(hashlib.sha512(sig[:32] + key + message).digest(), "little") % L
    base = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    s = int.from_bytes(sig[32:], "little")
    return s < L and multiply(s, base) == add(decode(sig[:32]), multiply(k, decode(key)))


def root(n, size, leaf, path):
    if size == 1:
        assert not path, "the path is too long"
        return leaf
    half = 1 << (size - 1).bit_length() - 1
    if n < half:
        left, right = root(n, half, leaf, path[:-1]), path[-1]
    else:
        left, right = path[-1], root(n - half, size - half, leaf, path[:-1])
    return hashlib.sha256(b"\1" + left + right).digest()


proof, (name, key_id, key) = json.load(sys.stdin), sys.argv[1].split("+", 2)
text, lines = proof["checkpoint"].split("\n\n")
origin, size, want = text.split("\n")
key, sig = base64.b64decode(key), base64.b64decode(lines.split(" ")[2])
assert origin.startswith(name + "/") and sig[:4].hex() == key_id, "the checkpoint is of another log or key"
assert signed(key[1:], (text + "\n").encode(), sig[4:]), "the signature is wrong"
leaf = hashlib.sha256(b"\0" + base64.b64decode(proof["hash"])).digest()
got = root(proof["leaf_index"], int(size), leaf, [base64.b64decode(h) for h in proof["path"]])
assert 0 <= proof["leaf_index"] < int(size) and got == base64.b64decode(want), "the log does not contain the entry"
