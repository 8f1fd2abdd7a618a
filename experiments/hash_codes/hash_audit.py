"""Whether different activation patterns share a hash, and how often short ones do."""

import numpy as np
from jaxtyping import Int64, UInt8, UInt64

import regions
from regions.patterns.kernel import hash_patterns, random_hash_words, unpack_bits

HASH_BITS = 64
WORD_BITS = 32


def pattern_hashes(
    patterns: UInt8[np.ndarray, "patterns _"], bits: int, seed: int = 0
) -> UInt64[np.ndarray, " patterns"]:
    """The 64-bit hash of each packed pattern, as `regions.hash_grid` takes it.

    Args:
        patterns: As `RegionSet.patterns` has them.
        bits: Length of a pattern.
        seed: Seed of the multipliers.
    """
    unpacked = unpack_bits(patterns, bits)
    padded = np.zeros((len(unpacked), -(-bits // WORD_BITS) * WORD_BITS), bool)
    padded[:, :bits] = unpacked
    packed = np.packbits(padded, axis=1, bitorder="little")
    words = np.ascontiguousarray(packed).view("<u4").astype(np.uint32)
    lanes = hash_patterns(words, random_hash_words(bits, seed)).astype(np.uint64)
    return (lanes[:, 0] << np.uint64(WORD_BITS)) | lanes[:, 1]


def colliding_pairs(hashes: UInt64[np.ndarray, " patterns"], length: int) -> int:
    """Pairs of patterns that agree in the first bits of their hashes.

    Args:
        hashes: Hash values of different patterns.
        length: Number of bits that are kept, the highest; 1 to 64.
    """
    kept = hashes >> np.uint64(HASH_BITS - length)
    counts = np.unique(kept, return_counts=True)[1].astype(np.int64)
    return int((counts * (counts - 1) // 2).sum())


def expected_pairs(patterns: int, length: int) -> float:
    """Pairs that agree if the hashes were random: `C(n, 2) / 2^length`."""
    return patterns * (patterns - 1) / 2.0 / 2.0**length


def distinct_patterns(
    grid: regions.GridCount,
) -> tuple[UInt8[np.ndarray, "patterns _"], int]:
    """Patterns of a grid by their packed bits, and how many labels repeat one.

    A label that repeats one would be a collision believed.
    """
    distinct = np.unique(grid.patterns, axis=0)
    return distinct, len(grid.patterns) - len(distinct)


def shared_maps(functions: Int64[np.ndarray, " codes"]) -> int:
    """Codes whose affine map is that of another code, too."""
    counts = np.bincount(functions)
    return int(counts[counts > 1].sum())
