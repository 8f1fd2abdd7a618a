"""Many features in few dimensions: what linear, curved and thresholded storage cost.

Features share a space of fewer dimensions. Measured: how the effect of one depends on
what else is on, the error of what is read, what optimal linear and trained read-outs
make of sparse features, which read-out is best for which feature under noise, and
whether trained classifiers are linear maps at all.

Source: Hoagy, comment on beren's "Deep learning models might be secretly (almost)
linear", 2023, and the replies.
"""

from experiments.feature_storage.figure import draw
from experiments.feature_storage.study import ABOUT, PRESETS, conduct, read
from experiments.running.studies import Study

STUDY = Study(
    name="feature_storage",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
