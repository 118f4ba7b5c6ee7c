"""One step is one trace, across services, from the request to the SMTP send."""

from typing import Any

import pytest

from tests.journeys.story import Story

pytestmark = pytest.mark.timeout(300)


async def test_accepting_a_match_is_one_tree_from_the_request_to_the_mail_and_the_figure(story: Story) -> None:
    (mentee,), (mentor,) = await story.hired(1), await story.hired(1)
    programme = await story.programme()
    await story.enrol(programme, [mentee], [mentor])
    (pair,) = await story.matched(programme)
    path = f"/v1/matches/{pair.match_id}/accept"
    await story.call("POST", "matching", path, story.bearer(mentee))
    answer = await story.call("POST", "matching", path, story.bearer(mentor))
    trace_id = answer.headers["x-trace-id"]
    wanted = {
        ("matching", "POST /v1/matches/{match_id}/accept"),
        ("matching", "publish mentorship.matching.match.activated.v1"),
        ("sessions", "process mentorship.matching.match.activated.v1"),
        ("sessions", "publish mentorship.sessions.relationship.opened.v1"),
        ("notifications", "process mentorship.sessions.relationship.opened.v1"),
        ("analytics", "process mentorship.sessions.relationship.opened.v1"),
        ("analytics", "process mentorship.matching.match.activated.v1"),
    }
    spans: list[dict[str, Any]] = []

    async def missing() -> set[tuple[str, str]]:
        spans[:] = await story.trace(trace_id)
        sent = any(span["service"] == "notifications" and "smtp" in span["name"].lower() for span in spans)
        found = {(span["service"], span["name"]) for span in spans}
        return (wanted - found) | (set() if sent else {("notifications", "an SMTP send")})

    nothing: set[tuple[str, str]] = set()
    await story.until(missing, nothing)
    by_id = {span["span_id"]: span for span in spans}
    roots = [span for span in spans if span["parent_id"] not in by_id]
    assert [root["name"] for root in roots] == ["POST /v1/matches/{match_id}/accept"]
    opened = next(span for span in spans if span["name"] == "process mentorship.sessions.relationship.opened.v1")
    assert _ancestors(opened, by_id)[:3] == [
        "publish mentorship.sessions.relationship.opened.v1",
        "process mentorship.matching.match.activated.v1",
        "publish mentorship.matching.match.activated.v1",
    ]
    assert not any(span["failed"] for span in spans)


def _ancestors(span: dict[str, Any], by_id: dict[str, dict[str, Any]]) -> list[str]:
    names = []
    while span["parent_id"] in by_id:
        span = by_id[span["parent_id"]]
        names.append(span["name"])
    return names
