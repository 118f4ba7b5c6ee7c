"""Who may do what: members with their own, and nobody with anybody's words, whatever their roles."""

import re
from typing import Any

import pytest

from chassis.access import policies
from tests.sessions.here import Answer, Here

CANARY = "the words of a safe space"
OTHERS = ["programme-manager", "platform-admin", "publisher", "operator"]


class Scene:
    """Two people who have met, with words on a goal and a session, and all routes about them."""

    def __init__(self, here: Here) -> None:
        self.here = here

    async def play(self) -> "Scene":
        here = self.here
        self.relationship_id = await here.activate("anna", "ben")
        body: dict[str, Any] = {"code": "speaking", "words": CANARY}
        self.goal_id = (await here.done("ben", f"/relationships/{self.relationship_id}/goals", body))["goal_id"]
        self.session_id = await here.held(self.relationship_id, "anna")
        await here.done("ben", f"/sessions/{self.session_id}/feedback", {"usefulness": 5, "words": CANARY})
        return self

    def routes(self) -> list[tuple[str, str]]:
        """Method and path of every operation that needs a token, about this scene."""
        ids = {"relationship_id": self.relationship_id, "session_id": self.session_id, "goal_id": self.goal_id}
        return [
            (policy.method, re.sub(r"{(\w+)}", lambda name: str(ids[name[1]]), policy.path))
            for policy in policies(self.here.service.app)
            if policy.roles
        ]

    async def ask(self, method: str, path: str, headers: dict[str, str]) -> Answer:
        return await self.here.call(method, path, headers=headers, json=self._body(path) if method == "POST" else None)

    def _body(self, path: str) -> Any:
        action = path.rpartition("/")[2]
        bodies: dict[str, Any] = {
            "sessions": self.here.date(),
            "reschedule": self.here.date(),
            "goals": {"code": "x", "words": "x"},
            "progress": {"progress": 1},
            "feedback": {"usefulness": 1},
        }
        return bodies.get(action)


@pytest.fixture
async def scene(here: Here) -> Scene:
    return await Scene(here).play()


async def test_every_route_is_for_employees_alone(here: Here) -> None:
    guarded = [policy for policy in policies(here.service.app) if policy.roles]
    assert len(guarded) == 16
    assert {policy.roles for policy in guarded} == {frozenset({"employee"})}
    open_routes = {policy.path for policy in policies(here.service.app) if not policy.roles}
    assert not any(path.startswith("/v1") for path in open_routes)


async def test_without_a_token_nothing_is_served(scene: Scene) -> None:
    for method, path in scene.routes():
        assert (await scene.ask(method, path, {})).status_code == 401, path


@pytest.mark.parametrize("roles", [*((role,) for role in OTHERS), tuple(OTHERS)], ids=str)
@pytest.mark.parametrize("who", ["anna", "somebody"])
async def test_no_other_role_reads_or_changes_anything(scene: Scene, roles: tuple[str, ...], who: str) -> None:
    for method, path in scene.routes():
        answer = await scene.ask(method, path, scene.here.headers(who, *roles))
        assert answer.status_code == 403, path
        assert CANARY not in answer.text


@pytest.mark.parametrize("roles", [("employee",), ("employee", *OTHERS)], ids=str)
async def test_whoever_is_no_member_finds_nothing_whatever_their_roles(scene: Scene, roles: tuple[str, ...]) -> None:
    for method, path in scene.routes():
        answer = await scene.ask(method, path, scene.here.headers("stranger", *roles))
        if path.startswith("/v1/me/"):
            assert answer.json()["items"] == [], path
        else:
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path


async def test_a_leaver_is_shut_out_of_everything_though_the_token_is_valid(scene: Scene) -> None:
    await scene.here.depart("ben")
    for method, path in scene.routes():
        answer = await scene.ask(method, path, scene.here.headers("ben", "employee"))
        assert (answer.status_code, answer.json()["code"]) == (403, "departed"), path


async def test_former_members_still_read_what_is_theirs_and_change_nothing(scene: Scene) -> None:
    await scene.here.end(scene.relationship_id)
    for method, path in scene.routes():
        answer = await scene.ask(method, path, scene.here.headers("ben", "employee"))
        assert answer.status_code == (200 if method == "GET" else 409), path
    words = await scene.here.get("anna", f"/goals/{scene.goal_id}")
    assert words.json()["words"] == CANARY


async def test_both_members_read_the_words(scene: Scene) -> None:
    for who in ("anna", "ben"):
        for path in (f"/sessions/{scene.session_id}/feedback", f"/relationships/{scene.relationship_id}/goals"):
            assert CANARY in (await scene.here.get(who, path)).text


async def test_server_fields_in_a_body_are_refused(scene: Scene) -> None:
    fields = ["version", "status", "members", "organizer_id", "owner_id", "author_id", "calendar_sequence", "attended"]
    for method, path in scene.routes():
        if method != "POST" or path.endswith(("cancel", "achieve")):
            continue
        body = scene._body(path) or {}
        for field in fields:
            if path.endswith("hold") and field == "attended":
                continue
            answer = await scene.here.call(
                method, path, headers=scene.here.headers("ben", "employee"), json={**body, field: "x"}
            )
            assert answer.status_code == 422, (path, field)
