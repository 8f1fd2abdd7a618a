"""What the trials and the questions say."""

from collections.abc import Mapping, Sequence

import numpy as np

from experiments.referee.cases import KINDS
from experiments.referee.questions import Asked
from experiments.referee.verifiers import VERIFIERS
from experiments.running.claims import Claim, claim_exact

OURS = "this project"
REPORTS = "Jia & Rinard 2021; Zombori et al. 2021"


def referee_claims(
    trials: Mapping[str, Mapping[str, np.ndarray]], asked: Sequence[Asked]
) -> list[Claim]:
    """Verdicts of each verifier, certificates, and what was settled."""
    claims = []
    for k, name in enumerate(VERIFIERS):
        wrong = sum(
            int((t["said"][..., k] != t["right"]).sum()) for t in trials.values()
        )
        total = sum(t["right"].size for t in trials.values())
        claims.append(
            claim_exact(
                f"A verifier in floating point can err: {name}",
                REPORTS,
                f"wrong verdicts of {total}",
                wrong,
                holds=wrong > 0,
            )
        )
    scaled = trials.get(KINDS[2])
    if scaled is not None:
        wrong = scaled["said"][..., 0] != scaled["right"]
        # The outermost margins are the first and the last.
        claims.append(
            claim_exact(
                "Scaled units make a program err far above its tolerance",
                REPORTS,
                "wrong optima at the widest margin",
                int(wrong[:, [0, -1]].sum()),
                holds=bool(wrong[:, [0, -1]].any()),
            )
        )
    failed = sum(int((~t["verified"]).sum()) for t in trials.values())
    failed += sum(not row.verified for row in asked)
    claims.append(
        claim_exact(
            "Every exact answer has a certificate that is verified",
            OURS,
            "certificates that failed",
            failed,
            holds=failed == 0,
        )
    )
    for kind in ("largest score", "one advisory", "radius"):
        rows = [row for row in asked if row.question.startswith(kind)]
        left = sum(not row.proved for row in rows)
        claims.append(
            claim_exact(
                f"Questions of the size of ACAS Xu are settled in time: {kind}",
                OURS,
                f"of {len(rows)}, those left open",
                left,
                holds=left == 0,
            )
        )
    return claims
