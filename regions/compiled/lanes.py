"""Eight numbers at a time in compiled loops: what the compiler leaves scalar.

It takes numbers one by one where it can not tell that arrays do not overlap, where a
loop has branches, or where it is too short for the tests that would tell. Operations on
lanes are those on their numbers, each rounded in the same way.
"""

import operator
from collections.abc import Callable
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, models, register_model

from regions.compiled import LANES


class LaneType(types.Type):
    """Eight numbers of one kind."""


class FloatLanes(LaneType):
    """Eight floats."""


class WordLanes(LaneType):
    """Eight words of 64 bits."""


class TruthLanes(LaneType):
    """Eight truth values."""


FLOATS, WORDS, TRUTHS = FloatLanes("floats"), WordLanes("words"), TruthLanes("truths")
_INT = ir.IntType(64)
_VECTORS = {
    FLOATS: ir.VectorType(ir.DoubleType(), LANES),
    WORDS: ir.VectorType(_INT, LANES),
    TRUTHS: ir.VectorType(ir.IntType(1), LANES),
}


def _register(kind: type[LaneType], vector: ir.VectorType) -> None:
    """Tell the compiler how lanes are held: in one register."""

    class Model(models.PrimitiveModel):
        """Lanes of one kind."""

        def __init__(self, manager: Any, lanes: Any):
            super().__init__(manager, lanes, vector)

    register_model(kind)(Model)


for _lanes, _vector in _VECTORS.items():
    _register(type(_lanes), _vector)


def _operator(
    name: Callable[..., Any], result: Any, operands: tuple[Any, ...], build: Any
) -> None:
    """Give one of Python's operators a meaning for lanes."""
    cases = {"cases": [signature(result, *operands)]}
    typed: Any = infer_global(name)
    typed(type("LaneOperator", (ConcreteTemplate,), cases))

    def lower(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        del context, sig
        return build(builder, *arguments)

    decorate: Any = lower_builtin(name, *operands)
    decorate(lower)


def _compare(sign: str) -> Callable[..., Any]:
    """A comparison that is false of NaN."""
    return lambda builder, a, b: builder.fcmp_ordered(sign, a, b)


def _abs(builder: Any, a: Any) -> Any:
    """Absolute values."""
    kind = ir.FunctionType(a.type, (a.type,))
    fabs = cgutils.get_or_insert_function(
        builder.module, kind, f"llvm.fabs.v{LANES}f64"
    )
    return builder.call(fabs, [a])


for _name, _build in (
    (operator.add, lambda builder, a, b: builder.fadd(a, b)),
    (operator.sub, lambda builder, a, b: builder.fsub(a, b)),
    (operator.mul, lambda builder, a, b: builder.fmul(a, b)),
):
    _operator(_name, FLOATS, (FLOATS, FLOATS), _build)
for _name, _sign in ((operator.gt, ">"), (operator.lt, "<"), (operator.le, "<=")):
    _operator(_name, TRUTHS, (FLOATS, FLOATS), _compare(_sign))
for _kind in (WORDS, TRUTHS):
    for _name, _build in (
        (operator.and_, lambda builder, a, b: builder.and_(a, b)),
        (operator.or_, lambda builder, a, b: builder.or_(a, b)),
    ):
        _operator(_name, _kind, (_kind, _kind), _build)
    _operator(operator.invert, _kind, (_kind,), lambda builder, a: builder.not_(a))
_operator(operator.neg, FLOATS, (FLOATS,), lambda builder, a: builder.fneg(a))
_operator(abs, FLOATS, (FLOATS,), _abs)


def _splat(builder: Any, value: Any) -> Any:
    """One number in all lanes."""
    vector = ir.VectorType(value.type, LANES)
    first = builder.insert_element(
        ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0)
    )
    places = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, first, places)


def _zeros(kind: LaneType) -> ir.Constant:
    """Lanes of zeros."""
    return ir.Constant(_VECTORS[kind], None)


def _pointer(
    context: Any, builder: Any, types_: Any, arguments: Any, entry: Any
) -> Any:
    """Address of the lanes that begin at an entry of an array."""
    kind, index = types_
    view = context.make_array(kind)(context, builder, arguments[0])
    places, kinds = [arguments[1]], [index]
    if isinstance(index, types.UniTuple | types.Tuple):
        places, kinds = cgutils.unpack_tuple(builder, arguments[1]), list(index.types)
    wide = [
        context.cast(builder, place, own, types.intp)
        for place, own in zip(places, kinds, strict=True)
    ]
    address = cgutils.get_item_pointer(context, builder, kind, view, wide)
    return builder.bitcast(address, ir.VectorType(entry, LANES).as_pointer())


def _entry(kind: Any) -> Any:
    """How an entry of an array is held in memory."""
    return (
        ir.DoubleType()
        if kind.dtype == types.float64
        else ir.IntType(kind.dtype.bitwidth)
    )


def _load(typingctx: Any, array: Any, index: Any) -> Any:
    """The lanes that begin at an entry; of an array of bytes, which are not zero."""
    del typingctx
    kind = {types.float64: FLOATS, types.uint8: TRUTHS}.get(array.dtype, WORDS)

    def build(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        entry = _entry(array)
        pointer = _pointer(context, builder, sig.args, arguments, entry)
        found = builder.load(pointer, align=entry.width // 8 if kind is TRUTHS else 8)
        if kind is TRUTHS:
            return builder.icmp_unsigned("!=", found, ir.Constant(found.type, None))
        return found

    return kind(array, index), build


def _store(typingctx: Any, array: Any, index: Any, lanes: Any) -> Any:
    """Write lanes from an entry on."""
    del typingctx

    def build(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        pointer = _pointer(context, builder, sig.args[:2], arguments, _entry(array))
        builder.store(arguments[2], pointer, align=8)
        return context.get_dummy_value()

    return types.void(array, index, lanes), build


def _spread(typingctx: Any, value: Any) -> Any:
    """One float in all lanes."""
    del typingctx

    def build(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        del context, sig
        return _splat(builder, arguments[0])

    return FLOATS(types.float64), build


def _words(typingctx: Any, truths: Any, word: Any) -> Any:
    """A word in the lanes where something is true, else 0."""
    del typingctx, truths, word

    def build(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        del context, sig
        truth, value = arguments
        return builder.select(truth, _splat(builder, value), _zeros(WORDS))

    return WORDS(TRUTHS, types.int64), build


def _choose(typingctx: Any, truths: Any, here: Any, there: Any) -> Any:
    """Floats of the first where something is true, else of the second."""
    del typingctx, truths, here, there

    def build(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        del context, sig
        return builder.select(*arguments)

    return FLOATS(TRUTHS, FLOATS, FLOATS), build


def _multiply_add(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """`a * b + c` with one rounding."""
    del typingctx, a, b, c

    def build(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        del context, sig
        lanes = arguments[0].type
        kind = ir.FunctionType(lanes, (lanes,) * 3)
        name = f"llvm.fma.v{LANES}f64"
        function = cgutils.get_or_insert_function(builder.module, kind, name)
        return builder.call(function, arguments)

    return FLOATS(FLOATS, FLOATS, FLOATS), build


def _not_negative(typingctx: Any, lanes: Any) -> Any:
    """Which words are not negative."""
    del typingctx, lanes

    def build(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        del context, sig
        return builder.icmp_signed(">=", arguments[0], _zeros(WORDS))

    return TRUTHS(WORDS), build


def _not_zero(typingctx: Any, lanes: Any) -> Any:
    """Which words are not zero."""
    del typingctx, lanes

    def build(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        del context, sig
        return builder.icmp_signed("!=", arguments[0], _zeros(WORDS))

    return TRUTHS(WORDS), build


def _up_to(typingctx: Any, number: Any) -> Any:
    """Which lanes are among the first so many."""
    del typingctx, number

    def build(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        del context, sig
        places = ir.Constant(_VECTORS[WORDS], list(range(LANES)))
        return builder.icmp_signed("<", places, _splat(builder, arguments[0]))

    return TRUTHS(types.int64), build


def _some(typingctx: Any, truths: Any) -> Any:
    """Whether any of eight is true."""
    del typingctx, truths

    def build(context: Any, builder: Any, sig: Any, arguments: Any) -> Any:
        del context, sig
        byte = builder.bitcast(arguments[0], ir.IntType(LANES))
        return builder.icmp_unsigned("!=", byte, ir.Constant(byte.type, 0))

    return numba.types.boolean(TRUTHS), build


load: Any = intrinsic(_load)
store: Any = intrinsic(_store)
spread: Any = intrinsic(_spread)
words: Any = intrinsic(_words)
choose: Any = intrinsic(_choose)
multiply_add: Any = intrinsic(_multiply_add)
not_negative: Any = intrinsic(_not_negative)
not_zero: Any = intrinsic(_not_zero)
up_to: Any = intrinsic(_up_to)
some: Any = intrinsic(_some)
