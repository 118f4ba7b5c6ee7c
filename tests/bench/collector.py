"""An OTLP endpoint that takes everything and keeps nothing: `python -m tests.bench.collector`."""

import os

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def take(request: Request) -> Response:
    """Read the body and forget it."""
    await request.body()
    return Response(b"", media_type="application/x-protobuf")


application = Starlette(routes=[Route(path, take, methods=["POST"]) for path in ("/v1/traces", "/v1/metrics")])

if __name__ == "__main__":
    uvicorn.run(
        application, host="127.0.0.1", port=int(os.environ["MENTORSHIP_PORT"]), log_config=None, access_log=False
    )
