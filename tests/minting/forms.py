"""Tokens wrong in one way each, or unusual and right: headers, algorithms, compact forms and signatures."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from functools import cache
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.minting.certificates import P256_ORDER, good_chain, key
from tests.minting.payloads import payloads
from tests.minting.tokens import APP_ID, Case, base64url, claims, header, raw_signature, signed, x5c

Verdicts = dict[str, tuple[str | None, str]]


@cache
def token_cases() -> tuple[Case, ...]:
    """Return a case for everything that can be wrong, or unusual and right, with a token under good certificates."""
    root = good_chain()[2]
    made: Verdicts = {
        **_headers(),
        **_algorithms(),
        **_shared_secrets(),
        **_compact_forms(),
        **_signatures(),
        **payloads(),
    }
    return tuple(Case(name, code, token, (root,)) for name, (code, token) in made.items())


def _headers() -> Verdicts:
    plain = json.dumps(header())
    return {
        "header with typ, kid and cty": (None, signed(header(typ="JWT", kid="1", cty="x"))),
        "header with a jwk, jku and x5u of its own": (
            None,
            signed(header(jwk=_jwk("stranger"), jku="https://x", x5u="y")),
        ),
        "jwk signs instead of the leaf": (
            "signature_invalid",
            signed(header(jwk=_jwk("stranger")), signing_key=key("stranger")),
        ),
        "crit": ("critical_header", signed(header(crit=["exp"], exp=1))),
        "crit empty": ("critical_header", signed(header(crit=[]))),
        "crit null": ("critical_header", signed(header(crit=None))),
        "crit with b64 false": ("critical_header", signed(header(crit=["b64"], b64=False))),
        "crit of a field that is not there": ("critical_header", signed(header(crit=["exp"]))),
        "crit is a string": ("critical_header", signed(header(crit="exp"))),
        "crit names alg and x5c": ("critical_header", signed(header(crit=["alg", "x5c"]))),
        "CRIT in capitals": (None, signed(header(CRIT=["exp"]))),
        "b64 true": ("critical_header", signed(header(b64=True))),
        "b64 false": ("critical_header", signed(header(b64=False))),
        "b64 null": ("critical_header", signed(header(b64=None))),
        "crit with b64 false, payload unencoded": ("critical_header", _unencoded()),
        "header with zip, enc and epk": (None, signed(header(zip="DEF", enc="A256GCM", epk=_jwk("stranger")))),
        "header with x5t of another certificate": (None, signed(header(x5t="AAAA", **{"x5t#S256": "AAAA"}))),
        "header with an empty key": (None, signed(header(**{"": 1}))),
        "header with __proto__": (None, signed(header(__proto__={"alg": "none"}))),
        "header with a name with a NUL": (None, signed(header(**{"alg\x00": "none"}))),
        "header x5c twice, another's last": ("header_not_json", signed(_twice("x5c", x5c((good_chain()[2],) * 3)))),
        "header alg twice, once escaped": ("header_not_json", signed((plain[:-1] + ', "\\u0061lg": "none"}').encode())),
        "header with an escaped alg": (None, signed(plain.replace('"alg"', '"\\u0061lg"').encode())),
        "header in UTF-16 without a mark": ("header_not_json", signed(plain.encode("utf-16-le"))),
        "header in UTF-32": ("header_not_json", signed(plain.encode("utf-32"))),
        "header in UTF-7": ("header_not_json", signed(plain.replace('"', "+ACI-").encode())),
        "header with an overlong quote": ("header_not_json", signed(plain.encode().replace(b'"alg"', b'\xc0\xa2alg"'))),
        "header with a NUL after it": ("header_not_json", signed(plain.encode() + b"\x00")),
        "header with a number of 30 digits": (
            "header_not_json",
            signed((plain[:-1] + ', "n": ' + "9" * 30 + "}").encode()),
        ),
        "header without quotes": ("header_not_json", signed(plain.replace('"alg"', "alg").encode())),
        "header is null": ("header_not_json", signed(b"null")),
        "header is a number": ("header_not_json", signed(b"1")),
        "header is an empty object": ("algorithm_unknown", signed(b"{}")),
        "header nested 500 deep": (None, signed((plain[:-1] + ', "n": ' + "[" * 500 + "]" * 500 + "}").encode())),
        "header with 3000 names": (None, signed(header(**{f"n{number}": number for number in range(3000)}))),
        "header key twice": ("header_not_json", signed((plain[:-1] + ', "alg": "ES256"}').encode())),
        "header alg twice, none first": ("header_not_json", signed(('{"alg": "none", ' + plain[1:]).encode())),
        "header inner key twice": ("header_not_json", signed((plain[:-1] + ', "jwk": {"a": 1, "a": 1}}').encode())),
        "header with NaN": ("header_not_json", signed((plain[:-1] + ', "n": NaN}').encode())),
        "header in UTF-16": ("header_not_json", signed(plain.encode("utf-16"))),
        "header after a byte order mark": ("header_not_json", signed(b"\xef\xbb\xbf" + plain.encode())),
        "header not UTF-8": ("header_not_json", signed((plain[:-1] + ', "n": "é"}').encode("latin-1"))),
        "header with half a surrogate pair": ("header_not_json", signed((plain[:-1] + ', "n": "\\ud800"}').encode())),
        "header is a list": ("header_not_json", signed(b"[" + plain.encode() + b"]")),
        "header is a string": ("header_not_json", signed(json.dumps(plain).encode())),
        "header with text after it": ("header_not_json", signed(plain.encode() + b"x")),
        "header with a comment": ("header_not_json", signed(plain.encode() + b"//")),
        "header with white space around": (None, signed(b" \n" + plain.encode() + b"\t")),
        "header nested deeply": ("header_not_json", signed(b'{"a":' + b"[" * 15_000)),
        "header empty": ("header_not_json", signed(b"")),
    }


def _algorithms() -> Verdicts:
    names: dict[str, object] = {
        "none": "none",
        "None": "None",
        "NONE": "NONE",
        "nOnE": "nOnE",
        "an empty string": "",
        "HS256": "HS256",
        "HS384": "HS384",
        "HS512": "HS512",
        "RS256": "RS256",
        "PS256": "PS256",
        "ES384": "ES384",
        "ES512": "ES512",
        "ES256K": "ES256K",
        "EdDSA": "EdDSA",
        "ESP256": "ESP256",
        "ECDSA": "ECDSA",
        "es256": "es256",
        "ES256 and a space": "ES256 ",
        "ES256 and a line break": "ES256\n",
        "ES256 and a NUL": "ES256\x00",
        "ES256 in full-width letters": "\uff25\uff33256",
        "ES256 or none": "ES256,none",
        "a list": ["ES256"],
        "a list of two": ["ES256", "none"],
        "an object": {"ES256": True},
        "null": None,
        "true": True,
        "a number": 256,
    }
    return {
        **{f"alg is {name}": ("algorithm_unknown", signed(header(alg=value))) for name, value in names.items()},
        **{
            f"alg is {name}, without a signature": ("algorithm_unknown", _unsigned(header(alg=name)))
            for name in ("none", "None", "NONE", "nOnE", "HS256")
        },
        "alg is ES256, without a signature": ("signature_invalid", _unsigned(header())),
        "alg missing": ("algorithm_unknown", signed({"x5c": x5c(good_chain())})),
        "ALG in capitals": ("algorithm_unknown", signed({"ALG": "ES256", "x5c": x5c(good_chain())})),
        "alg in an inner header": ("algorithm_unknown", signed({"header": header()})),
        "dir and A256GCM": ("token_not_three_parts", _encrypted()),
    }


def _shared_secrets() -> Verdicts:
    """HMACs with public bytes as keys: a verifier that lets the header choose the algorithm would accept one."""
    made: Verdicts = {}
    for name, secret in _public_things().items():
        made[f"HS256 keyed with {name}"] = ("algorithm_unknown", _hmac_signed(secret))
        # An HMAC of SHA-512 is as long as an ES256 signature.
        made[f"ES256 with an HMAC keyed with {name}"] = ("signature_invalid", _hmac_signed(secret, "ES256", "sha512"))
    made["HS384 keyed with the leaf"] = ("algorithm_unknown", _hmac_signed(good_chain()[0], "HS384", "sha384"))
    made["HS512 keyed with the leaf"] = ("algorithm_unknown", _hmac_signed(good_chain()[0], "HS512", "sha512"))
    return made


def _public_things() -> dict[str, bytes]:
    things: dict[str, bytes] = {}
    for name, certificate in zip(("the leaf", "the intermediate", "the root"), good_chain(), strict=True):
        public = x509.load_der_x509_certificate(certificate).public_key()
        pem = x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM)
        assert isinstance(public, ec.EllipticCurvePublicKey)
        numbers = public.public_numbers()
        things |= {
            f"{name}": certificate,
            f"{name} in PEM": pem,
            f"{name} in PEM without its last line break": pem.strip(),
            f"{name} as x5c spells it": base64.b64encode(certificate),
            f"{name}'s fingerprint": digest_of(certificate),
            f"{name}'s key": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            f"{name}'s key in PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            f"{name}'s point": public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
            f"{name}'s point, compressed": public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint),
            f"{name}'s x": numbers.x.to_bytes((public.key_size + 7) // 8),
        }
    return things | {
        "all of x5c": json.dumps(header()["x5c"]).encode(),
        "the leaf's JWK": json.dumps(_jwk("leaf")).encode(),
        "the app's id": str(APP_ID).encode(),
        "an empty key": b"",
        "a NUL": b"\x00",
        "32 zeros": bytes(32),
        "the word null": b"null",
        "the word secret": b"secret",
    }


def digest_of(raw: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(raw)
    return digest.finalize()


def _twice(name: str, value: object) -> bytes:
    """Return a good header that has `name` once more, with `value`."""
    return f"{json.dumps(header())[:-1]}, {json.dumps(name)}: {json.dumps(value)}}}".encode()


def _unencoded() -> str:
    """Return a token by RFC 7797, its payload as it is: a dot in it would be a fourth part, so there is none."""
    message = (
        f"{base64url(json.dumps(header(crit=['b64'], b64=False)).encode())}.{json.dumps(claims()).replace('.', '')}"
    )
    return f"{message}.{base64url(raw_signature(key('leaf'), message.encode()))}"


def _encrypted() -> str:
    """Return something of the shape of a JWE: five parts."""
    head = base64url(json.dumps(header(alg="dir", enc="A256GCM")).encode())
    return f"{head}..{base64url(bytes(12))}.{base64url(json.dumps(claims()).encode())}.{base64url(bytes(16))}"


def _jwk(name: str) -> dict[str, str]:
    numbers = key(name).public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": base64url(numbers.x.to_bytes(32)), "y": base64url(numbers.y.to_bytes(32))}


def _unsigned(head: Mapping[str, object]) -> str:
    return f"{base64url(json.dumps(head).encode())}.{base64url(json.dumps(claims()).encode())}."


def _hmac_signed(secret: bytes, algorithm: str = "HS256", digest: str = "sha256") -> str:
    message = _unsigned(header(alg=algorithm))[:-1]
    return f"{message}.{base64url(hmac.digest(secret, message.encode(), digest))}"


def _compact_forms() -> Verdicts:
    good = signed(body=_of_length(0))
    head, body, signature = good.split(".")
    good = signed(_spaced(json.dumps(header()).encode(), 0))  # so that its letters in capitals are base64url as well
    padded_head, padded_body, padded_signature = signed(body=_of_length(1)).split(".")
    last = signature[-1]
    loose = signature[:-1] + chr(ord(last) + 1)  # 64 bytes leave four spare bits: the letter after is another spelling
    parts, encoding = "token_not_three_parts", "token_encoding"
    return {
        "empty": (parts, ""),
        "one part": (parts, head),
        "two parts": (parts, f"{head}.{body}"),
        "four parts": (parts, f"{good}.{signature}"),
        "five parts": (parts, f"{good}.."),
        "a dot after it": (parts, f"{good}."),
        "only dots": ("header_not_json", ".."),
        "three parts of nothing but an A": (encoding, "A.A.A"),
        "payload detached": ("signature_invalid", f"{head}..{signature}"),
        "header detached": ("header_not_json", f".{body}.{signature}"),
        "header and payload exchanged": ("algorithm_unknown", f"{body}.{head}.{signature}"),
        "a token as the payload": ("payload_not_json", signed(body=good.encode())),
        "a token as the payload, as JSON": ("payload_not_json", signed(body=json.dumps(good).encode())),
        "originalTransactionId missing, a token next to its place": (
            "claim_missing",
            signed(body={"signedPayload": good}),
        ),
        "disclosures after it": (encoding, f"{good}~{base64url(b'[]')}~"),
        "twice, with a comma": ("token_not_three_parts", f"{good},{good}"),
        "twice, with a line break": ("token_not_three_parts", f"{good}\n{good}"),
        "in quotes": (encoding, f'"{good}"'),
        "percent-encoded": (parts, quote(good, safe="").replace(".", "%2E")),
        "dots of full width": (parts, good.replace(".", "\uff0e")),
        "in capitals": ("header_not_json", good.upper()),
        "in hexadecimal": ("header_not_json", ".".join(part.encode().hex() for part in good.split("."))),
        "in base64 twice over": ("header_not_json", ".".join(base64url(part.encode()) for part in good.split("."))),
        "spare bits of the header set": (encoding, _loosened(0)),
        "spare bits of the payload set": (encoding, _loosened(1)),
        "padded header": (encoding, _padded_header()),
        "header in standard base64": (encoding, _in_standard_base64(0)),
        "payload in standard base64": (encoding, _in_standard_base64(1)),
        "payload in lines": (encoding, f"{head}.{body[:76]}\r\n{body[76:]}.{signature}"),
        "space inside the signature": (encoding, f"{head}.{body}.{signature[:40]} {signature[40:]}"),
        "tab before a dot": (encoding, f"{head}\t.{body}.{signature}"),
        "NUL before it": (encoding, "\x00" + good),
        "NUL inside": (encoding, f"{head}.{body[:8]}\x00{body[8:]}.{signature}"),
        "byte order mark before it": (encoding, "\ufeff" + good),
        "zero-width space inside": (encoding, f"{head[:9]}\u200b{head[9:]}.{body}.{signature}"),
        "signature without its last character": (encoding, good[:-1]),
        "signature of equals signs": (encoding, f"{head}.{body}.===="),
        "white space before it": (encoding, " " + good),
        "white space after it": (encoding, good + " "),
        "line break after it": (encoding, good + "\n"),
        "line break inside": (encoding, f"{head[:100]}\n{head[100:]}.{body}.{signature}"),
        "NUL after it": (encoding, good + "\x00"),
        "padded payload": (encoding, f"{padded_head}.{padded_body}==.{padded_signature}"),
        "padded signature": (encoding, good + "=="),
        "standard base64 signature": (encoding, f"{head}.{body}.+{signature[1:]}"),
        "spare bits of the signature set": (encoding, f"{head}.{body}.{loose}"),
        "one character too many": (encoding, f"{head}.{body}A.{signature}"),
        "beyond ASCII": (encoding, f"{head}.{body}.é{signature[1:]}"),
        "half a surrogate pair": (encoding, f"{head}.{body}.\ud800{signature[1:]}"),
        "full-width letters": (encoding, "\uff45" + good[1:]),
        "bearer prefix": (encoding, "Bearer " + good),
        "JSON serialization": (parts, json.dumps({"payload": body, "protected": head, "signature": signature})),
        "general JSON serialization": (
            parts,
            json.dumps({"payload": body, "signatures": [{"protected": head, "signature": signature}]}),
        ),
        "60000 dots": (parts, "." * 60_000),
        "longer than 64 KiB": ("token_too_long", f"{head}.{base64url(b' ' * 50_000)}.{signature}"),
    }


def _loosened(part: int) -> str:
    """Return a token whose header or payload has spare bits that are set, signed over that spelling."""
    spelled = [base64url(_spaced(json.dumps(content).encode(), 1)) for content in (header(), claims())]
    spelled[part] = spelled[part][:-1] + chr(ord(spelled[part][-1]) + 1)
    return _signed_text(".".join(spelled))


def _padded_header() -> str:
    head, body = (base64url(_spaced(json.dumps(content).encode(), 1)) for content in (header(), claims()))
    return _signed_text(f"{head}==.{body}")


def _in_standard_base64(part: int) -> str:
    """Return a token with a + or a / in its header or its payload, signed over that spelling."""
    spelled = [json.dumps(header(n="???>>>"), indent=1).encode(), json.dumps(claims(n="???>>>"), indent=1).encode()]
    standard = [base64.b64encode(_spaced(content, 0)).decode() for content in spelled]
    assert "+" in standard[part] or "/" in standard[part]
    other = 1 - part
    standard[other] = base64url(_spaced(spelled[other], 0))
    return _signed_text(".".join(standard))


def _signed_text(message: str) -> str:
    return f"{message}.{base64url(raw_signature(key('leaf'), message.encode()))}"


def _spaced(content: bytes, remainder: int) -> bytes:
    """Return `content` and as many spaces as make that many bytes over a multiple of three."""
    return content + b" " * ((remainder - len(content)) % 3)


def _of_length(remainder: int) -> bytes:
    """Return a good payload of that many bytes over a multiple of three."""
    return _spaced(json.dumps(claims()).encode(), remainder)


def _signatures() -> Verdicts:
    good = signed()
    message, _, encoded = good.rpartition(".")
    raw = base64.urlsafe_b64decode(encoded + "==")
    r, s = raw[:32], raw[32:]
    distinguished_form = key("leaf").sign(message.encode(), ec.ECDSA(hashes.SHA256()))

    def changed(signature: bytes) -> str:
        return f"{message}.{base64url(signature)}"

    zero, one, order = bytes(32), b"\x01".rjust(32, b"\x00"), P256_ORDER.to_bytes(32)
    other_body = base64url(json.dumps(claims(productId="another")).encode())
    made = {
        "signature in DER": changed(distinguished_form),
        "signature missing": f"{message}.",
        "signature of 63 bytes": changed(raw[:63]),
        "signature of 65 bytes": changed(raw + b"\x00"),
        "signature of 66 bytes, r and s led by a zero": changed(b"\x00" + r + b"\x00" + s),
        "signature of 128 bytes": changed(raw + raw),
        "r plus the order, in 33 bytes": changed((int.from_bytes(r) + P256_ORDER).to_bytes(33) + s.rjust(33, b"\x00")),
        "r is zero": changed(zero + s),
        "s is zero": changed(r + zero),
        "r and s are zero": changed(zero + zero),
        "r is the order": changed(order + s),
        "s is the order": changed(r + order),
        "r and s are the order": changed(order + order),
        "r and s are one": changed(one + one),
        "r and s exchanged": changed(s + r),
        "r is one": changed(one + s),
        "s is one": changed(r + one),
        "r is the order less one": changed((P256_ORDER - 1).to_bytes(32) + s),
        "r is the order less r": changed((P256_ORDER - int.from_bytes(r)).to_bytes(32) + s),
        "r and s from their last byte to the first": changed(r[::-1] + s[::-1]),
        "r alone": changed(r),
        "r and s of 16 bytes": changed(r[16:] + s[16:]),
        "signature of 96 bytes, as of P-384": changed(r.rjust(48, b"\x00") + s.rjust(48, b"\x00")),
        "signature of another token of the same key": f"{message}.{signed(body=claims(note=1)).rpartition('.')[2]}",
        "signature of the good token, over other white space": f"{_respaced(message)}.{encoded}",
        "signature is the digest": changed(digest_of(message.encode())),
        "signature of 20 KiB": changed(bytes(20 * 1024)),
        "signature in hexadecimal": changed(raw.hex().encode()),
        "signature in PEM": changed(b"-----BEGIN SIGNATURE-----\n" + base64.b64encode(raw)),
        "signed by the leaf with SHA-384": _hashed_by(message, hashes.SHA384()),
        "signed by the leaf with SHA-1": _hashed_by(message, hashes.SHA1()),  # noqa: S303 - to be refused
        "every bit set": changed(b"\xff" * 64),
        "signed by another key": signed(signing_key=key("stranger")),
        "signed by the middle leaf": signed(signing_key=key("middle")),
        "payload exchanged": f"{message.split('.')[0]}.{other_body}.{encoded}",
        "signed without the dot": _signed_over(message.replace(".", "")),
        "signed over the payload alone": _signed_over(message.split(".")[1]),
        "digest signed twice over": _signed_over(message, twice=True),
    }
    return {
        **{name: ("signature_invalid", token) for name, token in made.items()},
        # (r, n - s) is a signature of the same bytes: ECDSA's own malleability, which RFC 7515 leaves as it is.
        "s is the order less s": (None, changed(r + (P256_ORDER - int.from_bytes(s)).to_bytes(32))),
    }


def _respaced(message: str) -> str:
    head, body = message.split(".")
    return f"{head}.{base64url(base64.urlsafe_b64decode(body + '=' * (-len(body) % 4)) + b' ')}"


def _hashed_by(message: str, kind: hashes.HashAlgorithm) -> str:
    r, s = decode_dss_signature(key("leaf").sign(message.encode(), ec.ECDSA(kind)))
    return f"{message}.{base64url(r.to_bytes(32) + s.to_bytes(32))}"


def _signed_over(message: str, *, twice: bool = False) -> str:
    signature = raw_signature(key("leaf"), digest_of(message.encode()) if twice else message.encode())
    head, body, _ = signed().split(".")
    return f"{head}.{body}.{base64url(signature)}"
