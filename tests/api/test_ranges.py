import pytest

from api.ranges import Unsatisfiable, parse_range


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None), ("", None), ("bytes=-", None), ("items=0-1", None), ("bytes=0-1,3-4", None),
        ("bytes=5-2", None), ("bytes=0-0", (0, 1)), ("bytes=2-", (2, 10)), ("bytes=2-99", (2, 10)),
        ("bytes=-3", (7, 10)), ("bytes=-99", (0, 10)), ("bytes=" + "9" * 40 + "-", None),
    ],
)  # fmt: skip
def test_one_range_is_understood_and_anything_else_means_the_whole(header, part):
    assert parse_range(header, 10) == part


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_a_range_beyond_the_end_cannot_be_satisfied(header):
    with pytest.raises(Unsatisfiable):
        parse_range(header, 10)
