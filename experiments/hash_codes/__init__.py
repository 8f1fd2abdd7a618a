"""A data set as a hash table: codes, buckets, and one affine map for each code.

The activation pattern of a point is its code; all points of a code share one affine
map. Printed and saved as a table like the post's; the maps are held against the
network, the codes of a dense grid against their 64-bit hashes, and codes that share one
map are counted exactly.
"""

from experiments.hash_codes.figure import draw
from experiments.hash_codes.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="hash_codes",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
