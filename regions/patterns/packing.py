"""Bits in bytes and words, one order everywhere: the first bit is the lowest.

Bit i of a row is bit `i % 8` of byte `i // 8`, in memory and in every file, and bit
`i % 32` of word `i // 32` in arithmetic. In little-endian order the bytes of the words
are the bytes of the row, so the two forms are one.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float64, Int, UInt8, UInt32

WORD_BITS = 32


def pack_bits(
    bits: Bool[np.ndarray, "patterns bits"],
) -> UInt8[np.ndarray, "patterns bytes"]:
    """Patterns as bytes, eight bits each, the first bit lowest.

    Example:
        >>> pack_bits(np.array([[True, False, True]]))
        array([[5]], dtype=uint8)
    """
    return np.packbits(bits, axis=1, bitorder="little")


def unpack_bits(
    packed: UInt8[np.ndarray, "patterns bytes"], bits: int
) -> Bool[np.ndarray, "patterns bits"]:
    """Inverse of `pack_bits`, for patterns of `bits` bits.

    Raises:
        ValueError: If `packed` does not have the bytes that `bits` bits take.

    Example:
        >>> unpack_bits(np.array([[5]], np.uint8), 3)
        array([[ True, False,  True]])
    """
    if packed.shape[1] != num_bytes(bits):
        raise ValueError(
            f"`packed` has {packed.shape[1]} bytes per pattern and {bits} bits take "
            f"{num_bytes(bits)}: pass the number of bits of the packed patterns."
        )
    return np.unpackbits(packed, axis=1, count=bits, bitorder="little").view(bool)


def num_bytes(bits: int) -> int:
    """Bytes per pattern of `bits` bits."""
    return -(-bits // 8)


def num_words(bits: int) -> int:
    """uint32 words per pattern of `bits` bits."""
    return -(-bits // WORD_BITS)


def sign_words(
    pre: Float64[np.ndarray, "rows units"],
) -> UInt32[np.ndarray, "rows words"]:
    """Signs of pre-activations as words, 1 where positive: a tie counts as off."""
    packed = np.zeros((len(pre), 4 * num_words(pre.shape[1])), np.uint8)
    bits = np.packbits(pre > 0.0, axis=1, bitorder="little")
    packed[:, : bits.shape[1]] = bits
    return packed.view("<u4")


def unpack_words(
    words: UInt32[np.ndarray, "rows words"],
) -> UInt8[np.ndarray, "rows bits"]:
    """All bits of words, 32 each, as 0 and 1."""
    return np.unpackbits(word_bytes(words), axis=1, bitorder="little")


def word_bytes(
    words: UInt32[np.ndarray, "rows words"],
) -> UInt8[np.ndarray, "rows bytes"]:
    """The four bytes of each word, the lowest first."""
    little = np.ascontiguousarray(words, dtype="<u4")
    return little.view(np.uint8).reshape(len(words), words.shape[1] * 4)


def words_to_bytes(
    words: UInt32[np.ndarray, "patterns words"], bits: int
) -> UInt8[np.ndarray, "patterns bytes"]:
    """Words as the bytes of `pack_bits`."""
    return np.ascontiguousarray(word_bytes(words)[:, : num_bytes(bits)])


def bytes_to_words(
    packed: UInt8[np.ndarray, "patterns bytes"], bits: int
) -> UInt32[np.ndarray, "patterns words"]:
    """What `words_to_bytes` took.

    Example:
        >>> bytes_to_words(np.array([[3, 1]], np.uint8), 9)
        array([[259]], dtype=uint32)
    """
    padded = np.zeros((len(packed), 4 * num_words(bits)), np.uint8)
    padded[:, : packed.shape[1]] = packed
    return padded.view("<u4")


def unpack_layers(
    words: UInt32[np.ndarray, "rows words"], widths: Sequence[int]
) -> Bool[np.ndarray, "rows units"]:
    """Sign words of layers side by side, each from a new word on, as one bool a unit.

    Example:
        >>> words = np.array([[5, 1]], np.uint32)
        >>> unpack_layers(words, [3, 1])
        array([[ True, False,  True,  True]])
    """
    bits, first = [np.zeros((len(words), 0), bool)], 0
    for width in widths:
        last = first + num_words(width)
        flat = unpack_words(words[:, first:last])
        bits.append(flat[:, :width].astype(bool))
        first = last
    return np.concatenate(bits, axis=1)


def places_of(
    found: UInt8[np.ndarray, "regions bytes"], wanted: UInt8[np.ndarray, "some bytes"]
) -> Int[np.ndarray, " some"]:
    """Where each wanted pattern is among those that were found, each once.

    Raises:
        ValueError: If they are not the same patterns.

    Example:
        >>> found = np.array([[5], [3], [4]], np.uint8)
        >>> places_of(found, found[[2, 0, 1]])
        array([2, 0, 1])
    """
    if found.shape == wanted.shape:
        mine, theirs = (np.lexsort(p.T) if p.size else None for p in (wanted, found))
        if mine is None or theirs is None:
            return np.arange(len(wanted))
        if (wanted[mine] == found[theirs]).all():
            places = np.empty(len(mine), np.int64)
            places[mine] = theirs
            return places
    raise ValueError(
        f"the network has {len(found)} regions on the domain, and this set is not "
        f"these: it holds {len(wanted)}. It is wrong or was changed: see "
        "`regions.verify`."
    )
