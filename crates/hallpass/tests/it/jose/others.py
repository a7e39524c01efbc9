# Verifies our tokens with joserfc, and makes tokens of its own; input and output are JSON.

import json
import sys

from joserfc import errors, jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

job = json.load(sys.stdin)
secret = OctKey.import_key(job["secret"])
registry = jwt.JWTClaimsRegistry(
    now=job["now"],
    iss={"essential": True, "value": job["issuer"]},
    aud={"essential": True, "value": job["audience"]},
    exp={"essential": True},
    sub={"essential": True},
)


def verify(text, algorithm):
    key = secret if algorithm == "HS256" else KeySet.import_key_set(job["jwks"])
    token = jwt.decode(text, key, algorithms=[algorithm])
    registry.validate(token.claims)
    assert token.header["typ"] == "at+jwt", token.header
    return token.claims


def flipped(text):
    """Changes a character in the middle of the signature, where each has six bits that count."""
    at = text.rindex(".") + 10
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def is_refused(text, algorithm):
    try:
        verify(text, algorithm)
    except errors.JoseError:
        return True
    return False


verified = []
for token in job["tokens"]:
    verified.append(verify(token["text"], token["algorithm"]))
    assert is_refused(flipped(token["text"]), token["algorithm"]), "a changed signature passed"

pairs = {
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "theirs-ed", "use": "sig", "alg": "EdDSA"}),
    "ES256": ECKey.generate_key("P-256", {"kid": "theirs-ec", "use": "sig", "alg": "ES256"}),
    "RS256": RSAKey.generate_key(2048, {"kid": "theirs-rsa", "use": "sig", "alg": "RS256"}),
}
made = []
for algorithm, key in [*pairs.items(), ("HS256", secret)]:
    header = {"alg": algorithm, "typ": "at+jwt"}
    if algorithm != "HS256":
        header["kid"] = key.kid
    made.append({"algorithm": algorithm, "text": jwt.encode(header, job["claims"], key, algorithms=[algorithm])})
jwks = KeySet(list(pairs.values())).as_dict(private=False)
json.dump({"verified": verified, "made": made, "jwks": jwks}, sys.stdout)
