"""Sixty-four comparisons at a time, as the bits of one number: a loop then looks only at what is wanted.

Numba writes such a loop with a branch or a store for each number; LLVM has an instruction for all of them.
"""

# ruff: noqa: ARG001 - Numba reads the parameters' names and types; what is generated takes them from a list.

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

_compiled: Any = intrinsic  # Numba types it by what it is given, not by how it is called.

LANES = 64
"""Numbers compared at a time."""


@_compiled
def worthy(typing, line, price, at, above, floor):
    """Which of the columns at..at+64 are worth more than `above` and score `floor` at least."""

    def generate(context, builder, signature, arguments):
        score = _loaded(context, builder, signature.args[0], arguments[0], arguments[2])
        cost = _loaded(context, builder, signature.args[1], arguments[1], arguments[2])
        worth = builder.sub(builder.sext(score, cost.type), cost)
        wanted = builder.icmp_signed(">", worth, _everywhere(builder, arguments[3]))
        allowed = builder.icmp_signed(">=", score, _everywhere(builder, arguments[4]))
        return builder.bitcast(builder.and_(wanted, allowed), ir.IntType(LANES))

    return types.uint64(line, price, types.uint64, price.dtype, line.dtype), generate


@_compiled
def rising(typing, heights, shifts, at, above, lowest):
    """Which of the heights at..at+64 are above `lowest` and, with their shifts, above `above`."""

    def generate(context, builder, signature, arguments):
        height = _loaded(context, builder, signature.args[0], arguments[0], arguments[2])
        shift = _loaded(context, builder, signature.args[1], arguments[1], arguments[2])
        high = builder.icmp_signed(">", builder.add(height, shift), _everywhere(builder, arguments[3]))
        there = builder.icmp_signed(">", height, _everywhere(builder, arguments[4]))
        return builder.bitcast(builder.and_(high, there), ir.IntType(LANES))

    return types.uint64(heights, shifts, types.uint64, heights.dtype, heights.dtype), generate


@_compiled
def lowest_bit(typing, bits):
    """The place of the lowest bit that is set; there has to be one."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


def _loaded(context, builder, kind, array, at):
    """Sixty-four numbers of a contiguous array."""
    first = builder.gep(context.make_array(kind)(context, builder, array).data, [at])
    together = ir.VectorType(context.get_data_type(kind.dtype), LANES)
    return builder.load(builder.bitcast(first, together.as_pointer()), align=kind.dtype.bitwidth // 8)


def _everywhere(builder, number):
    """The same number sixty-four times."""
    zero = ir.Constant(ir.IntType(32), 0)
    one = builder.insert_element(ir.Constant(ir.VectorType(number.type, LANES), ir.Undefined), number, zero)
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))
