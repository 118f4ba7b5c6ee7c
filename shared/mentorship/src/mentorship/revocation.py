"""Tells a running nats-server that credentials are void; it drops their connections at once."""

import json

import nats
from nats.errors import Error as NatsError

from mentorship.credentials import Authority
from mentorship.problem import Problem


async def tell_server(url: str, authority: Authority) -> None:
    """Hand the server the account's statement of today.

    It holds until the server restarts; from then on its configuration counts, which has to be written anew too.
    """
    try:
        connection = await nats.connect(
            url, user_credentials=str(authority.mint_system()), connect_timeout=5, allow_reconnect=False
        )
    except (NatsError, OSError, TimeoutError):
        raise Problem(
            f"NATS at {url} does not let the system user in: the revocation holds from its next start."
        ) from None
    try:
        subject = f"$SYS.REQ.ACCOUNT.{authority.account_id}.CLAIMS.UPDATE"
        answer = await connection.request(subject, authority.account_jwt().encode(), timeout=5)
    finally:
        await connection.close()
    if "error" in (told := json.loads(answer.data)):
        raise Problem(f"NATS did not take the revocation: {told['error'].get('description', 'no reason given')}.")
