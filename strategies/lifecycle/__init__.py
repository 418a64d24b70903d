"""The only writer of any status.

Every transition is a compare-and-set in one transaction with everything that follows from it; locks are
taken tasks first (by step and id), then predictions, then the generation, so that transitions never deadlock;
events and messages leave after the commit. A worker's writes are fenced by the token of its lease.
"""

from ..outcome import Failure, Output
from .cancel import cancel_generation, cancel_prediction, cancel_task
from .claim import Claim, claim, claim_batch, is_in_the_way, renew, waits_for_others
from .finish import expire_leases, fail, give_way, release, release_all, succeed
from .reap import Reaped, reap
from .start import start, start_alone
from .upcoming import upcoming

__all__ = [
    "Claim", "Failure", "Output", "Reaped", "cancel_generation", "cancel_prediction", "cancel_task", "claim",
    "claim_batch", "expire_leases", "fail", "give_way", "is_in_the_way", "reap", "release", "release_all",
    "renew", "start", "start_alone", "succeed", "upcoming", "waits_for_others",
]  # fmt: skip
