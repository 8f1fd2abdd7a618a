"""Arithmetic modulo the prime 2^61 - 1, and what all compiled loops share.

A minor of integer rows that is smaller than the prime vanishes exactly if it does
modulo the prime. Where all minors are that small (`minor_bound`), every dependence is
decided exactly with no number larger than a word. Where they are not, a dependence
modulo the prime is only claimed: the loops write claims down, to be checked in integer
arithmetic, while independence is always proved.
"""

from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

from regions.compiled.jit import compiled, inlined

PRIME = (1 << 61) - 1
DONE, PAUSED, CLAIMS_FULL, OPEN, NO_ROOM = range(5)
EMPTY = -1
CORNER = -2
"""In place of the second hyperplane of a claim: one vanishes at a corner."""


def _product(typingctx: Any, a: Any, b: Any) -> Any:
    """`a * b` modulo the prime, for numbers below it."""
    del typingctx, a, b
    word = numba.types.uint64

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        wide, narrow = ir.IntType(128), ir.IntType(64)
        one, two = (builder.zext(v, wide) for v in arguments)
        whole = builder.mul(one, two)
        prime = ir.Constant(narrow, PRIME)
        low = builder.and_(builder.trunc(whole, narrow), prime)
        high = builder.trunc(builder.lshr(whole, ir.Constant(wide, 61)), narrow)
        total = builder.add(low, high)
        over = builder.icmp_unsigned(">=", total, prime)
        return builder.select(over, builder.sub(total, prime), total)

    return word(word, word), build


product: Any = intrinsic(_product)


@inlined
def difference(a: Any, b: Any) -> Any:
    """`a - b` modulo the prime."""
    if a >= b:
        return a - b
    return a + (np.uint64(PRIME) - b)


@compiled
def inverse(a: Any) -> Any:
    """`1 / a`, by Fermat's little theorem: a^(p - 2), whose exponent is 2^61 - 3."""
    # 2^61 - 3 has the binary digits 1...1 (59 ones) 01.
    power = a
    for _ in range(58):
        power = product(product(power, power), a)
    power = product(power, power)
    return product(product(power, power), a)


@inlined
def slot_of(word: Any, mask: Any) -> Any:
    """Where to begin to look for a word in a table of a power of two."""
    mixed = word * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((mixed ^ (mixed >> np.uint64(32))) & mask)


@inlined
def number_of_bits(word: Any) -> Any:
    """How many bits are set."""
    count = 0
    while word != 0:
        word &= word - np.uint64(1)
        count += 1
    return count


@compiled
def residue_at(form: np.ndarray, point: np.ndarray) -> Any:
    """Value of a form at homogeneous coordinates, modulo the prime."""
    total = np.uint64(0)
    for c in range(len(form)):
        if form[c] != 0 and point[c] != 0:
            total = difference(total, np.uint64(PRIME) - product(form[c], point[c]))
    return total
