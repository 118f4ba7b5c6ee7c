"""The probe that a container runs."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from chassis import probe


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/readyz" else 503)
            self.end_headers()
            self.wfile.write(b"stuck")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    monkeypatch.setenv("MENTORSHIP_PORT", str(server.server_port))
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("port")
def test_it_exits_as_the_service_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert probe.main([]) == 0
    assert probe.main(["livez"]) == 1
    assert "/livez: 503 stuck" in capsys.readouterr().err


def test_nobody_there_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MENTORSHIP_PORT", "1")
    assert probe.main(["/readyz"]) == 1
