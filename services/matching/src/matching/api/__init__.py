"""Matching over HTTP, under `/v1`."""

from matching.api import (
    arms,
    employees,
    explanations,
    exports,
    matches,
    offering,
    pairs,
    participants,
    programmes,
    reviews,
    rules,
    runs,
    training,
)

ROUTERS = (
    employees.router,
    training.router,
    rules.router,
    programmes.router,
    participants.router,
    pairs.router,
    arms.router,
    runs.router,
    reviews.router,
    explanations.router,
    exports.router,
    matches.router,
    offering.router,
)
