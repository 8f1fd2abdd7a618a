"""Words of 64 bits, as signed integers; the compiler has instructions for both."""

WORD = 0xFFFF_FFFF_FFFF_FFFF


def popcount(word):
    """How many bits are set."""
    return (int(word) & WORD).bit_count()


def lowest_bit(word):
    """Position of the lowest bit that is set; some bit must be."""
    number = int(word) & WORD
    return (number & -number).bit_length() - 1
