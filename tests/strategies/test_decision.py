"""Accept, try again, or stop with the best: every case of the agentic decision."""

from datetime import UTC, datetime, timedelta

from strategies.generation_types.decision import SEED_STRIDE, Again, Limits, Stop, Tried, corrected, decide
from strategies.models.shot import Decision

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = Limits(max_attempts=6, min_confidence_score=0.9)


def history(*scores: float, missing: tuple[str, ...] = ("red star",)) -> list[Tried]:
    return [Tried(7, "a star", score, missing) for score in scores]


def test_the_first_that_is_good_enough_is_accepted():
    assert decide(history(0.9), LIMITS, NOW) == Stop(0, Decision.ACCEPTED)
    assert decide(history(0.3, 0.95), LIMITS, NOW) == Stop(1, Decision.ACCEPTED)


def test_other_seeds_come_first_and_no_two_are_alike():
    answers = [decide(history(*[0.5] * tries), LIMITS, NOW) for tries in (1, 2)]
    assert answers == [Again(7 + SEED_STRIDE, "a star"), Again(7 + 2 * SEED_STRIDE, "a star")]


def test_from_half_of_the_attempts_on_the_prompt_is_corrected_by_what_the_best_lacks():
    tried = [Tried(7, "a star", 0.6, ("red star",)), *history(0.5, 0.5, missing=("blue background",))]
    assert decide(tried, LIMITS, NOW) == Again(7 + 3 * SEED_STRIDE, "a star, red star")


def test_corrections_do_not_pile_up():
    tried = [*history(0.5, 0.5, 0.5), Tried(9, "a star, red star", 0.6, ("blue background",))]
    again = decide(tried, LIMITS, NOW)
    assert isinstance(again, Again) and again.prompt == "a star, blue background"


def test_a_correction_that_would_be_too_long_is_left_out():
    assert corrected("x" * 9_999, ["red star"]) == "x" * 9_999


def test_the_last_attempt_ends_with_the_best_not_the_last():
    assert decide(history(0.1, 0.8, 0.2, 0.3, 0.3, 0.2), LIMITS, NOW) == Stop(1, Decision.ATTEMPTS_USED)


def test_scores_that_fall_twice_in_a_row_end_it_early():
    assert decide(history(0.1, 0.8, 0.7, 0.6), LIMITS, NOW) == Stop(1, Decision.SCORES_FELL)
    assert isinstance(decide(history(0.8, 0.7, 0.7), LIMITS, NOW), Again)
    assert isinstance(decide(history(0.8, 0.7), LIMITS, NOW), Again)


def test_no_attempt_begins_after_the_deadline():
    limits = Limits(6, 0.9, deadline=NOW)
    assert decide(history(0.2, 0.4), limits, NOW) == Stop(1, Decision.DEADLINE_PASSED)
    assert isinstance(decide(history(0.2, 0.4), limits, NOW - timedelta(seconds=1)), Again)


def test_seeds_stay_within_what_a_column_holds():
    again = decide([Tried(2**63 - 1, "a star", 0.1)], LIMITS, NOW)
    assert isinstance(again, Again) and again.seed == SEED_STRIDE - 1


def test_of_equal_scores_the_first_is_the_best():
    assert decide(history(0.5, 0.5), Limits(2, 0.9), NOW) == Stop(0, Decision.ATTEMPTS_USED)
