"""Reads what to verify as JSON and answers one outcome a token. The verifier is the one of docs/verify-anywhere.md."""

import json
import sys
import time

from accesstoken import InvalidToken, KeysUnavailable, Verifier, fetch_keys

task = json.load(sys.stdin)
now = task.get("now")
verifier = Verifier(
    issuer=task["issuer"],
    audience=task["audience"],
    load_keys=(lambda: task["jwks"]) if "jwks" in task else (lambda: fetch_keys(task["jwksUri"])),
    clock=time.time if now is None else (lambda: now),
)


def outcome(token):
    try:
        return {"claims": verifier.verify(token)}
    except InvalidToken:
        return {"failure": "invalid"}
    except KeysUnavailable:
        return {"failure": "unavailable"}


json.dump([outcome(token) for token in task["tokens"]], sys.stdout)
