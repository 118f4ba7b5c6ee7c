"""Stands in for what the company brings elsewhere: identity provider, mail server, receiver of traces.

The supervisor runs it in its own process; `python -m mentorship.local.standin DIR` runs it alone, as containers do.
"""

import argparse
import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mentorship.local.issuer import ALGORITHM, Issuer
from mentorship.local.mailbox import Mailbox, listen
from mentorship.local.spans import Spans

_MOST = 1_000


class StandIn:
    """Serves JWKS, received mails and received spans over HTTP, and takes mails over SMTP."""

    def __init__(self, issuer: Issuer, mailbox: Mailbox, overview: "dict[str, Any] | None" = None) -> None:
        self.issuer = issuer
        self.mailbox = mailbox
        self.spans = Spans()
        self.overview = overview if overview is not None else {}
        self.app = Starlette(
            routes=[
                Route("/", self._overview),
                Route("/healthz", self._health),
                Route("/.well-known/jwks.json", self._jwks),
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/v1/traces", self._receive, methods=["POST"]),
                Route("/traces", self._traces),
                Route("/traces/{trace_id}", self._trace),
                Route("/mail", self._mail),
            ]
        )

    @asynccontextmanager
    async def serving(self, host: str, port: int, smtp_port: int) -> AsyncIterator[None]:
        """Serve on both ports until the end of the block; OSError where one is taken."""
        # Bound here: uvicorn would end the process where it cannot have the port.
        with socket.create_server((host, port)) as listening:
            smtp = await listen(self.mailbox, host, smtp_port)
            server = _Server(uvicorn.Config(self.app, log_level="warning", access_log=False, lifespan="off"))
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            try:
                await server.up.wait()
                yield
            finally:
                server.should_exit = True
                await asyncio.gather(serving, return_exceptions=True)
                smtp.close()

    async def _overview(self, _: Request) -> Response:
        return JSONResponse({**self.overview, "mails": len(self.mailbox), "spans": len(self.spans)})

    async def _health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _jwks(self, _: Request) -> Response:
        return JSONResponse(self.issuer.jwks, headers={"Cache-Control": "max-age=300"})

    async def _discovery(self, _: Request) -> Response:
        url = self.issuer.url
        algorithms = {"id_token_signing_alg_values_supported": [ALGORITHM]}
        return JSONResponse({"issuer": url, "jwks_uri": f"{url}/.well-known/jwks.json", **algorithms})

    async def _receive(self, request: Request) -> Response:
        try:
            self.spans.receive(await request.body(), request.headers.get("content-encoding", ""))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return Response(b"", media_type="application/x-protobuf")

    async def _traces(self, request: Request) -> Response:
        return JSONResponse(self.spans.traces(_limit(request)))

    async def _trace(self, request: Request) -> Response:
        return JSONResponse(self.spans.trace(request.path_params["trace_id"]))

    async def _mail(self, request: Request) -> Response:
        return JSONResponse(self.mailbox.newest(_limit(request), request.query_params.get("to", "")))


class _Server(uvicorn.Server):
    """Uvicorn that says when it is up and leaves signals to the process it runs in."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _limit(request: Request) -> int:
    given = request.query_params.get("limit", "50")
    return min(int(given), _MOST) if given.isdigit() else 50


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="holds the issuer's key and the mails")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--smtp-port", type=int, default=1025)
    parser.add_argument("--issuer", default="", help="the issuer's URL in tokens, if it is not that of the port")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    issuer = Issuer(given.folder, given.issuer or f"http://127.0.0.1:{given.port}")
    standin = StandIn(issuer, Mailbox(given.folder / "mail.jsonl"))

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        async with standin.serving(given.host, given.port, given.smtp_port):
            await stop.wait()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
