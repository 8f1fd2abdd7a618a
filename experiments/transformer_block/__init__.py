"""A transformer block: the regions of its feed-forward layer that tokens meet.

Small pre-norm blocks learn sums modulo a number. Tokens are hashed by the activation
pattern of the feed-forward layer; the intrinsic dimension of what attention gives is
set beside the number of patterns; and the layer's regions on a plane through three
tokens are enumerated exactly.

Source: S. Shekkizhar, MLPs as hashing functions, 2024 (an outlook on attention and
feed-forward layers); R. Cosentino, S. Shekkizhar, Reasoning in large language models: a
geometric perspective, 2024.
"""

from experiments.running.studies import Study
from experiments.transformer_block.figure import draw
from experiments.transformer_block.study import ABOUT, PRESETS, conduct, read

STUDY = Study(
    name="transformer_block",
    about=ABOUT,
    presets=PRESETS,
    conduct=conduct,
    read=read,
    draw=draw,
)
NAME, run, load = STUDY.name, STUDY.run, STUDY.load
