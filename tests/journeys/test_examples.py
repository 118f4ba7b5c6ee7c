"""The examples that other teams copy work as they stand."""

import importlib.util
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import pytest

from tests.journeys.story import Story

pytestmark = pytest.mark.timeout(300)

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def _example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_an_employee_published_from_python_can_take_part(story: Story) -> None:
    person = f"E-{uuid4().hex[:10]}"
    credentials = str(story.platform.credentials("hr"))
    assert await _example("publish").publish(story.platform.nats_url, credentials, "hr", person) > 0
    programme = await story.programme()
    await story.enrol(programme, [person], [])


async def test_an_employee_handed_in_over_http_can_take_part(story: Story) -> None:
    person = f"E-{uuid4().hex[:10]}"
    token = story.bearer("hr", "publisher")["Authorization"].removeprefix("Bearer ")
    request = _example("publish_http").request(token, "hr", person)
    url = f"{story.platform.service_url('matching')}/v1/employees/events"
    first = await story.http.post(url, **request)
    assert first.status_code == 202, first.text
    again = await story.http.post(url, **request)
    assert (again.status_code, again.content) == (202, first.content)
    programme = await story.programme()
    await story.enrol(programme, [person], [])
