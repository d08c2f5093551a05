"""Chains, tokens and bodies that are each wrong in one way, as input for tests of the verifier and the endpoint.

A chain starts as three `Plan`s that would make a good one; a case changes one thing in one of them. A token starts as
`signed(...)` of a good chain, and a body has that token; a case changes one thing in it. All are verified at the time
`NOW`. It is also the `signedDate` of their payloads, so that Apple's library, which takes its time from there, verifies
at the same time.

    certificates, asn1, tokens            make good ones
    chains, forgeries, curveball,
    leaves, odd_*, x5c_entries            wrong certificates: `certificate_cases()`
    forms, payloads                       wrong tokens under good certificates: `token_cases()`
    bodies                                wrong bodies with good tokens, and requests for others: `body_cases()`
    notifications                         App Store Server Notifications, with the tokens nested in them
"""

from tests.minting.bodies import Body, body_cases
from tests.minting.certificates import (
    NOW,
    NOW_MS,
    P256_ORDER,
    SECOND,
    Plan,
    constraints,
    der,
    good_chain,
    intermediate_plan,
    key,
    leaf_plan,
    resigned,
    root_plan,
)
from tests.minting.chains import certificate_cases
from tests.minting.forms import token_cases
from tests.minting.payloads import FIELDS
from tests.minting.tokens import APP_ID, Case, base64url, claims, header, signed, token_of, x5c

__all__ = [
    "APP_ID",
    "FIELDS",
    "NOW",
    "NOW_MS",
    "P256_ORDER",
    "SECOND",
    "Body",
    "Case",
    "Plan",
    "base64url",
    "body_cases",
    "certificate_cases",
    "claims",
    "constraints",
    "der",
    "good_chain",
    "header",
    "intermediate_plan",
    "key",
    "leaf_plan",
    "resigned",
    "root_plan",
    "signed",
    "token_cases",
    "token_of",
    "x5c",
]
