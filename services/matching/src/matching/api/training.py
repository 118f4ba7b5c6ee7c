"""Who has done the mentors' training, over HTTP."""

from pydantic import BaseModel, ConfigDict

from chassis.http import Body, Router, Transaction
from contracts.words import Day
from matching.api.fields import EmployeeInPath, Manager, naming_the_field
from matching.handlers.training import note_training

router = Router(prefix="/employees/{employee_id}/training", tags=["employees"])


class TrainingBody(Body):
    """The day on which the training was done; null takes it back."""

    done_on: Day | None


class TrainingView(BaseModel):
    """Who has done the training, and when."""

    model_config = ConfigDict(frozen=True)

    employee_id: str
    done_on: Day | None


@router.put("")
async def put_training(
    tx: Transaction, caller: Manager, employee_id: EmployeeInPath, body: TrainingBody
) -> TrainingView:
    """Note that somebody has done the training, which programmes may ask of their mentors."""
    with naming_the_field():
        await note_training(tx, employee_id, body.done_on, caller.subject)
    return TrainingView(employee_id=employee_id, done_on=body.done_on)
